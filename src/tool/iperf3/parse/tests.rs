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
fn a_hidden_loss_without_the_server_is_what_did_not_arrive() {
    let hidden = |version, shown: &str| {
        let measured = read(&output(version, "UDP", shown), None).unwrap();
        (measured.flow.lost_packets, measured.flow.loss_ratio, measured.notes.len())
    };
    assert_eq!(hidden("3.18", NO_LOSS_SHOWN), (Some(10), Some(0.1), 1));
    // Without the bytes nobody can tell; here they do not add up to datagrams sent.
    assert_eq!(hidden("3.18", &NO_LOSS_SHOWN.replacen("\"packets\": 100}", "\"packets\": 0}", 1)), (None, None, 1));
    // What no gap shows was lost at the end.
    assert_eq!(hidden("3.12", NO_LOSS_SHOWN), (Some(10), Some(0.1), 1));
}

#[test]
fn the_lost_end_of_a_test_is_seen_at_the_receiver_of_any_version() {
    // iperf3 3.12 over a link that was cut after a third of the test: no gap, and 970 of 2590 datagrams.
    let cut = r#"{
        "sum": {"seconds": 10, "bits_per_second": 3000256, "bytes": 3750320, "packets": 2590, "lost_packets": 0,
                "lost_percent": 0},
        "sum_sent": {"seconds": 10, "bytes": 3750320, "bits_per_second": 3000256, "packets": 2590},
        "sum_received": {"seconds": 10, "bytes": 1404560, "bits_per_second": 1123648, "packets": 970, "lost_packets": 0,
                         "lost_percent": 0}}"#;
    let flow = read(&output("3.12", "UDP", cut), None).unwrap().flow;
    assert_eq!(
        (flow.lost_packets, flow.packets, flow.throughput_bits_per_second),
        (Some(1620), Some(2590), 1_123_648.0)
    );
    // Up to 3.10 only the receiver's own intervals know what arrived.
    let old = r#"{"sum": {"seconds": 10, "bits_per_second": 8000, "bytes": 10000, "packets": 100, "lost_packets": 0,
                  "lost_percent": 0}}"#;
    let server = output("3.9", "UDP", r#"{"sum": {"lost_packets": 0}}"#).replace(
        r#""intervals": []"#,
        r#""intervals": [{"sum": {"start": 0, "end": 5, "bytes": 4000, "bits_per_second": 6400, "sender": false}},
                         {"sum": {"start": 5, "end": 10, "bytes": 0, "bits_per_second": 0, "sender": false}}]"#,
    );
    let measured = read(&output("3.9", "UDP", old), Some(&server)).unwrap();
    assert_eq!((measured.flow.lost_packets, measured.flow.loss_ratio), (Some(60), Some(0.6)));
    assert!((measured.flow.throughput_bits_per_second - 3200.0).abs() < 1e-6, "{measured:?}");
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
        (output("3.12", "DCCP", "{}"), "its protocol is DCCP"),
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
        let outputs = Outputs { client: good.as_bytes(), client_errors: errors, exit_code: code, ..Outputs::default() };
        parse(&outputs).map_err(|e| e.to_string())
    };
    assert_eq!(with(b"iperf3: error - no route\n", Some(1)), Err("iperf3 reports: no route".to_owned()));
    assert!(with(b"", Some(1)).unwrap_err().contains("exit code 1"));
    assert!(with(b"", None).is_ok(), "an unknown exit code is none to hold against it");
}

#[test]
fn sctp_is_read_as_tcp_is() {
    let end = r#"{"sum_sent": {"seconds": 10, "bytes": 12, "bits_per_second": 9.6}, "sum_received": {"seconds": 10, "bytes": 10,
                  "bits_per_second": 8}}"#;
    let measured = read(&output("3.12", "SCTP", end), None).unwrap();
    assert_eq!((measured.protocol, measured.flow.throughput_bits_per_second), (Protocol::Sctp, 8.0));
    assert_eq!((measured.flow.retransmits, measured.flow.sent_bytes), (None, Some(12)));
}

#[test]
fn a_paced_sender_that_spins_is_told_and_a_free_one_is_not() {
    let tcp = |version: &str, rate: u64| {
        let text = output(version, "TCP", r#"{"sum_received": {"seconds": 10, "bits_per_second": 5}}"#);
        text.replace(r#""duration": 10"#, &format!(r#""duration": 10, "target_bitrate": {rate}"#))
    };
    let told = |version, rate| read(&tcp(version, rate), None).unwrap().notes.len();
    assert_eq!((told("3.16", 5), told("3.17.1", 5)), (1, 1));
    assert_eq!((told("3.16", 0), told("3.15", 5), told("3.18", 5)), (0, 0, 0));
}

#[test]
fn cpu_figures_of_a_server_with_a_past_are_left_out() {
    let end = r#"{"sum_received": {"seconds": 10, "bits_per_second": 5},
                  "cpu_utilization_percent": {"host_total": 10, "remote_total": 80}}"#;
    let client = output("3.9", "TCP", end);
    let with = |version: &str, before: &str| {
        let server = format!("{before}{}", output(version, "TCP", "{}"));
        let measured = read(&client, Some(&server)).unwrap();
        (measured.flow.sender_cpu_ratio, measured.flow.receiver_cpu_ratio, measured.notes.len())
    };
    let other = r#"{"start": {"cookie": "other"}}"#;
    assert_eq!(with("3.9", ""), (Some(0.1), Some(0.8), 0));
    assert_eq!(with("3.9", other), (Some(0.1), None, 1));
    assert_eq!(with("3.10", other), (Some(0.1), Some(0.8), 0));
}

/// One process of several: its stream at `rate`, over `seconds`, started at `began`.
fn process(cookie: &str, rate: u32, seconds: f64, began: u32) -> String {
    format!(
        r#"{{"start": {{"version": "iperf 3.12", "cookie": "{cookie}", "timestamp": {{"timesecs": {began}}},
            "test_start": {{"protocol": "UDP", "num_streams": 1, "duration": 10}}}},
            "intervals": [{{"sum": {{"start": 0, "end": 5, "bits_per_second": {rate}, "sender": true}}}},
                          {{"sum": {{"start": 5, "end": 10, "bits_per_second": {rate}, "sender": true}}}}],
            "end": {{"sum": {{"seconds": {seconds}, "packets": 100}},
                     "sum_sent": {{"seconds": {seconds}, "bits_per_second": {rate}, "bytes": 1000, "packets": 100}},
                     "sum_received": {{"seconds": {seconds}, "bits_per_second": {rate}, "bytes": 900, "packets": 100,
                                       "lost_packets": {rate}, "lost_percent": {rate}, "jitter_ms": {rate}}}}}}}"#
    )
}

#[test]
fn several_processes_are_added_up() {
    let outputs = [process("a", 10, 10.0, 7), process("b", 20, 10.0, 7), process("c", 30, 10.1, 8)].join("\n");
    let measured = read(&outputs, None).unwrap();
    assert_eq!((measured.streams, measured.processes), (3, Some(3)));
    let flow = &measured.flow;
    assert_eq!((flow.throughput_bits_per_second, flow.sent_bits_per_second), (60.0, Some(60.0)));
    assert_eq!((flow.packets, flow.lost_packets, flow.loss_ratio), (Some(300), Some(60), Some(0.2)));
    assert_eq!((flow.received_bytes, flow.duration_seconds), (Some(2700), Some(10.1)));
    assert_eq!(flow.jitter_seconds, Some(0.02));
    assert_eq!(flow.intervals.iter().map(|i| i.throughput_bits_per_second).collect::<Vec<_>>(), [60.0, 60.0]);
    assert!(measured.notes.concat().contains("when each of them ran is not known"), "{:?}", measured.notes);
}

#[test]
fn one_failed_process_fails_the_run_and_unlike_outputs_are_no_measurement() {
    let good = process("a", 10, 10.0, 7);
    assert_eq!(
        error(&format!(r#"{good} {{"error": "error - the server is busy"}}"#)),
        "iperf3 reports: the server is busy"
    );
    let cases = [
        (good.replace(r#""num_streams": 1"#, r#""num_streams": 2"#), "several streams each"),
        (good.replace("UDP", "TCP"), "different tests"),
        (process("b", 10, 10.0, 60), "different times"),
        (r#"{"start": {"cookie": "b"}}"#.to_owned(), "did not start"),
    ];
    for (other, message) in cases {
        let said = error(&format!("{good}\n{other}"));
        assert!(said.contains(message), "{said}");
    }
}
