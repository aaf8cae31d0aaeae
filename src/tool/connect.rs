//! Times of TCP connections, from the SYN to the answer, taken by iperftester itself at both ends: `iperftester measure
//! connect` and `measure listen`.

use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool, decimal_seconds, own};
use crate::domain::measurement::{ConnectTimes, Measurement};
use crate::domain::test::{Connect, ToolKind};

const TOOL: &str = "connect";

/// The server's end waits this long beyond what the client may take.
const SERVER_GRACE: Duration = Duration::from_secs(10);

impl Connect {
    /// The longest that the client takes: every connection waits in vain.
    fn longest(&self) -> Duration {
        self.duration() + self.patience()
    }
}

impl Tool for Connect {
    fn duration(&self) -> Duration {
        self.interval.saturating_mul(self.count.saturating_sub(1))
    }

    fn patience(&self) -> Duration {
        self.timeout.saturating_mul(self.count)
    }

    fn load(&self) -> Load {
        Load::Light
    }

    /// A connection without data.
    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        (Some(0), Some(0))
    }

    fn server_command(&self, at: &Endpoints) -> Option<Vec<String>> {
        let mut argv = own(&["listen", &at.port.to_string(), "--count", &self.count.to_string()]);
        argv.extend(["--for".to_owned(), decimal_seconds(self.longest() + SERVER_GRACE)]);
        Some(argv)
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        let mut argv = own(&["connect", &at.destination.to_string(), &at.port.to_string()]);
        argv.extend(["--count".to_owned(), self.count.to_string()]);
        argv.extend(["--interval".to_owned(), decimal_seconds(self.interval)]);
        argv.extend(["--timeout".to_owned(), decimal_seconds(self.timeout)]);
        argv
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        super::parse_raw(ToolKind::Connect, outputs)
    }
}

/// The measurement that connections of these times and faults make.
#[must_use]
pub fn times(connects_seconds: Vec<f64>, faults: Vec<String>) -> ConnectTimes {
    let connected = connects_seconds.len() as u64;
    #[allow(clippy::cast_precision_loss, reason = "a few connections")]
    let mean = connects_seconds.iter().sum::<f64>() / connected as f64;
    ConnectTimes {
        attempts: connected + faults.len() as u64,
        connected,
        connect_seconds: (connected > 0).then_some(mean),
        connect_min_seconds: connects_seconds.iter().copied().reduce(f64::min),
        connect_max_seconds: connects_seconds.iter().copied().reduce(f64::max),
        connects_seconds,
        faults,
    }
}

/// Reads what `measure connect` printed; the figures are made from its single times.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<ConnectTimes, ParseError> {
    let unreadable = |message: &str| ParseError::Unreadable { tool: TOOL, message: message.to_owned() };
    let Measurement::Connect(printed) = super::printed(TOOL, outputs)? else {
        return Err(unreadable("it is another kind of measurement"));
    };
    if !printed.connects_seconds.iter().all(|t| t.is_finite() && (0.0..1e6).contains(t)) {
        return Err(unreadable("a time that cannot be"));
    }
    let made = times(printed.connects_seconds, printed.faults);
    if made.attempts == 0 {
        return Err(ParseError::Unfinished { tool: TOOL, message: "it tried nothing".to_owned() });
    }
    if (made.attempts, made.connected) != (printed.attempts, printed.connected) {
        return Err(unreadable("its counts are not those of its times"));
    }
    if made.connected == 0 {
        let fault = made.faults.last().map_or("no answer", String::as_str);
        let message = format!("none of {} connections opened: {fault}", made.attempts);
        return Err(ParseError::Reported { tool: TOOL, message });
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Connect {
        let timeout = Duration::from_secs(2);
        Connect { count: 10, interval: Duration::from_millis(200), timeout, family: None }
    }

    #[test]
    fn arguments_and_time() {
        let at = Endpoints::new("fd00::2".parse().unwrap(), 5201);
        let client = "iperftester measure connect fd00::2 5201 --count 10 --interval 0.2 --timeout 2";
        assert_eq!(test().client_command(&at).join(" "), client);
        let server = "iperftester measure listen 5201 --count 10 --for 31.8";
        assert_eq!(test().server_command(&at).unwrap().join(" "), server);
        assert_eq!((test().duration(), test().patience()), (Duration::from_millis(1800), Duration::from_secs(20)));
    }

    #[test]
    fn no_connection_at_all_is_no_measurement() {
        let printed = Measurement::Connect(times(vec![], vec!["Connection refused".to_owned(); 2]));
        let bytes = serde_json::to_vec(&printed).unwrap();
        let fault = parse(&Outputs { client: &bytes, exit_code: Some(0), ..Outputs::default() }).unwrap_err();
        assert!(fault.to_string().contains("none of 2 connections opened: Connection refused"), "{fault}");
    }

    #[test]
    fn figures_come_from_the_single_times() {
        let measured = times(vec![0.01, 0.03], vec!["refused".to_owned()]);
        assert_eq!((measured.attempts, measured.connected), (3, 2));
        assert_eq!(measured.connect_seconds, Some(0.02));
        assert_eq!((measured.connect_min_seconds, measured.connect_max_seconds), (Some(0.01), Some(0.03)));
        let none = times(vec![], vec!["refused".to_owned()]);
        assert_eq!((none.connect_seconds, none.connect_min_seconds), (None, None));
        let text = serde_json::to_string(&Measurement::Connect(measured.clone())).unwrap();
        let read = |text: &str| parse(&Outputs { client: text.as_bytes(), ..Outputs::default() });
        assert_eq!(read(&text), Ok(measured));
        let fault = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            fault(&text.replace("\"attempts\":3", "\"attempts\":4")),
            "not an output of connect: its counts are not those of its times"
        );
        assert_eq!(fault(&text.replace("0.03", "-1")), "not an output of connect: a time that cannot be");
        assert_eq!(fault(&text[..20]), "connect stopped before the end of the test: its JSON is cut off");
    }
}
