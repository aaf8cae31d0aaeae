//! The figures of iperf 2, mtr and tracepath against readings that do not use our parser: numbers read by eye, rows cut by
//! their columns, and a plain JSON reader. And `parse`, the verb, on the same outputs.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use iperftester::domain::measurement::{Flow, HopPath, Measurement, Throughput};
use iperftester::domain::test::ToolKind;
use iperftester::tool::parse_raw;
use serde_json::Value;

#[path = "support/tool_cases.rs"]
#[allow(dead_code, reason = "shared with the test of the fixtures, which needs more of it")]
mod tool_cases;
use tool_cases::{Case, cases};

fn case(name: &str) -> Case {
    cases().into_iter().find(|c| c.name == name && c.ending != "meta.json").unwrap()
}

fn throughput(name: &str) -> Throughput {
    let case = case(name);
    match parse_raw(case.kind, &case.outputs()) {
        Ok(Measurement::Throughput(measured)) => measured,
        other => panic!("{name}: {other:?}"),
    }
}

/// The last row of a CSV whose sender has this port: bytes and bits per second.
fn last_row(text: &str, sender_port: &str) -> (f64, f64) {
    let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>()).filter(|row| row[2] == sender_port);
    let row = rows.next_back().unwrap();
    assert!(row[6].starts_with("0.0-"), "{row:?}");
    (row[7].parse().unwrap(), row[8].parse().unwrap())
}

#[test]
fn a_csv_gives_the_totals_of_its_last_rows() {
    for (name, port, received) in [
        ("iperf2-2.1.8-csv-tcp", "54138", false),
        ("iperf2-2.1.8-csv-tcp-e", "54166", false),
        ("iperf2-2.1.8-csv-tcp-R", "5001", true),
        ("iperf2-2.1.8-csv-tcp-fullduplex", "43450", false),
        ("iperf2-2.1.8-csv-udp-R", "5001", true),
    ] {
        let (bytes, rate) = last_row(std::str::from_utf8(&case(name).client).unwrap(), port);
        let flow = throughput(name).flow;
        assert_eq!(flow.throughput_bits_per_second.to_bits(), rate.to_bits(), "{name}");
        let (counted, other) =
            if received { (flow.received_bytes, flow.sent_bytes) } else { (flow.sent_bytes, flow.received_bytes) };
        assert_eq!((counted, other), (Some(bytes as u64), None), "{name}");
    }
    let text = case("iperf2-2.1.8-csv-tcp-fullduplex").client;
    let back = throughput("iperf2-2.1.8-csv-tcp-fullduplex").reverse.unwrap();
    assert_eq!(back.throughput_bits_per_second, last_row(std::str::from_utf8(&text).unwrap(), "5001").1);
    // Two streams: 3 532 914 808 bytes in the 2.02986 s of the longer one.
    let two = throughput("iperf2-2.1.8-csv-tcp-P2");
    assert_eq!((two.streams, two.flow.sent_bytes), (2, Some(1_901_723_708 + 1_631_191_100)));
    assert!((two.flow.throughput_bits_per_second / 13.9238e9 - 1.0).abs() < 1e-4, "{:?}", two.flow);
}

#[test]
fn a_text_gives_what_is_read_by_eye() {
    let tcp = throughput("iperf2-2.1.8-e-tcp").flow;
    assert_eq!(
        (tcp.throughput_bits_per_second, tcp.duration_seconds, tcp.retransmits),
        (12.1e9, Some(2.0026), Some(1759))
    );
    assert_eq!((tcp.rtt_min_seconds, tcp.rtt_max_seconds), (Some(51e-6), Some(123e-6)));
    assert_eq!(tcp.congestion_window_max_bytes, Some(432 * 1024));
    assert_eq!(tcp.intervals.iter().map(|i| i.throughput_bits_per_second).collect::<Vec<_>>(), [10.7e9, 13.4e9]);
    let back = throughput("iperf2-2.1.8-e-tcp-fullduplex").reverse.unwrap();
    assert_eq!((back.throughput_bits_per_second, back.duration_seconds), (3.43e9, Some(1.9994)));
    let udp = throughput("iperf2-2.1.8-e-udp-20M-lossy").flow;
    let figures = |f: &Flow| (f.throughput_bits_per_second, f.sent_bits_per_second, f.jitter_seconds);
    assert_eq!(figures(&udp), (19.3e6, Some(31.5e6), Some(0.000_185)));
    assert_eq!((udp.lost_packets, udp.packets, udp.loss_ratio), (Some(1931), Some(5354), Some(1931.0 / 5354.0)));
    // The client's text beside its server's CSV, which has the exact figures.
    let both = throughput("iperf2-2.1.8-server-udp-csv-c").flow;
    assert_eq!((both.throughput_bits_per_second, both.received_bytes), (5_283_827.0, Some(1_315_650)));
    assert_eq!((both.lost_packets, both.packets, both.jitter_seconds), (Some(0), Some(895), Some(3e-6)));
}

fn path(case: &Case) -> HopPath {
    match parse_raw(case.kind, &case.outputs()) {
        Ok(Measurement::Path(path)) => path,
        other => panic!("{}: {other:?}", case.name),
    }
}

#[test]
fn mtr_agrees_with_a_plain_json_reader() {
    let of_mtr = |c: &Case| c.kind == ToolKind::Mtr && c.ending == "json" && !c.client.is_empty();
    let mut hops = 0;
    for case in cases().into_iter().filter(of_mtr) {
        let json: Value = serde_json::from_slice(&case.client).unwrap();
        let path = path(&case);
        for (hop, hub) in path.hops.iter().zip(json["report"]["hubs"].as_array().unwrap()) {
            let figures = hop.figures.unwrap();
            let number = |key: &str| hub[key].as_f64().unwrap();
            assert_eq!(
                (u64::from(hop.ttl), hop.addresses[0].as_str()),
                (hub["count"].as_u64().unwrap(), hub["host"].as_str().unwrap())
            );
            assert_eq!(figures.sent_packets, hub["Snt"].as_u64().unwrap());
            assert!((figures.loss_ratio * 100.0 - number("Loss%")).abs() < 0.001, "{}", case.name);
            let times =
                [figures.rtt_seconds, figures.rtt_min_seconds, figures.rtt_max_seconds, figures.rtt_deviation_seconds];
            for (time, key) in times.into_iter().zip(["Avg", "Best", "Wrst", "StDev"]) {
                assert!((time.unwrap() * 1000.0 - number(key)).abs() < 1e-9, "{} {key}", case.name);
            }
            hops += 1;
        }
        assert_eq!(path.hops.len(), json["report"]["hubs"].as_array().unwrap().len());
    }
    assert_eq!(hops, 8);
}

#[test]
fn tracepath_gives_what_is_read_by_eye() {
    let narrow = path(&case("tracepath-mtu1400"));
    assert_eq!((narrow.mtu_bytes, narrow.reached, narrow.hops.len()), (Some(1400), true, 2));
    assert_eq!(
        (narrow.hops[0].rtts_seconds[..].to_vec(), &narrow.hops[1].rtts_seconds[..]),
        (vec![0.000_072], &[0.000_024][..])
    );
    let open = path(&case("tracepath-n"));
    assert_eq!(
        (open.mtu_bytes, open.hops[0].rtts_seconds.len(), open.hops[1].addresses[0].as_str()),
        (Some(1500), 2, "10.99.2.2")
    );
    let lost = path(&case("fail-tracepath-unreachable"));
    assert_eq!((lost.reached, &lost.hops[1].annotations[..]), (false, &["!H".to_owned()][..]));
}

fn parse(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iperftester"));
    command.arg("parse").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that reads a file may have ended before it was fed.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn what_iperf3_itself_reports_is_told_with_what_to_do() {
    let output =
        parse(&["iperf3", "-"], br#"{"start":{},"intervals":[],"end":{},"error":"unable to connect to server"}"#);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("iperf3 said \"unable to connect to server\"; mend that and measure again"), "{said}");
    assert!(!said.contains("is read from"), "the form was right: {said}");
}

#[test]
fn the_verb_prints_the_same_measurement() {
    let mut tools = std::collections::BTreeSet::new();
    for case in cases().iter().filter(|c| c.good() && !c.client.is_empty()).step_by(7) {
        let mut arguments = vec![case.kind.word(), "-"];
        let server = tempfile::NamedTempFile::new().unwrap();
        if let Some(text) = &case.server {
            std::fs::write(server.path(), text).unwrap();
            arguments.extend(["--server", server.path().to_str().unwrap()]);
        }
        let output = parse(&arguments, &case.client);
        let outputs = iperftester::tool::Outputs { exit_code: None, client_errors: b"", ..case.outputs() };
        match parse_raw(case.kind, &outputs) {
            Ok(measurement) => {
                assert_eq!(output.status.code(), Some(0), "{}", case.name);
                let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
                assert_eq!(printed, serde_json::to_value(&measurement).unwrap(), "{}", case.name);
                tools.insert(case.kind);
            }
            Err(fault) => {
                assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{}", case.name);
                let said = String::from_utf8(output.stderr).unwrap();
                assert!(said.contains(&fault.to_string()) && said.contains("hint:"), "{}: {said}", case.name);
            }
        }
    }
    assert!(tools.len() >= 4, "{tools:?}");
}

#[test]
fn what_cannot_be_read_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let big = folder.path().join("big");
    std::fs::File::create(&big).unwrap().set_len((64 << 20) + 1).unwrap();
    let here = folder.path().to_str().unwrap();
    for (arguments, told) in [
        (&["mtr", "/no/such/file"][..], "No such file"),
        (&["mtr", here], "Is a directory"),
        (&["ping", big.to_str().unwrap()], "more than 64 MiB"),
        (&["iperf2"], "standard input is empty"),
        (&["ping", "README.md", "--server", "README.md"], "ping has no server"),
        (&["tracepath", "README.md"], "not an output of tracepath: line 1"),
        (&["path-mtu", "README.md"], "not an output of path-mtu"),
        (&["fping", "README.md"], "invalid value 'fping'"),
    ] {
        let output = parse(arguments, b" \n");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}
