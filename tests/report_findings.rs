//! The answer that a report leads with.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the tests of the verdict")]
#[path = "support/campaign_run.rs"]
mod campaign_run;

use std::time::Duration;

use campaign_run::{
    Builder, Result, both_measured, offices, ping, ping_measured, rate, tcp, tcp_measured, topology, udp, udp_measured,
};
use iperftester::domain::campaign::{Budget, Campaign, Limit, Limits, Metric};
use iperftester::domain::group::{Group, Shape};
use iperftester::domain::measurement::Measurement;
use iperftester::domain::run::CampaignRun;
use iperftester::domain::test::{Direction, Directions, Iperf3, Iperf3Definition, OfferedRate, Test, TestDefinition};
use iperftester::domain::topology::{Contract, Directed};
use iperftester::domain::unit::{Bitrate, Ratio};
use iperftester::i18n::Lang;
use iperftester::report::{findings, html, terminal};

fn sentences(run: &CampaignRun) -> Vec<String> {
    findings(Lang::En, run).into_iter().map(|f| format!("{}: {}", f.verdict, f.sentence)).collect()
}

fn measured(runs: &[(&str, &str, f64)]) -> CampaignRun {
    let mut builder = Builder::new(offices());
    for (from, to, megabits) in runs {
        builder.run(from, to, "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(*megabits)));
    }
    builder.finish()
}

#[test]
fn a_rate_that_the_budget_held_back_is_told() {
    let run = |limit: u64, asked: u64| {
        let mut run = measured(&[("m1", "s1", 48.0)]);
        let Test::Iperf3(test) = &mut run.runs[0].specification else { panic!("iperf3 measured it") };
        test.rate_bits_per_second = Bitrate::new(asked);
        let budget = Budget { max_rate_bits_per_second: Bitrate::new(limit), bytes_per_day: None };
        let (group, tests) = ("all".parse().unwrap(), vec!["tcp".parse().unwrap()]);
        let campaign = Campaign { group, tests, repeat: 1, expect: None, schedule: None, budget };
        run.topology.campaigns.insert(run.header.campaign.clone(), campaign);
        terminal(Lang::En, &run, 100, false).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told = "TCP was held to 50 Mbit/s by the campaign's budget";
    assert!(run(50_000_000, 50_000_000).contains(told));
    assert!(!run(50_000_000, 10_000_000).contains(told), "it asked for less by itself");
}

#[test]
fn a_link_between_sites_is_one_finding_per_direction_and_metric() {
    assert_eq!(
        sentences(&campaign_run::contract_check()),
        [
            "fail: madrid → sevilla delivers 76.2 of the contracted 100 Mbit/s (80 % with headers), the best of 2 pairs",
            "fail: sevilla → madrid delivers 76.4 of the contracted 100 Mbit/s (80 % with headers), the best of 2 pairs",
            "fail: madrid → sevilla loses 19.8 % of its packets in UDP at 97.2 Mbit/s on the best of 2 pairs; \
             the contract allows 0.1 %",
            "fail: sevilla → madrid loses 19.7 % of its packets in UDP at 97.2 Mbit/s on the best of 2 pairs; \
             the contract allows 0.1 %",
            "pass: The contract of adsl is met: madrid → cadiz delivers 95.6 of 100 Mbit/s, \
             cadiz → madrid delivers 19.1 of 20 Mbit/s",
        ]
    );
}

#[test]
fn one_pair_needs_no_words_about_pairs() {
    let all = sentences(&measured(&[("m1", "s1", 76.2)]));
    assert_eq!(all[0], "fail: madrid → sevilla delivers 76.2 of the contracted 100 Mbit/s (80 % with headers)");
}

#[test]
fn the_worst_comes_first() {
    let all = sentences(&measured(&[("m1", "s1", 85.0), ("s1", "m1", 40.0), ("m1", "c1", 89.0)]));
    assert!(all[0].starts_with("fail: sevilla → madrid delivers 40.0"), "{all:?}");
    assert!(all[1].starts_with("fail: madrid → sevilla delivers 85.0"), "{all:?}");
    assert!(all[2].starts_with("warn: madrid → cadiz delivers 89.0"), "{all:?}");
}

#[test]
fn a_shortfall_of_some_runs_says_of_how_many() {
    let all = sentences(&measured(&[("m1", "s1", 95.6), ("m2", "s1", 50.2)]));
    assert_eq!(
        all[0],
        "fail: madrid → sevilla delivers 50.2 of the contracted 100 Mbit/s (52 % with headers) in 1 of 2 runs, worst on m2 → s1"
    );
}

#[test]
fn repetitions_speak_by_their_median() {
    let all = sentences(&measured(&[("m1", "s1", 70.0), ("m1", "s1", 76.2), ("m1", "s1", 84.0)]));
    assert_eq!(all[0], "fail: madrid → sevilla delivers 76.2 of the contracted 100 Mbit/s (80 % with headers)");
}

#[test]
fn when_everything_is_met_one_sentence_says_so() {
    let all = sentences(&campaign_run::all_met());
    assert_eq!(
        all,
        ["pass: Both contracts are met, of adsl and of macrolan: madrid → cadiz delivers 95.6 of 100 Mbit/s, \
          cadiz → madrid delivers 19.1 of 20 Mbit/s, madrid → sevilla delivers 95.6 of 100 Mbit/s, \
          sevilla → madrid delivers 95.5 of 100 Mbit/s"]
    );
    // Only what was measured is called met.
    let half = sentences(&measured(&[("m1", "c1", 95.6)]));
    assert_eq!(
        half,
        ["pass: The contract of adsl is met as far as measured: madrid → cadiz delivers 95.6 of 100 Mbit/s"]
    );
}

#[test]
fn less_than_the_contract_is_never_called_met_by_a_lenient_campaign() {
    let mut builder = Builder::new(offices());
    let lenient = Limits { warn: None, fail: Some(Limit::OfContract(0.5)) };
    builder.expectations = Some([(Metric::Throughput, lenient)].into());
    builder.run("m1", "c1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(76.2)));
    assert_eq!(
        sentences(&builder.finish()),
        [
            "none: madrid → cadiz delivers 76.2 of the contracted 100 Mbit/s (80 % with headers), within what the campaign expects"
        ]
    );
}

#[test]
fn figures_of_different_tests_are_never_mixed() {
    let mut builder = Builder::new(offices());
    let once = |megabits| Result::Measured(tcp_measured(megabits));
    builder.run("m1", "s1", "tcp", tcp(Direction::Forward), once(10.1));
    builder.run("m1", "s1", "both", tcp(Direction::Bidirectional), Result::Measured(both_measured(44.3, 95.6)));
    builder.run("m1", "s1", "other", tcp(Direction::Forward), once(95.6));
    builder.repetition = 2;
    builder.run("m1", "s1", "tcp", tcp(Direction::Forward), once(10.3));
    let run = builder.finish();
    let all = sentences(&run);
    assert_eq!(
        all[0], "fail: madrid → sevilla delivers 10.2 of the contracted 100 Mbit/s (11 % with headers) with tcp",
        "the median of the worst test, and not of all: {all:?}"
    );
}

#[test]
fn a_silence_in_a_test_is_a_finding() {
    let mut builder = Builder::new(offices());
    let Measurement::Throughput(mut measured) = tcp_measured(95.6) else { unreachable!() };
    for interval in measured.flow.intervals.iter_mut().skip(4) {
        interval.throughput_bits_per_second = 0.0;
    }
    builder.run("m1", "s1", "tcp", tcp(Direction::Forward), Result::Measured(Measurement::Throughput(measured)));
    let all = sentences(&builder.finish());
    assert_eq!(all[0], "warn: tcp: nothing passed from m1 to s1 for 3.00 s of the 4.00 s that the test took");
}

#[test]
fn a_rate_that_was_never_offered_is_not_held_against_the_link() {
    let mut builder = Builder::new(offices());
    let lenient = Limits { warn: None, fail: Some(Limit::BitsPerSecond(rate(40))) };
    builder.expectations = Some([(Metric::Throughput, lenient)].into());
    builder.run("m1", "c1", "slow", udp(50_000_000), Result::Measured(udp_measured(50.0, 0.0, 0.0)));
    assert_eq!(
        sentences(&builder.finish()),
        ["none: Whether adsl keeps its contract is not known: no valid run was judged against it"]
    );
}

#[test]
fn without_a_contract_the_main_figures_are_told() {
    assert_eq!(
        sentences(&campaign_run::smallest()),
        [
            "none: alpha → beta delivers 9.41 Gbit/s over TCP",
            "none: alpha → beta takes 45 µs for a round trip",
            "none: No contract covers what was measured, so nothing was judged",
        ]
    );
    let mut builder = Builder::new(topology(&[("a", ""), ("b", ""), ("c", "")]));
    for (from, to, megabits) in [("a", "b", 900.0), ("b", "c", 300.0), ("c", "a", 600.0)] {
        builder.run(from, to, "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(megabits)));
    }
    assert_eq!(
        sentences(&builder.finish())[0],
        "none: 3 pairs deliver 300 Mbit/s (b → c) to 900 Mbit/s (a → b) over TCP"
    );
}

#[test]
fn what_a_slow_sender_never_sent_is_not_called_what_the_path_delivers() {
    let short = |shaped: Option<Bitrate>| {
        let mut offices = offices();
        let link = offices.links.get_mut("adsl").unwrap();
        link.contract = Contract::default();
        link.impair.rate_bits_per_second = Directed { a_to_b: shaped, b_to_a: shaped };
        let mut builder = Builder::new(offices);
        let Measurement::Throughput(mut measured) = udp_measured(999.0, 0.0, 0.003) else { panic!("no throughput") };
        measured.flow.sent_bits_per_second = Some(1_003_000_000.0);
        builder.run("m1", "c1", "udp", udp(10_900_000_000), Result::Measured(Measurement::Throughput(measured)));
        sentences(&builder.finish())[0].clone()
    };
    let not_shown = "none: What m1 → c1 carries over UDP is not shown: m1 sent 1.00 of the 10.9 Gbit/s asked";
    assert_eq!(short(None), not_shown);
    assert_eq!(
        short(Bitrate::new(1_000_000_000)),
        "none: m1 → c1 delivers 999 Mbit/s over UDP",
        "the shaper's is the path's"
    );
}

#[test]
fn an_absolute_limit_on_an_open_path_names_the_probes() {
    let mut builder = Builder::new(topology(&[("a", ""), ("b", "")]));
    let limit = Limits { warn: None, fail: Some(Limit::BitsPerSecond(rate(100))) };
    builder.expectations = Some([(Metric::Throughput, limit)].into());
    builder.run("a", "b", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(76.2)));
    let all = sentences(&builder.finish());
    assert_eq!(all[0], "fail: a → b delivers 76.2 Mbit/s, below the 100 Mbit/s expected");
}

#[test]
fn a_finding_names_the_limit_that_was_missed_and_not_the_contract() {
    let mut builder = Builder::new(offices());
    let throughput = Limits { warn: Some(Limit::BitsPerSecond(rate(97))), fail: None };
    let rtt = Limits { warn: None, fail: Some(Limit::time(Duration::from_micros(30))) };
    builder.expectations = Some([(Metric::Throughput, throughput), (Metric::Rtt, rtt)].into());
    builder.run("m1", "s1", "rtt", ping(), Result::Measured(ping_measured(0.044, 10)));
    builder.run("m1", "s1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(95.7)));
    let all = sentences(&builder.finish());
    assert_eq!(all[0], "fail: madrid ↔ sevilla takes 44 µs for a round trip, more than the 30 µs expected");
    assert_eq!(all[1], "warn: madrid → sevilla delivers 95.7 Mbit/s, below the 97 Mbit/s expected");
}

#[test]
fn more_than_a_thousand_times_the_unit_has_its_own() {
    assert_eq!(
        sentences(&measured(&[("m1", "c1", 16_827.0)])),
        ["pass: The contract of adsl is met as far as measured: madrid → cadiz delivers 16.8 Gbit/s of 100 Mbit/s"]
    );
}

#[test]
fn tcp_speaks_where_both_protocols_fall_short_and_udp_where_only_it_does() {
    let run = |tcp_megabits| {
        let mut builder = Builder::new(offices());
        builder.run("m1", "c1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(tcp_megabits)));
        let received = udp_measured(60.0, 0.0, 0.0);
        builder.run("m1", "c1", "udp", udp(97_180_000), Result::Measured(received));
        sentences(&builder.finish())
    };
    assert_eq!(run(76.2)[0], "fail: madrid → cadiz delivers 76.2 of the contracted 100 Mbit/s (80 % with headers)");
    assert_eq!(
        run(95.6)[0],
        "fail: madrid → cadiz delivers 60.0 of the contracted 100 Mbit/s (62 % with headers) over UDP"
    );
}

#[test]
fn a_round_trip_is_one_finding_for_both_ways() {
    let mut builder = Builder::new(offices());
    builder.run("m1", "s1", "rtt", ping(), Result::Measured(ping_measured(24.1, 10)));
    builder.run("s1", "m1", "rtt", ping(), Result::Measured(ping_measured(24.6, 10)));
    let all = sentences(&builder.finish());
    let told: Vec<&String> = all.iter().filter(|s| s.contains("round trip")).collect();
    assert_eq!(
        told,
        ["fail: madrid ↔ sevilla takes 24.1 ms for a round trip on the best of 2 pairs; the contract allows 20 ms"]
    );
}

#[test]
fn what_could_not_be_measured_is_a_finding() {
    let all = sentences(&campaign_run::everything());
    let has = |text: &str| all.iter().any(|s| s == text);
    assert!(
        has(
            "none: 2 runs from c1 to s1 could not be measured: iperf3 reports: unable to connect to server: Connection refused"
        ),
        "{all:#?}"
    );
    assert!(has("none: 1 run from c1 to m1 could not be measured: m1 does not answer c1 (ICMP echo)"), "{all:#?}");
    assert!(has("none: 21 of 40 planned runs were not made: the campaign was stopped before them"), "{all:#?}");
    assert!(
        all.iter().any(|s| s.starts_with("invalid: 1 run of tcp on m1 → c1 says nothing about the link")),
        "{all:#?}"
    );
    let rank = |s: &String| ["fail", "invalid", "none", "warn", "pass"].iter().position(|w| s.starts_with(w));
    assert!(all.iter().map(rank).is_sorted(), "{all:#?}");
}

#[test]
fn a_dead_pair_leads_and_is_told_once() {
    let dead = |topology| {
        let mut builder = Builder::new(topology);
        let refused = "iperf3 reports: unable to connect to server: No route to host";
        builder.run("m1", "s1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(10.0)));
        builder.run("m1", "c1", "rtt", ping(), Result::Measured(ping_measured(0.0, 0)));
        builder.run("m1", "c1", "tcp", tcp(Direction::Forward), Result::Failed(refused));
        builder
    };
    let run = dead(offices()).finish();
    let all = sentences(&run);
    assert_eq!(all[0], "fail: Nothing passes between c1 and m1");
    assert!(all[1].starts_with("fail: madrid → sevilla delivers 10.0"), "{all:#?}");
    assert!(!all.iter().skip(1).any(|s| s.starts_with("fail") && s.contains("cadiz")), "{all:#?}");
    assert!(
        terminal(Lang::En, &run, 120, false).contains("│ m1 → c1   ┆ rtt"),
        "{}",
        terminal(Lang::En, &run, 120, false)
    );
    let mut filtered = dead(offices());
    filtered.run("c1", "m1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(19.1)));
    assert_eq!(sentences(&filtered.finish())[0], "fail: No echo request from m1 to c1 was answered");
    // One of several pings is a shortfall as any other.
    let mut once = dead(offices());
    once.run("m1", "c1", "rtt", ping(), Result::Measured(ping_measured(24.0, 10)));
    let all = sentences(&once.finish());
    assert!(
        all.iter().any(|s| s.starts_with("fail: madrid ↔ cadiz: none of 10 echo requests was answered")),
        "{all:#?}"
    );
    // Without a contract nobody promised anything, and yet it was not measured.
    let mut open = offices();
    open.links.clear();
    let run = dead(open).finish();
    assert_eq!(sentences(&run)[0], "none: Nothing passes between c1 and m1");
    let text = terminal(Lang::En, &run, 120, false);
    assert!(text.contains("∅ not measured │") && !text.contains("✗"), "{text}");
}

#[test]
fn a_campaign_stopped_before_its_first_run_has_no_empty_tables() {
    let mut run = Builder::new(offices()).finish();
    (run.header.interrupted, run.header.planned_runs) = (true, 4);
    let text = terminal(Lang::En, &run, 120, false);
    assert!(text.contains("4 of 4 planned runs: the campaign was stopped before them"), "{text}");
    assert!(!text.contains("Pairs (0)"), "{text}");
    let page = html(Lang::En, &run).unwrap();
    assert!(!page.contains("Evidence for each pair") && !page.contains("<table class=\"matrix\""));
}

#[test]
fn one_broken_path_is_one_finding_for_all_its_tests_and_both_ways() {
    let skip = |both: bool| {
        let mut builder = Builder::new(offices());
        let ways = [("c1", "m1", "10.0.0.1"), ("m1", "c1", "10.0.0.9")];
        for (from, to, address) in ways.into_iter().take(if both { 2 } else { 1 }) {
            let icmp = format!("{from} cannot reach {to}: ICMP echo to {address}: no answer within 2 s");
            let port = format!("{from} cannot reach {to}: TCP port 5201 of {address}: no answer within 2 s");
            builder.run(from, to, "rtt", ping(), Result::Skipped(icmp.leak()));
            builder.run(from, to, "tcp", tcp(Direction::Forward), Result::Skipped(port.leak()));
        }
        builder.run("m1", "s1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(76.2)));
        sentences(&builder.finish())
    };
    assert_eq!(
        skip(true)[1],
        "none: 4 runs on 2 pairs could not be measured: c1 and m1 cannot reach each other: \
         ICMP echo to 10.0.0.1: no answer within 2 s; ICMP echo to 10.0.0.9: no answer within 2 s; \
         TCP port 5201 of 10.0.0.1: no answer within 2 s; TCP port 5201 of 10.0.0.9: no answer within 2 s"
    );
    assert_eq!(
        skip(false)[1],
        "none: 2 runs from c1 to m1 could not be measured: c1 cannot reach m1: \
         ICMP echo to 10.0.0.1: no answer within 2 s; TCP port 5201 of 10.0.0.1: no answer within 2 s"
    );
}

#[test]
fn what_cannot_be_run_at_all_comes_last_and_failures_stay_before_it() {
    let mut builder = Builder::new(offices());
    let Test::Iperf3(base) = udp(1) else { unreachable!() };
    let without_rate = Test::Iperf3(Iperf3 { rate_bits_per_second: None, ..base.clone() });
    let definition = Iperf3Definition { base, directions: Directions::Forward, rate: None };
    let rate = Some(OfferedRate::Contract(Ratio::new(1.0).unwrap()));
    let definition = TestDefinition::Iperf3(Iperf3Definition { rate, ..definition });
    builder.topology.tests.insert(campaign_run::name("udp"), definition);
    let why = "`udp` takes its rate from the contract, and no link with a contract lies on this path";
    for (from, to) in [("m1", "m2"), ("m2", "m1"), ("s1", "c1")] {
        builder.run(from, to, "udp", without_rate.clone(), Result::Skipped(why));
    }
    builder.run("m1", "c1", "udp", udp(97_180_000), Result::Failed("iperf3 reports: it broke"));
    builder.run("m1", "c1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(95.6)));
    assert_eq!(
        sentences(&builder.finish()),
        [
            "none: 1 run from m1 to c1 could not be measured: iperf3 reports: it broke".to_owned(),
            "pass: The contract of adsl is met as far as measured: madrid → cadiz delivers 95.6 of 100 Mbit/s"
                .to_owned(),
            format!("none: 3 runs of udp on m1 → m2, m2 → m1, s1 → c1 were left out: {why}"),
        ]
    );
}

#[test]
fn an_invalid_run_never_accuses_the_link() {
    let mut builder = Builder::new(offices());
    builder.wait = 0.5;
    builder.run("m1", "s1", "tcp", tcp(Direction::Forward), Result::Measured(tcp_measured(30.0)));
    let all = sentences(&builder.finish());
    assert!(all.iter().all(|s| !s.starts_with("fail") && !s.contains("delivers")), "{all:?}");
    assert_eq!(all[1], "none: Whether macrolan keeps its contract is not known: no valid run was judged against it");
}

#[test]
fn nothing_at_all_is_said_to_be_nothing() {
    let all = sentences(&Builder::new(topology(&[("a", ""), ("b", "")])).finish());
    assert_eq!(all, ["none: Nothing was measured: no run was made"]);
}

#[test]
fn a_contract_that_an_interrupted_campaign_did_not_reach_is_not_said_to_lie_elsewhere() {
    let mut builder = campaign_run::Builder::new(campaign_run::offices());
    builder
        .topology
        .links
        .insert(campaign_run::name("apart"), campaign_run::link("sevilla", "cadiz", campaign_run::whole_contract()));
    let pairs = ["s1", "c1"].map(|to| (campaign_run::name("m1"), campaign_run::name(to))).to_vec();
    let group = Group { shape: Shape::Pairs(pairs), one_way: true, only_destinations: [].into() };
    builder.topology.groups.insert(campaign_run::name("spokes"), group);
    let campaign = Campaign {
        group: campaign_run::name("spokes"),
        tests: vec![campaign_run::name("tcp")],
        repeat: 1,
        expect: None,
        schedule: None,
        budget: Budget::default(),
    };
    builder.topology.campaigns.insert(campaign_run::name("check"), campaign);
    builder.suite("m1", "s1", 95.0, 12.0, 0.0);
    let mut run = builder.finish();
    (run.header.planned_runs, run.header.interrupted) = (8, true);
    let told = terminal(Lang::En, &run, 200, false);
    assert!(told.contains("contract of adsl: not reached: the campaign was interrupted"), "{told}");
    assert!(told.contains("contract of apart: no run of this campaign crosses it"), "{told}");
    let told = terminal(Lang::Es, &run, 200, false);
    assert!(told.contains("contrato de adsl: sin alcanzar: la campaña se interrumpió"), "{told}");
    (run.header.planned_runs, run.header.interrupted) = (4, false);
    let told = terminal(Lang::En, &run, 200, false);
    assert!(told.contains("contract of adsl, apart: no run of this campaign crosses it"), "{told}");
}

#[test]
fn a_note_on_a_reverse_run_names_the_way_of_the_data() {
    let mut builder = campaign_run::Builder::new(campaign_run::offices());
    let Measurement::Throughput(mut measured) = campaign_run::udp_measured(50.0, 0.0, 0.0) else { unreachable!() };
    measured.notes =
        vec!["the client shows no loss, a known fault with an older server: it is the server's count".into()];
    let Test::Iperf3(mut udp) = campaign_run::udp(50_000_000) else { unreachable!() };
    udp.direction = Direction::Reverse;
    let result = campaign_run::Result::Measured(Measurement::Throughput(measured));
    builder.run("m1", "s1", "down", Test::Iperf3(udp), result);
    let told = terminal(Lang::En, &builder.finish(), 200, false);
    assert!(told.contains("1 run of down on s1 → m1: the client shows no loss"), "{told}");
}
