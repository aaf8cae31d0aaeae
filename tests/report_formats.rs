//! The reports as a whole: stored renderings, and what must hold for every HTML report.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the tests of the verdict")]
#[path = "support/campaign_run.rs"]
mod campaign_run;

use std::collections::BTreeSet;

use iperftester::domain::measurement::Measurement;
use iperftester::domain::run::CampaignRun;
use iperftester::domain::test::{Direction, Iperf3, Test};
use iperftester::i18n::Lang;
use iperftester::report::{html, json, terminal};

fn all() -> [(&'static str, CampaignRun); 4] {
    [
        ("smallest", campaign_run::smallest()),
        ("contract_check", campaign_run::contract_check()),
        ("all_met", campaign_run::all_met()),
        ("everything", campaign_run::everything()),
    ]
}

/// A campaign run whose every free text is an attack on HTML or on a terminal.
fn hostile() -> CampaignRun {
    const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>\u{1b}[31m{{ 7*7 }}";
    let evil = || EVIL.to_owned();
    let mut run = campaign_run::everything();
    run.header.id = evil();
    run.header.version = evil();
    run.topology.description = Some(evil());
    for one in &mut run.runs {
        one.command.push(evil());
        one.raw = evil();
        one.server_raw = Some(evil());
        one.assessment.reason = evil().into();
        one.error = one.error.as_ref().map(|_| evil());
        for judgement in &mut one.assessment.judgements {
            judgement.reason = evil().into();
        }
        match &mut one.measurement {
            Some(Measurement::Throughput(t)) => {
                t.notes.push(evil());
                t.tool_version = Some(evil());
                t.flow.congestion_control = Some(evil());
            }
            Some(Measurement::Path(p)) => {
                for hop in &mut p.hops {
                    hop.addresses.push(evil());
                    hop.annotations.push(evil());
                }
            }
            _ => {}
        }
    }
    for facts in run.facts.values_mut() {
        facts.kernel = evil();
        facts.system = evil();
        facts.congestion_control = Some(evil());
        for interface in &mut facts.interfaces {
            interface.name = evil();
            interface.product = Some(evil());
            interface.addresses.push(evil());
        }
        for version in facts.tools.values_mut() {
            *version = evil();
        }
    }
    run
}

#[test]
fn terminal_renderings() {
    for (name, run) in all() {
        insta::assert_snapshot!(format!("terminal_{name}"), terminal(Lang::En, &run, 120, false));
    }
}

#[test]
fn addresses_of_probes_stand_whole_at_any_width_and_link_local_ones_only_in_json() {
    let run = campaign_run::everything();
    let addresses: Vec<&String> = run.facts.values().flat_map(|f| &f.interfaces).map(|i| &i.addresses[0]).collect();
    for width in [40, 60, 80, 100, 160] {
        let text = terminal(Lang::En, &run, width, false);
        assert!(addresses.iter().all(|a| text.contains(a.as_str())), "{width}:\n{text}");
        assert!(!text.contains("fe80"), "{text}");
    }
    let page = html(Lang::En, &run).unwrap();
    assert!(addresses.iter().all(|a| page.contains(a.as_str())) && !page.contains("fe80"));
    assert!(json(&run).contains("fe80::40cd:1bff:fe67:3d0b/64"));
}

#[test]
fn json_renderings() {
    for (name, run) in [("smallest", campaign_run::smallest()), ("everything", campaign_run::everything())] {
        insta::assert_snapshot!(format!("json_{name}"), json(&run));
    }
}

#[test]
fn a_terminal_report_keeps_to_its_width() {
    for (name, run) in all() {
        for width in [60, 80, 120, 200] {
            for line in terminal(Lang::En, &run, width, false).lines() {
                // A command is copied whole; a table cannot be narrower than its longest words; sentences can.
                if !line.starts_with("run ") && !line.contains(['│', '┆', '─', '═', '╌']) {
                    assert!(line.chars().count() <= width, "{name} at {width}: {line}");
                }
            }
        }
    }
}

#[test]
fn color_is_added_on_request_and_never_says_anything_alone() {
    let run = campaign_run::everything();
    let (plain, colored) = (terminal(Lang::En, &run, 120, false), terminal(Lang::En, &run, 120, true));
    assert!(!plain.contains('\u{1b}'));
    assert!(colored.contains("\u{1b}[31m✗ fail\u{1b}[0m") && colored.contains("\u{1b}[35m? invalid\u{1b}[0m"));
    let mut stripped = colored;
    for code in ["31", "32", "33", "35", "36", "0"] {
        stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(stripped, plain);
}

#[test]
fn what_others_wrote_cannot_steer_the_terminal() {
    assert!(!terminal(Lang::En, &hostile(), 120, false).contains('\u{1b}'));
}

#[test]
fn the_json_document_holds_every_run_with_what_was_asked_of_it() {
    let run = campaign_run::everything();
    let document: serde_json::Value = serde_json::from_str(&json(&run)).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["id"], "check@20261124T120000.000Z");
    assert_eq!(document["started"], "2026-11-24T12:00:00Z");
    assert_eq!(document["duration_override_seconds"], 2.0);
    assert!(document["facts"]["m1"]["kernel"].is_string());
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), run.runs.len());
    let ids: BTreeSet<u64> = runs.iter().map(|r| r["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), runs.len(), "ids are unique");
    let keys = "id source destination test tool direction status started ended command server_command repetition \
                measurement verdict reason judgements causes error raw server_raw source_counters \
                destination_counters link specification";
    for (one, stored) in runs.iter().zip(&run.runs) {
        for key in keys.split_whitespace() {
            assert!(one.get(key).is_some(), "{key} in run {}", one["id"]);
        }
        assert_eq!(one["raw"], stored.raw, "raw is untouched");
        assert!(one["command"].is_array());
    }
    let tcp = runs.iter().find(|r| r["test"] == "tcp" && r["status"] == "ok").unwrap();
    assert_eq!(tcp["measurement"]["throughput_bits_per_second"].as_f64(), Some(76.2e6));
    assert_eq!(
        (&tcp["tool"], &tcp["direction"], &tcp["verdict"]),
        (&"iperf3".into(), &"forward".into(), &"fail".into())
    );
    assert_eq!(tcp["link"], "macrolan");
    let statuses: BTreeSet<&str> = runs.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["failed", "invalid", "ok", "skipped"].into());
    assert!(
        document["findings"][0]
            .as_str()
            .unwrap()
            .starts_with("madrid → sevilla delivers 76.2 of the contracted 100 Mbit/s")
    );
}

#[test]
fn html_is_one_file_without_script_or_anything_from_elsewhere() {
    for (name, run) in all().into_iter().chain([("hostile", hostile())]) {
        let page = html(Lang::En, &run).unwrap();
        for banned in ["<script", "javascript:", "http://", "https://", "@import", "url(", "<link", "<img", "<iframe"] {
            assert!(!page.to_lowercase().contains(banned), "{banned} in {name}");
        }
        assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{}", &page[..80]);
    }
}

#[test]
fn html_escapes_whatever_it_is_given() {
    let page = html(Lang::En, &hostile()).unwrap();
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"));
    well_formed(&page);
}

#[test]
fn html_is_well_formed_and_its_ids_are_unique() {
    for (_, run) in all() {
        let page = html(Lang::En, &run).unwrap();
        well_formed(&page);
        let ids: Vec<&str> = attribute(&page, " id=\"").collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len());
        for target in attribute(&page, " href=\"#") {
            assert!(unique.contains(target), "nothing has the id {target}");
        }
        for target in attribute(&page, " aria-labelledby=\"").flat_map(str::split_whitespace) {
            assert!(unique.contains(target), "nothing has the id {target}");
        }
    }
}

#[test]
fn html_leads_with_the_answer_and_shows_what_is_missing() {
    let page = html(Lang::En, &campaign_run::everything()).unwrap();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in the page"));
    let order = [
        "<h1>madrid → sevilla delivers 76.2 of the contracted 100 Mbit/s (80 % with headers)",
        "Every timed test was shortened to 2 s: figures are indicative.",
        "19 runs: 14 ok, 2 failed, 1 skipped, 2 invalid",
        "<table class=\"matrix\">",
        "Not measured or not judged",
        "<b>1 run of tcp on c1 → m1, skipped</b>",
        "Evidence for each pair",
        "iperf3 -c ",
        "kernel 6.18.0",
    ];
    let places: Vec<usize> = order.iter().map(|text| at(text)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("<svg class=\"chart\"") && page.contains("contract 100 Mbit/s"));
}

#[test]
fn what_to_know_of_a_tool_s_version_stands_with_its_numbers_and_names_its_runs() {
    let mut run = campaign_run::contract_check();
    let first = run.runs.iter_mut().find(|r| r.test.as_str() == "udp").unwrap();
    let Some(Measurement::Throughput(t)) = &mut first.measurement else { unreachable!() };
    t.notes.push("the client shows no loss, a known fault".to_owned());
    let page = html(Lang::En, &run).unwrap();
    assert_eq!(page.matches("<b>Note:</b> the client shows no loss, a known fault").count(), 1);
    assert!(page.contains("<li>1 run of udp on m1 → m2: the client shows no loss, a known fault.</li>"));
    let text = terminal(Lang::En, &run, 200, false);
    assert!(text.contains("1 run of udp on m1 → m2: the client shows no loss, a known fault."), "{text}");
}

#[test]
fn the_matrix_shows_what_the_path_gives_not_what_a_test_was_held_to() {
    let mut builder = campaign_run::Builder::new(campaign_run::offices());
    let free = campaign_run::tcp(Direction::Forward);
    let Test::Iperf3(base) = free.clone() else { unreachable!() };
    let held = Test::Iperf3(Iperf3 { rate_bits_per_second: Some(campaign_run::rate(10)), ..base });
    for (test, specification, megabits) in [("slow", held.clone(), 10.0), ("slow", held, 10.0), ("tcp", free, 95.6)] {
        let measured = campaign_run::Result::Measured(campaign_run::tcp_measured(megabits));
        builder.run("m1", "s1", test, specification, measured);
    }
    let page = html(Lang::En, &builder.finish()).unwrap();
    let matrix = page.split("<table class=\"matrix\">").nth(1).unwrap().split("</table>").next().unwrap();
    assert!(matrix.contains("<span class=\"big\">95.6</span>"), "{matrix}");
    assert!(page.contains("median of 2 runs, variation 0 %"), "equal figures need no range");
}

#[test]
fn repetitions_alike_are_one_reason_with_their_range() {
    let mut builder = campaign_run::Builder::new(campaign_run::offices());
    for (repetition, megabits) in [(1, 88.0), (2, 87.2), (3, 90.7), (4, 80.0)] {
        builder.repetition = repetition;
        let measured = campaign_run::Result::Measured(campaign_run::tcp_measured(megabits));
        builder.run("m1", "s1", "tcp", campaign_run::tcp(Direction::Forward), measured);
    }
    let text = terminal(Lang::En, &builder.finish(), 200, false);
    let why: Vec<&str> = text.split("\nWhy\n").nth(1).unwrap().lines().take_while(|l| !l.is_empty()).collect();
    assert_eq!(
        why,
        [
            "✗ m1 → s1, throughput (tcp #4): 80.0 Mbit/s (83.6 with headers) is 84 % of the contracted 100 Mbit/s, below the 90 % that fails",
            "! m1 → s1, throughput (tcp): 87.2 to 90.7 Mbit/s in 3 runs, the worst #2: 87.2 Mbit/s (91.2 with headers) is 91 % of the \
             contracted 100 Mbit/s, below the 95 % that warns",
        ]
    );
}

#[test]
fn the_table_of_pairs_shows_ways_and_variation() {
    let text = terminal(Lang::En, &campaign_run::everything(), 140, false);
    assert!(text.contains("duplex ↔ ┆ 92.0 Mbit/s (") && text.contains("back ←   ┆ 19.1 Mbit/s ("), "{text}");
    let failing = text.find("│ m1 → s1").unwrap();
    assert!(failing < text.find("│ c1 → m1").unwrap(), "the worst comes first");
}

#[test]
fn a_flow_stands_in_the_cell_of_its_data() {
    let page = html(Lang::En, &campaign_run::everything()).unwrap();
    let section = |pair: &str| {
        let from = page.find(&format!("<details class=\"pair\" id=\"{pair}\"")).unwrap_or_else(|| panic!("no {pair}"));
        let rest = &page[from..];
        &rest[..rest[1..].find("<details class=\"pair\"").unwrap_or(rest.len() - 1)]
    };
    // The reverse run from m1 to c1 carried its data from c1 to m1.
    assert!(section("pair.c1.m1").contains("asked for by m1 (reverse)"));
    assert!(!section("pair.m1.c1").contains("(reverse)"));
    // The bidirectional run stands in both.
    assert!(section("pair.m2.c1").contains("92.0 Mbit/s") && section("pair.c1.m2").contains("18.9 Mbit/s"));
}

#[test]
fn a_mesh_of_2450_runs_stays_a_report() {
    let run = campaign_run::large();
    assert_eq!(run.runs.len(), 2450);
    let page = html(Lang::En, &run).unwrap();
    assert!(page.len() < 12_000_000, "{} bytes", page.len());
    assert_eq!(page.matches("<details class=\"pair\"").count(), 2450);
    assert!(!page.contains("<details class=\"pair\" id=\"pair.p00.p01\" open"), "only what needs attention is open");
    let text = terminal(Lang::En, &run, 120, false);
    assert!(text.lines().count() < 500, "{} lines", text.lines().count());
    assert!(text.contains("site-3 → site-4 delivers 74.5 of the contracted 100 Mbit/s"));
    assert!(text.contains("2,390 more pairs"));
    assert!(serde_json::from_str::<serde_json::Value>(&json(&run)).is_ok());
}

fn attribute<'a>(page: &'a str, opening: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(opening).skip(1).filter_map(|rest| rest.split('"').next())
}

/// Every element is closed in its order, attributes are quoted and no stray bracket is left.
fn well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>') || open.last() == Some(&"style"), "stray > in {:?}", &rest[..start]);
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        assert_eq!(tag.matches('"').count() % 2, 0, "unbalanced quotes in <{tag}>");
        assert!(!tag.contains('<'), "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closing {name}");
        } else if !tag.ends_with('/') && !["meta", "br", "wbr"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}
