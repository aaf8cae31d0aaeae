//! Whatever bytes a tool or a broken connection leaves behind, reading them ends in a measurement or an error.

use std::sync::LazyLock;

use iperftester::domain::measurement::Measurement;
use iperftester::domain::test::ToolKind;
use iperftester::tool::{Outputs, parse_raw};
use proptest::prelude::*;

#[path = "support/tool_cases.rs"]
#[allow(dead_code, reason = "shared with the test of the fixtures, which needs more of it")]
mod tool_cases;
use tool_cases::{Case, cases};

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut all: Vec<Case> = cases().into_iter().filter(|c| !c.client.is_empty()).collect();
    all.extend(own_outputs());
    // Nine in ten are iperf3's; the others are to be met as often.
    let others: Vec<usize> = (0..all.len()).filter(|i| all[*i].kind != ToolKind::Iperf3).collect();
    let again: Vec<Case> = (0..3).flat_map(|_| others.iter().map(|i| copy(&all[*i])).collect::<Vec<_>>()).collect();
    all.extend(again);
    all
});

fn copy(case: &Case) -> Case {
    let (name, ending, client) = (case.name.clone(), case.ending.clone(), case.client.clone());
    Case { name, ending, client, kind: case.kind, client_errors: vec![], exit_code: None, server: None }
}

/// What our own tools print.
fn own_outputs() -> [Case; 2] {
    let search = r#"{"kind":"path-mtu","mtu_bytes":1400,"black_hole":true,"tries":[{"size_bytes":1500,"outcome":"silent"},{"size_bytes":1401,"outcome":{"too-large":1400}},{"size_bytes":1400,"outcome":"answered"}]}"#;
    let times = r#"{"kind":"connect","attempts":3,"connected":2,"connect_seconds":0.02,"connect_min_seconds":0.01,"connect_max_seconds":0.03,"connects_seconds":[0.01,0.03],"faults":["refused"]}"#;
    [("path-mtu", ToolKind::PathMtu, search), ("connect", ToolKind::Connect, times)].map(|(name, kind, text)| Case {
        name: name.to_owned(),
        kind,
        ending: "json".to_owned(),
        client: text.as_bytes().to_vec(),
        client_errors: vec![],
        exit_code: None,
        server: None,
    })
}

/// Reads `bytes` as each tool's output, in each place, and checks what no measurement may hold.
fn read_everywhere(bytes: &[u8], exit_code: Option<i32>) -> Result<(), TestCaseError> {
    for kind in ToolKind::ALL {
        let outputs =
            Outputs { client: bytes, client_errors: bytes, exit_code, server: Some(bytes), ran_seconds: Some(1.5) };
        for outputs in [outputs, Outputs { client_errors: b"", server: None, ..outputs }] {
            if let Ok(measurement) = parse_raw(kind, &outputs) {
                sane(&measurement)?;
            }
        }
    }
    Ok(())
}

fn sane(measurement: &Measurement) -> Result<(), TestCaseError> {
    match measurement {
        Measurement::Throughput(t) => {
            let rate = t.flow.throughput_bits_per_second;
            prop_assert!(rate.is_finite() && rate >= 0.0, "{rate}");
            prop_assert!(t.flow.loss_ratio.is_none_or(f64::is_finite));
            prop_assert!(t.flow.intervals.iter().all(|i| i.throughput_bits_per_second.is_finite()));
        }
        Measurement::RoundTrip(r) => {
            prop_assert!((0.0..=1.0).contains(&r.loss_ratio));
            prop_assert!(r.rtts_seconds.iter().all(|t| t.is_finite() && *t >= 0.0));
        }
        Measurement::PathMtu(found) => {
            prop_assert!(found.mtu_bytes.is_none_or(|m| found.tries.iter().any(|t| t.size_bytes == m)));
        }
        Measurement::Connect(c) => {
            prop_assert_eq!(c.attempts, c.connected + c.faults.len() as u64);
            prop_assert!(c.connects_seconds.iter().all(|t| t.is_finite() && *t >= 0.0));
        }
        Measurement::Path(p) => {
            let times: Vec<&f64> = p.hops.iter().flat_map(|h| &h.rtts_seconds).collect();
            prop_assert!(times.iter().all(|t| t.is_finite() && **t >= 0.0));
        }
    }
    Ok(())
}

/// What a number, a word or a piece of one may turn into.
fn replacement() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::sample::select(vec![
            "0",
            "-1",
            "1e308",
            "-1e308",
            "1e999",
            "18446744073709551615",
            "18446744073709551616",
            "null",
            "nan",
            "inf",
            "-Infinity",
            "true",
            "\"\"",
            "{}",
            "[]",
            "[[[[",
            "}",
            "\n",
            " ",
            "icmp_seq=65535",
            "time=1e300",
            "packets transmitted, ",
            "rtt ",
            "*",
            "!X",
            "(1.1.1.1)",
            "[  1] ",
            " sec ",
            "0.0000-2.0000",
            "ms 1/2 (50%)",
            "Server Report:",
            "Resume: pmtu ",
            "no reply",
            "pmtu",
            ",",
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..8),
    ]
}

/// A place in `text` and the length of the token there.
fn token(text: &[u8], at: usize) -> std::ops::Range<usize> {
    let inside = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
    let start = text[..at].iter().rposition(|b| !inside(b)).map_or(0, |p| p + 1);
    let end = text[at..].iter().position(|b| !inside(b)).map_or(text.len(), |p| at + p);
    start..end.max(start)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400), code in any::<Option<i32>>()) {
        read_everywhere(&bytes, code)?;
    }

    #[test]
    fn on_arbitrary_text(text in "(PING |traceroute to |\\{\"start\": |Client connecting to x, TCP port 1\n\\[  1\\] 0.0-1.0 sec | 1\\?: \\[LOCALHOST\\]\n)?[ -~\n\u{e9}\u{202e}]{0,200}") {
        read_everywhere(text.as_bytes(), Some(0))?;
    }

    #[test]
    fn on_cut_outputs(case in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let whole = &case.get(&CASES).client;
        read_everywhere(&whole[..at.index(whole.len())], Some(0))?;
    }

    #[test]
    fn on_changed_outputs(
        case in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), replacement()), 1..6),
    ) {
        let mut bytes = case.get(&CASES).client.clone();
        for (at, new) in changes {
            if bytes.is_empty() {
                break;
            }
            let range = token(&bytes, at.index(bytes.len()));
            bytes.splice(range, new);
        }
        read_everywhere(&bytes, Some(0))?;
    }
}

#[test]
fn no_cut_of_a_good_output_is_a_measurement() {
    // Every length of one output per tool; the end of the last line is all that may be missing.
    let names = [
        "iperf3-deb3.12-tcp",
        "iperf3-deb3.12-udp",
        "ping-basic",
        "traceroute-udp",
        "iperf2-2.1.8-e-udp-20M-lossy",
        "mtr-0.95-json",
        "tracepath-mtu1400",
        "path-mtu",
        "connect",
    ];
    for name in names {
        let case = CASES.iter().find(|c| c.name == name).expect("it is recorded");
        let needed = case.client.trim_ascii_end().len();
        // ping's and traceroute's texts can be read once their last needed line is whole.
        let needed = if case.kind == ToolKind::Ping { needed - " ms".len() } else { needed };
        for length in 0..needed {
            let outputs = Outputs { client: &case.client[..length], ..Outputs::default() };
            assert!(
                parse_raw(case.kind, &outputs).is_err(),
                "{name} cut after {length} of {} bytes",
                case.client.len()
            );
        }
    }
}
