//! Samples this probe while a tool runs: cheap reads of `/proc` often, `ss -ti` once a second, `tc -s` before and after.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior, interval_at};

use self::read::{Cores, ThreadTimes};
use crate::domain::counters::{EndCounters, InterfaceGrowth, TcpLimits, UdpGrowth};
use crate::domain::test::{Protocol, Test};

mod read;

/// Time between two samples of `/proc`.
const PERIOD: Duration = Duration::from_millis(100);
/// Samples between two calls of `ss`, which costs a process.
const SOCKETS_EVERY: u32 = 10;
/// Samples between two live rates.
const LIVE_EVERY: u32 = 5;

/// The rates at this probe's interfaces since the last live sample.
pub(super) struct Rates {
    pub(super) elapsed_seconds: f64,
    pub(super) received_bits_per_second: f64,
    pub(super) sent_bits_per_second: f64,
}

/// Gathers samples of one run.
pub(super) struct Sampler {
    pid: Option<u32>,
    ticks: Interval,
    samples: u32,
    loads: bool,
    sockets: bool,
    began: Instant,
    first: Counters,
    live: (Instant, (u64, u64)),
    threads: BTreeMap<u32, (ThreadTimes, ThreadTimes)>,
    threads_seen: Instant,
    tcp: BTreeMap<String, TcpLimits>,
}

struct Counters {
    cores: Vec<Cores>,
    interfaces: BTreeMap<String, InterfaceGrowth>,
    udp: UdpGrowth,
}

impl Counters {
    fn now() -> Self {
        let text = |path| fs_err::read_to_string(path).unwrap_or_default();
        Self {
            cores: read::cores(&text("/proc/stat")),
            interfaces: read::interfaces(&text("/proc/self/net/dev")),
            udp: read::udp(&text("/proc/self/net/snmp")),
        }
    }

    /// The same, and what queues dropped, where the test `loads` them.
    async fn with_queues(loads: bool) -> Self {
        let dropped = if loads { read::queues().await } else { BTreeMap::new() };
        let mut now = Self::now();
        for (name, interface) in &mut now.interfaces {
            interface.queue_dropped = dropped.get(name).copied();
        }
        now
    }

    fn bytes(&self) -> (u64, u64) {
        let all = self.interfaces.values();
        all.fold((0, 0), |(rx, tx), interface| (rx + interface.rx_bytes, tx + interface.tx_bytes))
    }
}

impl Sampler {
    pub(super) async fn new(pid: Option<u32>, test: &Test) -> Self {
        let loads = test.protocol().is_some();
        let first = Counters::with_queues(loads).await;
        let now = Instant::now();
        let mut ticks = interval_at((now + PERIOD).into(), PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let live = (now, first.bytes());
        let sockets = test.protocol() == Some(Protocol::Tcp);
        let threads = pid.map(read::threads).unwrap_or_default().into_iter().map(|(id, t)| (id, (t, t))).collect();
        Self {
            pid,
            ticks,
            samples: 1,
            loads,
            sockets,
            began: now,
            first,
            live,
            threads,
            threads_seen: now,
            tcp: BTreeMap::new(),
        }
    }

    /// Waits until the next sample is due.
    pub(super) async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    /// Takes a sample; the live rates where they are due.
    pub(super) async fn sample(&mut self) -> Option<Rates> {
        self.samples += 1;
        if let Some(pid) = self.pid {
            let seen = read::threads(pid);
            if !seen.is_empty() {
                self.threads_seen = Instant::now();
            }
            for (id, times) in seen {
                self.threads.entry(id).or_insert((ThreadTimes::default(), times)).1 = times;
            }
            if self.sockets && self.samples.is_multiple_of(SOCKETS_EVERY) {
                for socket in read::sockets(pid).await {
                    self.tcp.insert(format!("{} {}", socket.local, socket.peer), socket);
                }
            }
        }
        if !self.samples.is_multiple_of(LIVE_EVERY) {
            return None;
        }
        let now = Instant::now();
        let bytes = Counters::now().bytes();
        let (before, (rx, tx)) = std::mem::replace(&mut self.live, (now, bytes));
        let seconds = (now - before).as_secs_f64();
        #[allow(clippy::cast_precision_loss)]
        let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 * 8.0 / seconds;
        Some(Rates {
            elapsed_seconds: (now - self.began).as_secs_f64(),
            received_bits_per_second: rate(rx, bytes.0),
            sent_bits_per_second: rate(tx, bytes.1),
        })
    }

    /// What grew since the start.
    pub(super) async fn growth(&self) -> EndCounters {
        let last = Counters::with_queues(self.loads).await;
        let wall_seconds = self.began.elapsed().as_secs_f64();
        let cores = self.first.cores.iter().zip(&last.cores).map(|(a, b)| a.growth(b)).collect();
        let interfaces = last
            .interfaces
            .iter()
            .map(|(name, now)| read::interface_growth(self.first.interfaces.get(name), now))
            .collect();
        let watched = (self.threads_seen - self.began).as_secs_f64();
        let most = |time: fn(&ThreadTimes) -> u64| {
            let grown = self.threads.values().map(|(a, b)| time(b).saturating_sub(time(a))).max()?;
            #[allow(clippy::cast_precision_loss)]
            (watched > 0.0).then(|| grown as f64 / 1e9 / watched)
        };
        EndCounters {
            wall_seconds,
            samples: self.samples,
            cores,
            run_queue_wait_ratio: most(|t| t.waited_nanoseconds),
            on_cpu_ratio: most(|t| t.ran_nanoseconds),
            interfaces,
            udp: read::udp_growth(&self.first.udp, &last.udp),
            tcp: self.tcp.values().cloned().collect(),
        }
    }
}
