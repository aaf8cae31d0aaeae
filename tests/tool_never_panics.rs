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

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| cases().into_iter().filter(|c| !c.client.is_empty()).collect());

/// Reads `bytes` as each tool's output, in each place, and checks what no measurement may hold.
fn read_everywhere(bytes: &[u8], exit_code: Option<i32>) -> Result<(), TestCaseError> {
    for kind in ToolKind::ALL {
        let outputs = Outputs { client: bytes, client_errors: bytes, exit_code, server: Some(bytes) };
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
        }
        Measurement::RoundTrip(r) => {
            prop_assert!((0.0..=1.0).contains(&r.loss_ratio));
            prop_assert!(r.rtts_seconds.iter().all(|t| t.is_finite() && *t >= 0.0));
        }
        Measurement::PathMtu(_) | Measurement::Connect(_) => {}
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
    fn on_arbitrary_text(text in "(PING |traceroute to |\\{\"start\": )?[ -~\n\u{e9}\u{202e}]{0,200}") {
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
    for name in ["iperf3-deb3.12-tcp", "iperf3-deb3.12-udp", "ping-basic", "traceroute-udp"] {
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
