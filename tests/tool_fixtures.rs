//! Every recorded tool output against its stored measurement or error, and against an oracle that does not use our parser.

use std::collections::BTreeMap;

use iperftester::domain::measurement::{Flow, Measurement, Throughput};
use iperftester::domain::test::{Protocol, ToolKind};
use iperftester::tool::{Outputs, ParseError, parse_raw};
use serde::Serialize;
use serde_json::Value;

#[path = "support/tool_cases.rs"]
mod tool_cases;
use tool_cases::{Case, cases};

/// Outputs of finished measurements that are none to us, with the reason.
const NOT_OURS: [(&str, &str); 21] = [
    ("-debug-J", "`-d` mixes text with the JSON; we never ask for it"),
    ("-verbose-J", "`-V` writes text before the JSON; we never ask for it"),
    ("-logfile", "the output went to a file"),
    ("-tcp-text", "plain text; we always ask for JSON"),
    ("-sctp-unsupported", "this build has no SCTP"),
    ("-bounceback-congest-20M", "no test of throughput alone"),
    ("-bounceback-congest", "no test of throughput alone"),
    ("-bounceback-e", "no test of throughput"),
    ("-bounceback", "no test of throughput"),
    ("-connect-only", "no test of throughput"),
    ("-csv-udp-20M-lossy", "a client's CSV of UDP has not what arrived; we ask for text"),
    ("-csv-udp", "a client's CSV of UDP has not what arrived; we ask for text"),
    ("-e-udp", "the server's report never came back"),
    ("-e-udp-isoch", "the server's report never came back"),
    ("-e-udp-triptimes", "the server's report never came back"),
    ("-sumonly", "the sum of the streams only; we never ask for it"),
    ("-0.95-csv", "not JSON; we never ask for it"),
    ("-0.95-raw", "not JSON; we never ask for it"),
    ("-0.95-report-wide.wide", "not JSON; we never ask for it"),
    ("-0.95-report", "not JSON; we never ask for it"),
    ("-0.95-xml", "not JSON; we never ask for it"),
];

/// Outputs named `fail-` that are measurements all the same: every packet was lost, or no hop answered.
const MEASURED: [&str; 12] = [
    "fail-mtr-0.95-json-blackhole",
    "fail-mtr-0.95-json-unreachable",
    "fail-tracepath-unreachable",
    "fail-ping-host-unreachable",
    "fail-ping-icmp-unreachable",
    "fail-ping-prohibited",
    "fail-ping-timeout",
    "fail-ping-timeout-O",
    "fail-ping-ttl-exceeded",
    "fail-traceroute-blackhole",
    "fail-traceroute-host-unreachable",
    "fail-traceroute-prohibited",
];

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Measured(Box<Measurement>),
    Error(String),
}

fn read(case: &Case) -> Result<Measurement, ParseError> {
    parse_raw(case.kind, &case.outputs())
}

fn label(case: &Case) -> String {
    // `fail-iperf3-3.16-busy-text.txt` stands beside a `.json` of nearly the same name.
    format!("{}.{}", case.name, if case.ending.is_empty() { "srv.out" } else { &case.ending })
}

#[test]
fn every_fixture_has_its_stored_outcome() {
    let mut groups: BTreeMap<String, BTreeMap<String, Outcome>> = BTreeMap::new();
    for case in cases() {
        let outcome = match read(&case) {
            Ok(measurement) => Outcome::Measured(Box::new(measurement)),
            Err(error) => Outcome::Error(error.to_string()),
        };
        groups.entry(case.group()).or_default().insert(label(&case), outcome);
    }
    assert_eq!(groups.values().map(BTreeMap::len).sum::<usize>(), cases().len(), "no two cases share a label");
    for (group, outcomes) in &groups {
        insta::assert_json_snapshot!(group.as_str(), outcomes);
    }
}

#[test]
fn a_stream_says_what_the_whole_says() {
    let streams: Vec<Case> = cases().into_iter().filter(|case| case.name.ends_with("-json-stream")).collect();
    assert!(streams.len() >= 9, "{}", streams.len());
    for case in streams {
        let text = std::str::from_utf8(case.outputs().client).unwrap();
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of =
            |name: &str| -> Vec<&Value> { events.iter().filter(|e| e["event"] == name).map(|e| &e["data"]).collect() };
        let whole = serde_json::json!({ "start": of("start")[0], "intervals": of("interval"), "end": of("end")[0] });
        let client = whole.to_string();
        let outputs = Outputs { client: client.as_bytes(), ..case.outputs() };
        assert_eq!(parse_raw(case.kind, &outputs).unwrap(), read(&case).unwrap(), "{}", case.name);
    }
}

#[test]
fn the_names_tell_which_outputs_are_measurements() {
    for case in cases() {
        let expected = if case.good() {
            // Where only iperf 2's server was recorded, or the output went to a file, there is no client to read.
            let no_client = case.kind == ToolKind::Iperf2 && case.ending.is_empty();
            let aside = case.name.ends_with("-output-file") && case.ending == "txt";
            !no_client && !aside && !NOT_OURS.iter().any(|(ending, _)| case.name.ends_with(ending))
        } else {
            MEASURED.contains(&case.name.as_str())
        };
        assert_eq!(read(&case).is_ok(), expected, "{}: {:?}", label(&case), read(&case).err());
    }
}

#[test]
fn a_failure_is_seen_without_the_exit_code_too() {
    // A stored run is read again from its bytes alone. Of a packet too long to be sent only standard error tells; of iperf 2's
    // option that it does not know, too, and of its server's death: there the reader with the test at hand sees the time.
    let told_aside = [
        "fail-ping-DF-toolong",
        "fail-ping-fragneeded",
        "fail-iperf2-2.1.8-against-iperf3",
        "fail-iperf2-2.1.8-sctp",
        "fail-iperf2-2.1.8-server-SIGKILL",
    ];
    for mut case in cases().into_iter().filter(|c| !c.good() && !MEASURED.contains(&c.name.as_str())) {
        case.exit_code = None;
        case.client_errors.clear();
        assert_eq!(read(&case).is_ok(), told_aside.contains(&case.name.as_str()), "{}", label(&case));
    }
}

/// The number after `"key":` behind the `nth` `"member":` of the last `"end":`, as text; knows nothing of JSON's structure.
fn number_in_text<'a>(text: &'a str, member: &str, nth: usize, key: &str) -> Option<&'a str> {
    let result = &text[text.rfind("\"end\":\t{").or_else(|| text.rfind("\"event\":\"end\""))?..];
    let member = format!("\"{member}\":");
    let (at, _) = result.match_indices(&member).nth(nth)?;
    let object = &result[at..];
    let object = &object[..object.find('}')?];
    let key = format!("\"{key}\":");
    let value = object[object.find(&key)? + key.len()..].trim_start();
    value.split([',', '\n', '}']).next().map(str::trim)
}

struct Oracle<'a> {
    text: &'a str,
    bidirectional_apart: bool,
    second: bool,
}

impl Oracle<'_> {
    fn text(&self, member: &str, key: &str) -> Option<&str> {
        match (self.second, self.bidirectional_apart) {
            (false, _) => number_in_text(self.text, member, 0, key),
            (true, true) => number_in_text(self.text, &format!("{member}_bidir_reverse"), 0, key),
            (true, false) => number_in_text(self.text, member, 1, key),
        }
    }

    fn float(&self, member: &str, key: &str) -> Option<f64> {
        self.text(member, key).map(|t| t.parse().unwrap_or_else(|_| panic!("{member}.{key} is {t}")))
    }

    fn whole(&self, member: &str, key: &str) -> Option<u64> {
        self.text(member, key).map(|t| t.parse().unwrap_or_else(|_| panic!("{member}.{key} is {t}")))
    }
}

fn throughput(case: &Case) -> Option<Throughput> {
    match (case.kind, read(case)) {
        (ToolKind::Iperf3, Ok(Measurement::Throughput(t))) => Some(t),
        _ => None,
    }
}

#[test]
fn throughput_is_the_receivers_to_the_bit() {
    let mut checked = 0;
    for case in cases() {
        let Some(measured) = throughput(&case) else { continue };
        let text = std::str::from_utf8(&case.client).expect("good outputs are text");
        let apart = text.contains("sum_received_bidir_reverse") || text.contains("sum_bidir_reverse");
        let flows = [(Some(&measured.flow), false), (measured.reverse.as_deref(), true)];
        for (flow, second) in flows.into_iter().filter_map(|(f, s)| Some((f?, s))) {
            let oracle = Oracle { text, bidirectional_apart: apart, second };
            match measured.protocol {
                Protocol::Tcp | Protocol::Sctp => compare_tcp(&case.name, flow, &oracle),
                Protocol::Udp => compare_udp(&case.name, flow, &oracle),
            }
            checked += 1;
        }
        assert_eq!(measured.reverse.is_some(), case.name.contains("bidir"), "{}", case.name);
    }
    assert!(checked > 150, "only {checked} flows were there to check");
}

fn compare_tcp(name: &str, flow: &Flow, oracle: &Oracle<'_>) {
    let expected = oracle.float("sum_received", "bits_per_second").expect("TCP has a receiver's sum");
    assert_eq!(flow.throughput_bits_per_second.to_bits(), expected.to_bits(), "{name}");
    assert_eq!(flow.retransmits, oracle.whole("sum_sent", "retransmits"), "{name}");
    assert_eq!(flow.sent_bytes, oracle.whole("sum_sent", "bytes"), "{name}");
    assert_eq!(flow.received_bytes, oracle.whole("sum_received", "bytes"), "{name}");
    assert_eq!(flow.sent_bits_per_second, oracle.float("sum_sent", "bits_per_second"), "{name}");
    assert_eq!(flow.duration_seconds, oracle.float("sum_received", "seconds"), "{name}");
    assert_eq!((flow.jitter_seconds, flow.loss_ratio, flow.packets), (None, None, None), "{name}");
}

fn compare_udp(name: &str, flow: &Flow, oracle: &Oracle<'_>) {
    let (packets, lost) = (oracle.whole("sum", "packets"), oracle.whole("sum", "lost_packets"));
    let expected = oracle.float("sum_received", "bits_per_second").unwrap_or_else(|| {
        let sent = oracle.float("sum", "bits_per_second").expect("UDP has a sum");
        let (packets, lost) = (packets.expect("counted") as f64, lost.expect("counted") as f64);
        if lost == 0.0 { sent } else { sent * ((packets - lost) / packets) }
    });
    assert_eq!(flow.throughput_bits_per_second.to_bits(), expected.to_bits(), "{name}");
    assert_eq!((flow.packets, flow.lost_packets), (packets, lost), "{name}");
    assert_eq!(flow.loss_ratio, oracle.float("sum", "lost_percent").map(|p| p / 100.0), "{name}");
    assert_eq!(flow.jitter_seconds, oracle.float("sum", "jitter_ms").map(|ms| ms / 1000.0), "{name}");
    assert_eq!((flow.retransmits, flow.rtt_seconds, flow.congestion_control.as_ref()), (None, None, None), "{name}");
}

#[test]
fn the_rest_agrees_with_a_plain_json_reader() {
    for case in cases().into_iter().filter(|c| c.ending == "json") {
        let Some(measured) = throughput(&case) else { continue };
        let json: Value = serde_json::from_slice(&case.client).expect("good outputs are JSON");
        let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or(Value::Null);
        let name = &case.name;
        assert_eq!(at("/start/test_start/num_streams"), u64::from(measured.streams), "{name}");
        assert_eq!(
            at("/start/version"),
            format!("iperf {}", measured.tool_version.as_deref().unwrap_or("?")),
            "{name}"
        );
        let flow = &measured.flow;
        let [host, remote] = ["host", "remote"].map(|end| {
            at(&format!("/end/cpu_utilization_percent/{end}_total")).as_f64().map(|percent| percent / 100.0)
        });
        let reversed = at("/start/test_start/reverse") == 1;
        let (sender, receiver) = if reversed { (remote, host) } else { (host, remote) };
        assert_eq!((flow.sender_cpu_ratio, flow.receiver_cpu_ratio), (sender, receiver), "{name}");
        let rtt = at("/end/streams/0/sender/mean_rtt").as_f64().filter(|rtt| !reversed && *rtt > 0.0);
        if measured.streams == 1 && case.server.is_none() {
            assert_eq!(flow.rtt_seconds, rtt.map(|micros| micros / 1e6), "{name}");
            let window = at("/end/streams/0/sender/max_snd_cwnd").as_u64().filter(|w| !reversed && *w > 0);
            assert_eq!(flow.congestion_window_max_bytes, window, "{name}");
        }
        let count = at("/intervals").as_array().map_or(0, Vec::len);
        assert!(flow.intervals.len() == count || flow.intervals.len() + 1 == count || case.server.is_some(), "{name}");
    }
}

#[test]
fn magnitudes_are_those_of_this_lab() {
    // Wrong units would be off by a factor of a hundred, a thousand or a million.
    let within = |value: Option<f64>, least: f64, most: f64| value.is_none_or(|v| (least..=most).contains(&v));
    for case in cases() {
        match read(&case) {
            Ok(Measurement::Throughput(t)) => {
                // A transfer of one megabyte is over before the receiver has counted: 3.9 shows 0 bit/s.
                if t.flow.duration_seconds < Some(0.5) {
                    continue;
                }
                for flow in [Some(&t.flow), t.reverse.as_deref()].into_iter().flatten() {
                    let name = &case.name;
                    assert!(within(Some(flow.throughput_bits_per_second), 1e6, 1e11), "{name}");
                    assert!(within(flow.rtt_seconds, 5e-6, 0.1), "{name}: {:?}", flow.rtt_seconds);
                    assert!(within(flow.jitter_seconds, 0.0, 0.01), "{name}: {:?}", flow.jitter_seconds);
                    assert!(within(flow.loss_ratio, 0.0, 1.0), "{name}");
                    assert!(within(flow.sender_cpu_ratio, 0.0, 1.1), "{name}");
                    assert!(within(flow.receiver_cpu_ratio, 0.0, 1.1), "{name}");
                    assert!(within(flow.duration_seconds, 0.0, 5.0), "{name}");
                    let mean = flow.intervals.iter().filter(|i| !i.omitted).map(|i| i.throughput_bits_per_second);
                    let (sum, count) = mean.fold((0.0, 0.0), |(s, n), rate| (s + rate, n + 1.0));
                    let sent = flow.sent_bits_per_second.unwrap_or(flow.throughput_bits_per_second);
                    let near = (sum / count - sent).abs() < sent / 3.0;
                    assert!(
                        near || flow.intervals.is_empty() || name.contains("lossy"),
                        "{name}: {} and {sent}",
                        sum / count
                    );
                }
            }
            Ok(Measurement::RoundTrip(r)) => {
                assert!(within(r.rtt_seconds, 1e-6, 0.01), "{}: {:?}", case.name, r.rtt_seconds);
                assert!(
                    r.rtts_seconds.is_empty() || r.rtts_seconds.len() as u64 == r.received_packets,
                    "{}",
                    case.name
                );
            }
            Ok(Measurement::Path(p)) => {
                let times = p.hops.iter().flat_map(|h| &h.rtts_seconds);
                // The router that says `!H` has waited 3 s for an answer to ARP.
                let said = |h: &&iperftester::domain::measurement::Hop| {
                    case.kind == ToolKind::Tracepath && !h.annotations.is_empty()
                };
                let told = p.hops.iter().filter(said).flat_map(|h| &h.rtts_seconds).count();
                assert!(times.into_iter().filter(|t| !(1e-6..0.01).contains(*t)).count() <= told, "{}", case.name);
                assert_eq!(p.reached, case.good(), "{}", case.name);
            }
            Ok(_) | Err(_) => {}
        }
    }
}
