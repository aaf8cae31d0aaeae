//! Outputs made by hand for what no recorded one shows.

use super::*;

/// A client's output of `version` with `end`, 10 s of UDP or TCP asked for.
fn output(version: &str, protocol: &str, end: &str) -> String {
    format!(
        r#"{{"start": {{"version": "iperf {version}", "cookie": "c",
            "test_start": {{"protocol": "{protocol}", "num_streams": 1, "duration": 10}}}},
            "intervals": [], "end": {end}}}"#
    )
}

fn read(client: &str, server: Option<&str>) -> Result<Throughput, ParseError> {
    parse(&Outputs {
        client: client.as_bytes(),
        exit_code: Some(0),
        server: server.map(str::as_bytes),
        ..Outputs::default()
    })
}

fn error(client: &str) -> String {
    read(client, None).unwrap_err().to_string()
}

#[test]
fn figures_that_cannot_be_are_left_out() {
    let sum = r#""seconds": 10, "bits_per_second": 8000, "packets": 100"#;
    let with = |odd: &str| {
        let end = format!(r#"{{"sum": {{{sum}}}, "sum_sent": {{{sum}}}, "sum_received": {{{sum}, {odd}}}}}"#);
        read(&output("3.12", "UDP", &end), None).unwrap().flow
    };
    let below = with(r#""lost_packets": -3, "lost_percent": -3, "jitter_ms": -0.2"#);
    assert_eq!((below.lost_packets, below.loss_ratio, below.jitter_seconds), (None, None, None));
    let usual = with(r#""lost_packets": 3, "lost_percent": 3, "jitter_ms": 0.5"#);
    assert_eq!((usual.lost_packets, usual.loss_ratio, usual.jitter_seconds), (Some(3), Some(0.03), Some(0.0005)));
    assert_eq!(with(r#""lost_percent": 300"#).loss_ratio, None);
}

/// A sender's view of a lossy UDP test whose receiver says that nothing was lost.
const NO_LOSS_SHOWN: &str = r#"{
    "sum": {"seconds": 10, "bits_per_second": 8000, "packets": 100, "lost_packets": 0, "lost_percent": 0},
    "sum_sent": {"seconds": 10, "bytes": 10000, "bits_per_second": 8000, "packets": 100},
    "sum_received": {"seconds": 10, "bytes": 9000, "bits_per_second": 7200, "packets": 100, "lost_packets": 0,
                     "lost_percent": 0}}"#;

#[test]
fn a_loss_hidden_from_the_client_comes_from_the_server() {
    let client = output("3.18", "UDP", NO_LOSS_SHOWN);
    let server = output("3.12", "UDP", r#"{"sum": {"lost_packets": 10, "packets": 100, "sender": false}}"#);
    let measured = read(&client, Some(&server)).unwrap();
    assert_eq!((measured.flow.lost_packets, measured.flow.loss_ratio), (Some(10), Some(0.1)));
    assert_eq!(measured.notes.len(), 1);
}

#[test]
fn a_hidden_loss_without_the_server_is_unknown() {
    let measured = read(&output("3.18", "UDP", NO_LOSS_SHOWN), None).unwrap();
    assert_eq!((measured.flow.lost_packets, measured.flow.loss_ratio, measured.notes.len()), (None, None, 1));
    // Versions without this fault are believed: the bytes may still have been on their way.
    let measured = read(&output("3.12", "UDP", NO_LOSS_SHOWN), None).unwrap();
    assert_eq!((measured.flow.lost_packets, measured.flow.loss_ratio, measured.notes.len()), (Some(0), Some(0.0), 0));
}

#[test]
fn versions_compare_by_number() {
    assert!(at_least(Some("3.15"), (3, 15)) && at_least(Some("3.19.1"), (3, 15)) && at_least(Some("4.0"), (3, 15)));
    assert!(!at_least(Some("3.9"), (3, 15)) && !at_least(Some("3.1.7"), (3, 15)) && !at_least(None, (3, 15)));
}

#[test]
fn a_short_run_is_no_measurement() {
    let tcp = |seconds| {
        output("3.12", "TCP", &format!(r#"{{"sum_received": {{"seconds": {seconds}, "bits_per_second": 5}}}}"#))
    };
    assert!(read(&tcp("9.99"), None).is_ok());
    assert_eq!(error(&tcp("5.5")), "iperf3 stopped before the end of the test: it measured 5.500 s of 10 s");
}

#[test]
fn what_is_missing_is_named() {
    let cases = [
        (output("3.12", "TCP", "{}"), "`end.sum_received` is missing"),
        (output("3.12", "TCP", r#"{"sum_received": {"bits_per_second": null}}"#), "is no rate"),
        (output("3.12", "TCP", r#"{"sum_received": {"bits_per_second": -1}}"#), "is no rate"),
        (output("3.12", "SCTP", "{}"), "its protocol is SCTP"),
        (r#"{"start": {}, "end": {}}"#.to_owned(), "the test did not start"),
        (r#"{"start": {}}"#.to_owned(), "its result (`end`) is missing"),
    ];
    for (client, message) in cases {
        assert!(error(&client).contains(message), "{}", error(&client));
    }
}

#[test]
fn a_result_with_an_error_or_a_bad_exit_code_is_no_measurement() {
    let good = output("3.12", "TCP", r#"{"sum_received": {"seconds": 10, "bits_per_second": 5}}"#);
    assert!(read(&good, None).is_ok());
    let spoilt = good.replacen('{', r#"{"error": "error - it broke", "#, 1);
    assert_eq!(error(&spoilt), "iperf3 reports: it broke");
    let with = |errors: &'static [u8], code| {
        let outputs = Outputs { client: good.as_bytes(), client_errors: errors, exit_code: code, server: None };
        parse(&outputs).map_err(|e| e.to_string())
    };
    assert_eq!(with(b"iperf3: error - no route\n", Some(1)), Err("iperf3 reports: no route".to_owned()));
    assert!(with(b"", Some(1)).unwrap_err().contains("exit code 1"));
    assert!(with(b"", None).is_ok(), "an unknown exit code is none to hold against it");
}
