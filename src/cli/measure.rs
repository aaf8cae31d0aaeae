//! `measure`: the tools that are iperftester itself. An agent starts them as it starts any other tool.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::args::Measure;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::domain::measurement::{Measurement, PathMtuFound};
use crate::domain::test::Family;
use crate::process;
use crate::tool::connect::times;
use crate::tool::path_mtu::{Search, echo, outcome};

/// ping starts and ends within this, beyond its wait.
const PING_ENDS_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn perform(context: &Context<'_>, what: &Measure) -> Result<Exit, Failure> {
    match *what {
        Measure::PathMtu { address, timeout, largest } => {
            let found = path_mtu(address, timeout, largest).await?;
            context.output.json(&Measurement::PathMtu(found));
        }
        Measure::Connect { address, port, count, interval, timeout } => {
            let (connects, faults) = connect(SocketAddr::new(address, port), count, interval, timeout);
            context.output.json(&Measurement::Connect(times(connects, faults)));
        }
        Measure::Listen { port, count, limit } => {
            listen(port, count, limit).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?;
        }
    }
    Ok(Exit::Ok)
}

async fn path_mtu(address: IpAddr, timeout: Duration, largest: Option<u32>) -> Result<PathMtuFound, Failure> {
    let mut search = Search::new(Family::of(address), largest);
    while let Some(size) = search.next_size() {
        let argv = echo(address, size, timeout);
        let finished = process::run(&argv, b"", timeout + PING_ENDS_WITHIN).await;
        let finished = finished.map_err(|fault| Failure::of(Exit::Unavailable, &fault))?;
        search.told(size, outcome(&finished.stdout, &finished.stderr).map_err(Failure::unavailable)?);
    }
    Ok(search.found())
}

/// Opens connections one after the other: the time from the first SYN until each was open, in seconds, and what the others
/// met. Nothing else runs in this process, so that waiting for the kernel is all it does.
fn connect(to: SocketAddr, count: u32, interval: Duration, timeout: Duration) -> (Vec<f64>, Vec<String>) {
    let (mut connects, mut faults) = (Vec::new(), Vec::new());
    let start = Instant::now();
    for number in 0..count {
        // Counted from the start, or the times would drift by what each connection took.
        let due = interval.saturating_mul(number);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        let began = Instant::now();
        match TcpStream::connect_timeout(&to, timeout) {
            Ok(_) => connects.push(began.elapsed().as_secs_f64()),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    (connects, faults)
}

/// Takes `count` connections of any address, or as many as come within `limit`.
fn listen(port: u16, count: u32, limit: Duration) -> std::io::Result<()> {
    let listener = crate::agent::bind(port)?;
    let (sender, taken) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for accepted in listener.incoming() {
            // A client that gave up before it was taken is none.
            let counts = accepted.as_ref().map_or_else(|fault| fault.kind() != ErrorKind::ConnectionAborted, |_| true);
            if counts && sender.send(()).is_err() {
                return;
            }
        }
    });
    let end = Instant::now() + limit;
    for _ in 0..count {
        if taken.recv_timeout(end.saturating_duration_since(Instant::now())).is_err() {
            break;
        }
    }
    Ok(())
}
