//! Campaign runs side by side: what is said of a change, and what is not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "support/campaign_run.rs"]
mod campaign_run;

use std::time::Duration;

use campaign_run::{Builder, Result, offices, ping, ping_measured, tcp, tcp_measured};
use iperftester::domain::run::CampaignRun;
use iperftester::domain::test::{Direction, Iperf3, Test};
use iperftester::i18n::Lang;
use iperftester::report::{Comparison, compare};
use serde_json::Value;

/// A campaign run `id` with repetitions of `tcp` from m1 to s1.
fn repeated(id: &str, rates: &[f64]) -> CampaignRun {
    let mut builder = Builder::new(offices());
    for (repetition, rate) in (1..).zip(rates) {
        builder.repetition = repetition;
        builder.run("m1", "s1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(*rate)));
    }
    let mut run = builder.finish();
    run.header.id = id.to_owned();
    run
}

fn document(comparison: &Comparison) -> Value {
    serde_json::from_str(&comparison.json()).unwrap()
}

fn weight(a: &[f64], b: &[f64]) -> Value {
    let comparison = compare(iperftester::i18n::Lang::En, &[repeated("check@1", a), repeated("check@2", b)]);
    document(&comparison)["figures"][0]["sides"][1]["weight"].clone()
}

#[test]
fn a_verdict_that_changed_comes_first_with_its_figures() {
    let comparison =
        compare(iperftester::i18n::Lang::En, &[repeated("check@1", &[96.0]), repeated("check@2", &[76.0])]);
    let sentence = "m1 → s1: pass → fail, 96.0 → 76.0 Mbit/s (tcp, throughput)";
    assert_eq!(document(&comparison)["verdict_changes"][0]["sentence"], sentence);
    for form in [comparison.terminal(160, false), comparison.markdown(), comparison.html().unwrap()] {
        let (told, figures) = (form.find(sentence).unwrap(), form.find("Figures side by side").unwrap());
        assert!(told < figures, "{form}");
        assert!(form.contains("−21 %, one run each"), "{form}");
    }
    insta::assert_snapshot!("compare_terminal", comparison.terminal(120, false));
    insta::assert_snapshot!("compare_markdown", comparison.markdown());
}

#[test]
fn runs_without_a_flow_in_common_are_said_to_be_incomparable() {
    let with = |id: &str, test: &str, result: Result| {
        let mut builder = Builder::new(offices());
        builder.run("m1", "s1", test, tcp(Direction::Forward), result);
        let mut run = builder.finish();
        run.header.id = id.to_owned();
        run
    };
    let measured = |id, test| with(id, test, Result::Measured(tcp_measured(96.0)));
    let apart = compare(Lang::En, &[measured("a", "tcp"), measured("b", "other")]);
    for form in [apart.terminal(200, false), apart.markdown(), apart.html().unwrap()] {
        assert!(form.contains("no two of the campaign runs have a flow in common"), "{form}");
        assert!(!form.contains("No verdict changed") && !form.contains("Figures side by side"), "{form}");
        assert!(form.contains("only in A"), "{form}");
    }
    let failed = with("b", "tcp", Result::Failed("it broke"));
    let unmeasured = compare(Lang::En, &[failed.clone(), failed]).terminal(200, false);
    assert!(unmeasured.contains("none was measured in two of them"), "{unmeasured}");
}

#[test]
fn nothing_is_claimed_that_the_runs_do_not_show() {
    let six = |from: f64| (0..6).map(|i| from + f64::from(i) / 10.0).collect::<Vec<_>>();
    assert_eq!(weight(&[96.0], &[20.0]), "one-run-each");
    assert_eq!(weight(&six(96.0)[..5], &six(20.0)[..5]), "too-few-runs");
    assert_eq!(weight(&six(96.0), &[20.0]), "too-few-runs");
    assert_eq!(weight(&six(96.0), &six(20.0)), "beyond-noise");
    assert_eq!(weight(&six(96.0), &six(96.3)), "within-noise");
}

#[test]
fn tests_that_were_asked_for_other_things_are_not_compared() {
    let with = |change: fn(Iperf3) -> Iperf3| {
        let Test::Iperf3(base) = tcp(Direction::Forward) else { unreachable!() };
        let mut builder = Builder::new(offices());
        builder.run("m1", "s1", "tcp", Test::Iperf3(change(base)), Result::Measured(tcp_measured(40.0)));
        builder.run("m1", "s1", "rtt", ping(), Result::Measured(ping_measured(20.0, 10)));
        builder.finish()
    };
    let base = with(|t| t);
    let reason = |change| {
        let comparison = compare(iperftester::i18n::Lang::En, &[base.clone(), with(change)]);
        assert!(!comparison.terminal(160, false).contains("one run each, not"), "no claim");
        let document = document(&comparison);
        let figures = document["figures"].as_array().unwrap();
        let of = |test: &str| figures.iter().find(|f| f["test"] == test).unwrap().clone();
        assert_eq!(of("rtt")["sides"][1]["change_ratio"], 0.0, "what was asked alike is compared");
        assert_eq!(of("tcp")["sides"][1]["change_ratio"], Value::Null);
        of("tcp")["not_comparable"].clone()
    };
    let only = |text: &str| Value::from(vec![text]);
    assert_eq!(reason(|t| Iperf3 { duration: Duration::from_secs(2), ..t }), only("B: duration_seconds 4.0 → 2.0"));
    assert_eq!(reason(|t| Iperf3 { streams: 4, ..t }), only("B: streams 1 → 4"));
    let udp = |t: Iperf3| Iperf3 { protocol: iperftester::domain::test::Protocol::Udp, ..t };
    assert_eq!(reason(udp), only("B: protocol tcp → udp"));
    let comparison = compare(iperftester::i18n::Lang::En, &[base.clone(), with(|t| Iperf3 { streams: 4, ..t })]);
    assert!(comparison.terminal(160, false).contains("- Not comparable in 1 flow: B: streams 1 → 4"));
    assert!(comparison.markdown().contains("| not comparable |"));
    // How finely the course is told changes nothing.
    let finer = compare(
        iperftester::i18n::Lang::En,
        &[base.clone(), with(|t| Iperf3 { interval: Duration::from_secs(1), ..t })],
    );
    assert!(!finer.terminal(160, false).contains("not comparable"));
}

#[test]
fn what_is_only_in_one_is_said_and_so_are_other_instruments() {
    let mut other = Builder::new(offices());
    other.run("s1", "m1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(95.0)));
    let mut other = other.finish();
    other.topology.name = campaign_run::name("elsewhere");
    other.header.topology = campaign_run::name("elsewhere");
    other.facts.get_mut(&campaign_run::name("m1")).unwrap().kernel = "6.19.1".to_owned();
    other.topology.links.get_mut(&campaign_run::name("macrolan")).unwrap().contract.loss_ratio = None;
    let text = compare(iperftester::i18n::Lang::En, &[repeated("check@1", &[96.0]), other]).terminal(160, false);
    for told in [
        "- m1 → s1, tcp: only in A",
        "- s1 → m1, tcp: only in B",
        "- B: topology contract-check → elsewhere",
        "- B: kernel of m1 6.18.0 → 6.19.1",
        "- B: not as in A: contract of macrolan (loss)",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
}

#[test]
fn three_are_held_against_the_first() {
    let runs = [repeated("a", &[96.0]), repeated("b", &[76.0]), repeated("c", &[90.0])];
    let comparison = compare(iperftester::i18n::Lang::En, &runs);
    let document = document(&comparison);
    assert_eq!(document["compared"].as_array().unwrap().len(), 3);
    assert!(document["verdict_changes"][0]["sentence"].as_str().unwrap().contains("pass → fail → warn"));
    let change = |i: usize| document["figures"][0]["sides"][i]["change_ratio"].as_f64().unwrap();
    assert!((change(1) + 20.0 / 96.0).abs() < 1e-12 && (change(2) + 6.0 / 96.0).abs() < 1e-12);
    let rows = comparison.csv();
    assert_eq!(rows.lines().count(), 1 + 3);
    assert!(rows.lines().nth(2).unwrap().starts_with("B,b,contract-check,check,m1,s1,tcp,forward,m1,"));
}

#[test]
fn equal_campaign_runs_differ_in_nothing() {
    let run = campaign_run::everything();
    let comparison = compare(iperftester::i18n::Lang::En, &[run.clone(), run]);
    let document = document(&comparison);
    for empty in ["verdict_changes", "remarks", "only_in_some"] {
        let found = document[empty].as_array().unwrap();
        assert!(
            found.iter().all(|r| r.as_str().is_some_and(|r| r.ends_with("was stopped before its end"))),
            "{found:?}"
        );
    }
    assert!(comparison.terminal(100, false).contains("No verdict changed."));
}

#[test]
fn every_field_of_a_comparison_is_explained() {
    let guide = std::fs::read_to_string("docs/guide/json.md").unwrap();
    let document = document(&compare(iperftester::i18n::Lang::En, &[repeated("a", &[96.0]), repeated("b", &[76.0])]));
    let mut left = vec![&document];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => {
                for (key, inner) in fields {
                    assert!(guide.contains(&format!("`{key}`")), "docs/guide/json.md does not name {key}");
                    left.push(inner);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn a_page_of_a_comparison_needs_nothing_from_elsewhere() {
    let mut evil = repeated("<script>", &[96.0]);
    evil.topology.metadata.note = Some("<img src=x onerror=alert(1)>".to_owned());
    let page = compare(iperftester::i18n::Lang::En, &[evil, repeated("b", &[76.0])]).html().unwrap();
    for banned in ["<script", "javascript:", "http://", "https://", "@import", "url(", "<link", "<img", "<iframe"] {
        assert!(!page.to_lowercase().contains(banned), "{banned}");
    }
}

#[test]
fn from_nothing_to_nothing_is_no_change() {
    let with_loss = |id: &str, loss: f64| {
        let mut builder = campaign_run::Builder::new(campaign_run::offices());
        let measured = campaign_run::Result::Measured(campaign_run::udp_measured(50.0, 0.0, loss));
        builder.run("m1", "s1", "udp", campaign_run::udp(50_000_000), measured);
        let mut run = builder.finish();
        run.header.id = id.to_owned();
        run
    };
    let told = |loss| compare(Lang::En, &[with_loss("a", 0.0), with_loss("b", loss)]).terminal(200, false);
    let line = |text: &str| text.lines().find(|l| l.starts_with('│') && l.contains("loss")).unwrap().to_owned();
    assert!(line(&told(0.0)).contains("±0 %, one run each"), "{}", told(0.0));
    assert!(line(&told(0.5)).contains("from zero, one run each"), "{}", told(0.5));
}
