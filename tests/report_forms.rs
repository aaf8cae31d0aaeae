//! Markdown, CSV, JSON Lines and JUnit: each read by something that shares no line with what wrote it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;

use std::io::Write;
use std::process::{Command, Stdio};

use iperftester::domain::measurement::{HopFigures, Measurement, PathMtuFound};

use iperftester::domain::run::{CampaignRun, RunStatus};
use iperftester::domain::test::Direction;
use iperftester::domain::topology::Metadata;
use iperftester::domain::verdict::Verdict;
use iperftester::i18n::Lang;
use iperftester::report::{csv, html, json, json_lines, junit, markdown, terminal};
use serde_json::Value;

/// What python's standard library says of `text`, as JSON.
fn python(script: &str, text: &str) -> Value {
    let mut child =
        Command::new("python3").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "python3 -c {script}");
    serde_json::from_slice(&output.stdout).unwrap()
}

const CSV: &str = "import csv, io, json, sys; sys.stdin.reconfigure(newline='')\n\
                   print(json.dumps(list(csv.DictReader(sys.stdin, strict=True))))";
const JUNIT: &str = "import sys, json, xml.etree.ElementTree as e; r = e.fromstring(sys.stdin.buffer.read())\n\
    print(json.dumps({'root': r.attrib, 'tag': r.tag, 'suites': [{**s.attrib, 'cases': [{**c.attrib,\n\
    'children': {x.tag: {**x.attrib, 'text': x.text} for x in c}} for c in s.findall('testcase')],\n\
    'properties': {p.get('name'): p.get('value') for p in s.iter('property')}} for s in r]}))";

#[test]
fn csv_has_a_row_for_each_run_and_flow_with_every_digit() {
    let run = campaign_run::everything();
    let rows = python(CSV, &csv(&run));
    let rows = rows.as_array().unwrap();
    let both = run.runs.iter().filter(|r| r.direction() == Direction::Bidirectional).count();
    assert_eq!(rows.len(), run.runs.len() + both);
    let of = |id: u32| {
        let id = id.to_string();
        rows.iter().filter(|r| r["run"] == id).collect::<Vec<_>>()
    };
    for one in &run.runs {
        let rows = of(one.id);
        assert_eq!(rows[0]["status"], one.status.as_str());
        match &one.measurement {
            Some(Measurement::Throughput(t)) => {
                let told: f64 = rows[0]["throughput_bits_per_second"].as_str().unwrap().parse().unwrap();
                assert_eq!(told.to_bits(), t.flow.throughput_bits_per_second.to_bits());
                if let Some(back) = &t.reverse {
                    let told: f64 = rows[1]["throughput_bits_per_second"].as_str().unwrap().parse().unwrap();
                    assert_eq!(told.to_bits(), back.throughput_bits_per_second.to_bits());
                    assert_eq!((&rows[1]["sender"], &rows[1]["receiver"]), (&rows[0]["receiver"], &rows[0]["sender"]));
                }
            }
            Some(Measurement::RoundTrip(p)) => {
                assert_eq!(rows[0]["rtt_seconds"], p.rtt_seconds.unwrap().to_string());
                assert_eq!(rows[0]["packets"], "10");
            }
            _ => assert_eq!(rows[0]["throughput_bits_per_second"], ""),
        }
    }
    // Of a reverse run the data went from destination to source.
    let back = rows.iter().find(|r| r["direction"] == "reverse").unwrap();
    assert_eq!((&back["source"], &back["receiver"]), (&back["receiver"], &back["source"]));
}

#[test]
fn csv_keeps_to_rfc_4180_and_every_column_is_explained() {
    let text = csv(&campaign_run::everything());
    assert!(text.ends_with("\r\n") && text.matches('\n').count() == text.matches("\r\n").count());
    let guide = std::fs::read_to_string("docs/guide/report.md").unwrap();
    for column in text.lines().next().unwrap().split(',') {
        assert!(guide.contains(&format!("`{column}`")), "docs/guide/report.md does not name {column}");
    }
}

#[test]
fn csv_holds_no_formula() {
    for evil in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"] {
        let mut run = campaign_run::smallest();
        run.runs[0].status = RunStatus::Failed;
        run.runs[0].error = Some(evil.to_owned());
        run.topology.metadata.note = Some(format!("{evil}, \"quoted\"\nand more"));
        let rows = python(CSV, &csv(&run));
        assert_eq!(rows[0]["error"], format!("'{evil}"));
        assert_eq!(rows[0]["note"], format!("'{evil}, \"quoted\"\nand more"));
    }
}

#[test]
fn json_lines_are_the_runs_of_the_json_document() {
    let run = campaign_run::everything();
    let document: Value = serde_json::from_str(&json(&run)).unwrap();
    let text = json_lines(&run);
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), run.runs.len());
    for (line, stored) in lines.iter().zip(document["runs"].as_array().unwrap()) {
        assert_eq!((&line["campaign_run"], &line["topology"]), (&document["id"], &document["topology"]));
        for (key, value) in stored.as_object().unwrap() {
            assert_eq!(&line[key], value, "{key} of {}", line["id"]);
        }
    }
}

/// Outcomes as the judgements say, counted apart from the code under test: failures, errors, skipped, passed.
fn expected(run: &CampaignRun) -> [usize; 4] {
    let mut counts = [0; 4];
    for one in &run.runs {
        let judged = &one.assessment.judgements;
        let places: Vec<usize> = match (one.status, judged.is_empty()) {
            (RunStatus::Invalid, _) => vec![1; judged.len().max(1)],
            (RunStatus::Failed, _) => vec![1],
            (RunStatus::Skipped, _) | (_, true) => vec![2],
            _ => judged
                .iter()
                .map(|j| match j.verdict {
                    Verdict::Fail => 0,
                    Verdict::Invalid => 1,
                    Verdict::None => 2,
                    Verdict::Pass | Verdict::Warn => 3,
                })
                .collect(),
        };
        places.iter().for_each(|p| counts[*p] += 1);
    }
    counts
}

#[test]
fn junit_counts_what_was_judged() {
    for run in [campaign_run::everything(), campaign_run::contract_check(), campaign_run::smallest()] {
        let text = junit(&run).unwrap();
        let read = python(JUNIT, &text);
        assert_eq!((&read["tag"], read["suites"].as_array().unwrap().len()), (&"testsuites".into(), 1));
        let suite = &read["suites"][0];
        let cases = suite["cases"].as_array().unwrap();
        let with = |tag: &str| cases.iter().filter(|c| c["children"].get(tag).is_some()).count();
        let [failures, errors, skipped, passed] = expected(&run);
        assert_eq!([with("failure"), with("error"), with("skipped")], [failures, errors, skipped]);
        assert_eq!(cases.len(), failures + errors + skipped + passed);
        for of in [suite, &read["root"]] {
            let told =
                ["tests", "failures", "errors", "skipped"].map(|k| of.get(k).map(|v| v.as_str().unwrap().to_owned()));
            let counted = [cases.len(), failures, errors, skipped].map(|n| Some(n.to_string()));
            assert_eq!(told, counted);
        }
        let warned: usize =
            run.runs.iter().flat_map(|r| &r.assessment.judgements).filter(|j| j.verdict == Verdict::Warn).count();
        assert_eq!(with("system-out"), warned, "a warning passes and says so");
        // What CI shows as slowest adds up to the time that was measured.
        let total: f64 = cases.iter().map(|c| c["time"].as_str().unwrap().parse::<f64>().unwrap()).sum();
        assert!((total - 5.14 * run.runs.len() as f64).abs() < 0.01, "{total}");
        assert_eq!(suite["properties"]["campaign_run"], run.header.id.as_str());
    }
}

#[test]
fn junit_is_what_the_schema_allows() {
    let read = python(JUNIT, &junit(&campaign_run::everything()).unwrap());
    let suite = &read["suites"][0];
    let time = |text: &Value| text.as_str().unwrap().parse::<f64>().unwrap() >= 0.0;
    assert!(time(&suite["time"]) && suite["timestamp"].as_str().unwrap().starts_with("2026-11-24T12:00:00"));
    for case in suite["cases"].as_array().unwrap() {
        assert!(time(&case["time"]) && !case["name"].as_str().unwrap().is_empty());
        assert!(case["classname"].as_str().unwrap().starts_with("contract-check."));
        let children = case["children"].as_object().unwrap();
        assert!(children.keys().all(|k| ["failure", "error", "skipped", "system-out"].contains(&k.as_str())));
        assert!(children.len() <= 1, "one outcome each: {case}");
        for (tag, child) in children.iter().filter(|(tag, _)| *tag != "system-out") {
            assert!(!child["message"].as_str().unwrap().is_empty(), "{tag} says why");
        }
    }
}

#[test]
fn junit_takes_what_xml_cannot_hold() {
    let mut run = campaign_run::everything();
    for one in &mut run.runs {
        one.assessment.reason = "\u{1b}[31m\u{0}]]> <a & \"b\"".into();
        one.assessment.judgements.clear();
        one.error = one.error.as_ref().map(|_| "\u{b}\u{ffff}<error/>".to_owned());
    }
    let read = python(JUNIT, &junit(&run).unwrap());
    assert_eq!(read["suites"][0]["cases"].as_array().unwrap().len(), run.runs.len());
}

/// A table's rows as GitHub splits them: at every `|` that no backslash stands before.
fn cells(line: &str) -> usize {
    let bytes = line.as_bytes();
    let bars = (0..bytes.len()).filter(|i| bytes[*i] == b'|' && (*i == 0 || bytes[*i - 1] != b'\\'));
    bars.count() - 1
}

fn tables_are_whole(text: &str) {
    let mut wide = None;
    for line in text.lines() {
        if !line.starts_with('|') {
            wide = None;
            continue;
        }
        let count = cells(line);
        assert_eq!(*wide.get_or_insert(count), count, "{line}");
    }
}

#[test]
fn markdown_renderings() {
    for (name, run) in [("smallest", campaign_run::smallest()), ("everything", campaign_run::everything())] {
        let text = markdown(iperftester::i18n::Lang::En, &run);
        tables_are_whole(&text);
        insta::assert_snapshot!(format!("markdown_{name}"), text);
    }
}

#[test]
fn markdown_tells_what_the_terminal_tells() {
    let run = campaign_run::everything();
    let (text, shown) =
        (markdown(iperftester::i18n::Lang::En, &run), terminal(iperftester::i18n::Lang::En, &run, 4000, false));
    for finding in iperftester::report::findings(iperftester::i18n::Lang::En, &run) {
        assert!(text.contains(&finding.sentence), "{}", finding.sentence);
        assert!(shown.contains(&finding.sentence));
    }
    let commands = |text: &str| text.lines().filter(|l| l.starts_with("run ") && l.contains(" on ")).count();
    assert_eq!(commands(&text), commands(&shown));
    assert!(commands(&text) > 20);
}

#[test]
fn markdown_escapes_whatever_it_is_given() {
    let evil = "a|b `c` <script>alert(1)</script> ![x](http://x/y.png) @someone #12\n# head\n| x | y |";
    let mut run = campaign_run::everything();
    run.topology.description = Some(evil.to_owned());
    run.topology.metadata.customer = Some(evil.to_owned());
    for one in &mut run.runs {
        one.error = one.error.as_ref().map(|_| evil.to_owned());
        one.assessment.reason = evil.into();
        for judgement in &mut one.assessment.judgements {
            judgement.reason = evil.into();
        }
    }
    let text = markdown(iperftester::i18n::Lang::En, &run);
    tables_are_whole(&text);
    for banned in ["<script", "\n# head", "![x]", " @someone"] {
        assert!(!text.contains(banned), "{banned}");
    }
    assert_eq!(text.matches("](").count(), text.matches("\\](").count(), "no link is made");
}

#[test]
fn whom_a_report_is_for_stands_in_every_form() {
    let mut run = campaign_run::smallest();
    let [customer, circuit_id, engineer, note] =
        ["Acme & Sons", "ES-4711", "R. Roe", "after the move"].map(|t| Some(t.to_owned()));
    run.topology.metadata = Metadata { customer, circuit_id, engineer, note };
    let read = python(JUNIT, &junit(&run).unwrap());
    let properties = &read["suites"][0]["properties"];
    assert_eq!((&properties["Customer"], &properties["Circuit"]), (&"Acme & Sons".into(), &"ES-4711".into()));
    let document: Value = serde_json::from_str(&json(&run)).unwrap();
    assert_eq!(document["metadata"]["circuit_id"], "ES-4711");
    let forms = [
        terminal(iperftester::i18n::Lang::En, &run, 100, false),
        html(iperftester::i18n::Lang::En, &run).unwrap(),
        markdown(iperftester::i18n::Lang::En, &run),
        csv(&run),
        json_lines(&run),
    ];
    for form in forms {
        for text in ["ES-4711", "R. Roe", "after the move"] {
            assert!(form.contains(text), "{text} in {form}");
        }
        assert!(["Acme & Sons", "Acme &#38; Sons", "Acme &amp; Sons"].iter().any(|t| form.contains(t)), "{form}");
    }
}

#[test]
fn a_terminal_too_narrow_for_the_matrix_says_so() {
    let run = campaign_run::contract_check();
    assert!(
        terminal(iperftester::i18n::Lang::En, &run, 45, false).contains("From (row) to (column)\nThe matrix needs ")
    );
    assert!(!terminal(iperftester::i18n::Lang::En, &run, 140, false).contains("The matrix needs"));
}

#[test]
fn repetitions_have_an_interval_from_six_on() {
    let repeated = |times: u32| {
        let mut builder = campaign_run::Builder::new(campaign_run::offices());
        for repetition in 1..=times {
            builder.repetition = repetition;
            let measured = campaign_run::tcp_measured(90.0 + f64::from(repetition));
            let test = campaign_run::tcp(Direction::Forward);
            builder.run("m1", "s1", "tcp", test, campaign_run::Result::Measured(measured));
        }
        builder.finish()
    };
    let (few, enough) = (repeated(5), repeated(9));
    let figures = |run| {
        let document: Value = serde_json::from_str(&json(run)).unwrap();
        document["statistics"][0]["figures"]["throughput_bits_per_second"].clone()
    };
    assert_eq!(figures(&few)["median_low"], Value::Null);
    // Nine: the second least and the second most (tables of the binomial distribution).
    assert_eq!((&figures(&enough)["median_low"], &figures(&enough)["median_high"]), (&92e6.into(), &98e6.into()));
    assert_eq!((&figures(&enough)["median"], &figures(&enough)["runs"]), (&95e6.into(), &9.into()));
    for form in [
        terminal(iperftester::i18n::Lang::En, &few, 200, false),
        html(iperftester::i18n::Lang::En, &few).unwrap(),
        markdown(iperftester::i18n::Lang::En, &few),
    ] {
        assert!(form.contains("no 95 % interval below 6 runs"), "{form}");
    }
    for form in [
        terminal(iperftester::i18n::Lang::En, &enough, 200, false),
        html(iperftester::i18n::Lang::En, &enough).unwrap(),
        markdown(iperftester::i18n::Lang::En, &enough),
    ] {
        assert!(form.contains("95 % interval of the median 92.0 to 98.0 Mbit/s"), "{form}");
    }
}

/// The cells of Markdown's row of `test` from `sender` to `receiver`.
fn row(text: &str, ends: &str, test: &str) -> Vec<String> {
    let found = text.lines().map(|line| line.split(" | ").map(str::to_owned).collect::<Vec<_>>());
    let mut rows = found.filter(|cells| cells.len() == 9 && cells[0] == format!("| {ends}") && cells[2] == test);
    rows.next().unwrap_or_else(|| panic!("no row of {test} on {ends} in\n{text}"))
}

#[test]
fn a_row_of_markdown_has_its_own_verdict() {
    let mut builder = campaign_run::Builder::new(campaign_run::offices());
    // Half the contracted rate, at a round trip as it should be.
    builder.suite("m1", "s1", 48.0, 12.0, 0.0);
    let text = markdown(Lang::En, &builder.finish());
    let verdict = |test: &str| row(&text, "m1 → s1", test)[8].clone();
    assert_eq!((verdict("tcp").as_str(), verdict("rtt").as_str()), ("✗ fail |", "✓ pass |"));
}

#[test]
fn markdown_and_terminal_tell_what_else_was_found_and_by_which_test() {
    let mtr = |loss_ratio: f64| {
        let Measurement::Path(mut path) = campaign_run::path_measured(&["10.0.9.1", "172.16.0.2"]) else {
            unreachable!()
        };
        for hop in &mut path.hops {
            hop.figures = Some(HopFigures {
                sent_packets: 5,
                loss_ratio,
                rtt_seconds: Some(0.002),
                rtt_min_seconds: Some(0.001),
                rtt_max_seconds: Some(0.003),
                rtt_deviation_seconds: None,
            });
        }
        Measurement::Path(path)
    };
    let mut builder = campaign_run::Builder::new(campaign_run::offices());
    let trace = campaign_run::path_measured(&["10.0.9.1", "172.16.0.2"]);
    builder.run("m1", "s1", "trace", campaign_run::traceroute(), campaign_run::Result::Measured(trace));
    builder.run("m1", "s1", "quality", campaign_run::traceroute(), campaign_run::Result::Measured(mtr(0.2)));
    let found = PathMtuFound { mtu_bytes: Some(1400), black_hole: false, tries: vec![] };
    let mut run = builder.finish();
    let mut third = run.runs[0].clone();
    (third.id, third.test, third.measurement) = (3, campaign_run::name("mtu"), Some(Measurement::PathMtu(found)));
    run.runs.push(third);
    for text in [markdown(Lang::En, &run).replace("&gt;", ">").replace("- ", ""), terminal(Lang::En, &run, 400, false)]
    {
        let figures = "1.00 / 2.00 / 3.00 ms, loses 20 %";
        for line in [
            "m1 → s1, trace: madrid (10.0.9.1) > sevilla (172.16.0.2, macrolan)\n".to_owned(),
            format!("m1 → s1, quality: madrid (10.0.9.1) {figures} > sevilla (172.16.0.2, macrolan) {figures}\n"),
            "Path MTU and connections\n".to_owned(),
            "m1 → s1, mtu: path MTU 1400 B, by 0 packets\n".to_owned(),
        ] {
            assert!(text.contains(&line), "{line}{text}");
        }
    }
}

#[test]
fn processes_side_by_side_are_told_with_the_command() {
    let mut run = campaign_run::contract_check();
    let one = run.runs.iter_mut().find(|r| matches!(r.measurement, Some(Measurement::Throughput(_)))).unwrap();
    let Some(Measurement::Throughput(measured)) = &mut one.measurement else { unreachable!() };
    (measured.processes, measured.streams) = (Some(4), 4);
    let told = "4 processes side by side, each with a port of its own, the first";
    let (id, at) = (one.id, one.source.clone());
    let line = format!("run {id} on {at}, {told}: iperf3 -c");
    let (text, shown) = (markdown(Lang::En, &run), terminal(Lang::En, &run, 120, false));
    assert!(text.contains(&line) && shown.contains(&line), "{shown}");
    assert_eq!(shown.matches(told).count(), 2, "both ends of that run alone");
    assert_eq!(html(Lang::En, &run).unwrap().matches(told).count(), 2);
}
