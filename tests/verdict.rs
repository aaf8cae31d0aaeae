//! Every rule of the verdict, one by one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the tests of the reports")]
#[path = "support/campaign_run.rs"]
mod campaign_run;

use std::time::Duration;

use campaign_run::{
    both_measured, counters, name, offices, path_measured, ping, ping_measured, rate, tcp, tcp_measured,
};
use campaign_run::{traceroute, udp, udp_measured};
use iperftester::domain::campaign::{Expectations, Limit, Limits, Metric};
use iperftester::domain::counters::{EndCounters, InterfaceGrowth, TcpLimits, UdpGrowth};
use iperftester::domain::measurement::{Measurement, PathMtuFound, Segment};
use iperftester::domain::run::RunStatus;
use iperftester::domain::test::{Direction, Family, Iperf3, PathMtu, Test};
use iperftester::domain::topology::Directed;
use iperftester::domain::unit::Ratio;
use iperftester::domain::verdict::{Assessment, CauseKind, Judgement, Verdict};
use iperftester::i18n::Lang;
use iperftester::verdict::{CPU_STARVED_RATIO, Outcome, RunInput, account, assess, default_limits, judgement_reason};

/// A run to be judged; both ends are calm unless told otherwise.
struct Case {
    ends: (&'static str, &'static str),
    test: Test,
    measured: Measurement,
    expect: Option<Expectations>,
    wait: (f64, f64),
    /// Datagrams that found no room at the destination, of 10 000 that arrived.
    dropped: u64,
    /// Packets that the source's queue and its device dropped, beside 10 000 that left.
    unsent: (u64, u64),
    /// Share of the time that the source's TCP waited for the destination's window.
    window: f64,
}

impl Case {
    fn new(ends: (&'static str, &'static str), test: Test, measured: Measurement) -> Self {
        Self { ends, test, measured, expect: None, wait: (0.02, 0.02), dropped: 0, unsent: (0, 0), window: 0.013 }
    }

    fn tcp(megabits: f64) -> Self {
        Self::new(("m1", "s1"), tcp(Direction::Forward), tcp_measured(megabits))
    }

    fn expecting(mut self, limits: &[(Metric, Limits)]) -> Self {
        self.expect = Some(limits.iter().copied().collect());
        self
    }

    fn waiting(mut self, source: f64, destination: f64) -> Self {
        self.wait = (source, destination);
        self
    }

    fn judge(&self) -> (RunStatus, Assessment) {
        let tcp = TcpLimits {
            busy_seconds: Some(4.0),
            receive_window_limited_seconds: Some(4.0 * self.window),
            ..TcpLimits::default()
        };
        let udp = UdpGrowth {
            in_datagrams: 10_000 - self.dropped,
            receive_buffer_errors: self.dropped,
            ..UdpGrowth::default()
        };
        let (source, destination) = (name(self.ends.0), name(self.ends.1));
        assess(&RunInput {
            source: &source,
            destination: &destination,
            test: &self.test,
            outcome: Outcome::Measured(&self.measured),
            topology: &offices(),
            expectations: self.expect.as_ref(),
            source_counters: Some(&EndCounters { tcp: vec![tcp], ..self.sending() }),
            destination_counters: Some(&EndCounters { udp, ..counters(self.wait.1) }),
        })
    }

    /// The source's interfaces: the one that the run leaves by, and one that somebody else's data leave by.
    fn sending(&self) -> EndCounters {
        let (queue_dropped, tx_dropped) = self.unsent;
        let own = InterfaceGrowth {
            tx_packets: 10_000,
            tx_dropped,
            queue_dropped: Some(queue_dropped),
            ..Default::default()
        };
        let other = InterfaceGrowth { tx_packets: 100, queue_dropped: Some(900), ..Default::default() };
        EndCounters { interfaces: vec![other, own], ..counters(self.wait.0) }
    }

    fn verdict(&self) -> Verdict {
        self.judge().1.verdict
    }

    fn judgement(&self, metric: Metric) -> Option<Judgement> {
        self.judge().1.judgements.into_iter().find(|j| j.metric == metric)
    }
}

fn told(assessment: &Assessment) -> String {
    account(Lang::En, assessment)
}

fn why(judgement: &Judgement) -> String {
    judgement_reason(Lang::En, judgement)
}

fn fail(limit: Limit) -> Limits {
    Limits { warn: None, fail: Some(limit) }
}

#[test]
fn throughput_limits_are_lower_bounds() {
    for (megabits, verdict) in [
        (110.0, Verdict::Pass),
        (100.0, Verdict::Pass),
        (95.001, Verdict::Pass),
        (94.999, Verdict::Warn),
        (90.001, Verdict::Warn),
        (89.999, Verdict::Fail),
        (0.0, Verdict::Fail),
    ] {
        // Of each frame of 1514 bytes 1448 are payload.
        let (status, assessment) = Case::tcp(megabits * 1448.0 / 1514.0).judge();
        assert_eq!((status, assessment.verdict), (RunStatus::Ok, verdict), "{megabits}: {}", told(&assessment));
    }
}

#[test]
fn the_others_are_upper_bounds() {
    let pinged = |ms| Case::new(("m1", "s1"), ping(), ping_measured(ms, 10)).verdict();
    assert_eq!((pinged(19.9), pinged(20.0), pinged(20.01)), (Verdict::Pass, Verdict::Pass, Verdict::Fail));
    let at = |jitter, loss| Case::new(("m1", "s1"), udp(97_180_000), udp_measured(97.0, jitter, loss)).verdict();
    assert_eq!(at(0.0049, 0.0009), Verdict::Pass);
    assert_eq!(at(0.0051, 0.0), Verdict::Fail);
    assert_eq!(at(0.0, 0.0011), Verdict::Fail);
}

#[test]
fn a_path_mtu_limit_is_a_lower_bound() {
    let test = || Test::PathMtu(PathMtu { largest: None, timeout: Duration::from_secs(1), family: None });
    let found = |mtu_bytes, black_hole| {
        let measured = Measurement::PathMtu(PathMtuFound { mtu_bytes, black_hole, tries: vec![] });
        Case::new(("m1", "s1"), test(), measured)
    };
    let limits = [(Metric::Mtu, Limits { warn: Some(Limit::Bytes(1500)), fail: Some(Limit::Bytes(1400)) })];
    let judged = |mtu, hole| found(mtu, hole).expecting(&limits).judge().1;
    let verdict = |mtu| judged(mtu, false).verdict;
    assert_eq!((verdict(Some(9000)), verdict(Some(1500))), (Verdict::Pass, Verdict::Pass));
    assert_eq!(
        (verdict(Some(1499)), verdict(Some(1400)), verdict(Some(1399))),
        (Verdict::Warn, Verdict::Warn, Verdict::Fail)
    );
    assert_eq!(verdict(None), Verdict::None, "nothing came through, which a ping judges");
    assert_eq!(told(&judged(Some(1492), false)), "a path MTU of 1492 B is below the 1500 B that warns");
    let hole = told(&judged(Some(1392), true));
    assert_eq!(
        hole,
        "a path MTU of 1392 B is below the 1400 B that fails; larger packets vanish without a word, so that connections over \
         this path may hang"
    );
}

#[test]
fn reasons_are_sentences_with_numbers_and_units() {
    let reason = |case: Case| told(&case.judge().1);
    assert_eq!(
        reason(Case::tcp(76.2)),
        "76.2 Mbit/s (79.7 with headers) is 80 % of the contracted 100 Mbit/s, below the 90 % that fails"
    );
    assert_eq!(
        reason(Case::tcp(89.0)),
        "89.0 Mbit/s (93.1 with headers) is 93 % of the contracted 100 Mbit/s, below the 95 % that warns"
    );
    assert_eq!(
        reason(Case::tcp(95.6)),
        "95.6 Mbit/s (100 with headers) is 100 % of the contracted 100 Mbit/s, at least the usual 95 %"
    );
    let expected = Limits { warn: Some(Limit::OfContract(0.95)), fail: Some(Limit::OfContract(0.9)) };
    assert_eq!(
        reason(Case::tcp(95.6).expecting(&[(Metric::Throughput, expected)])),
        "95.6 Mbit/s (100 with headers) is 100 % of the contracted 100 Mbit/s, at least the 95 % expected"
    );
    assert_eq!(
        reason(Case::tcp(90.82)),
        "90.8 Mbit/s (95.0 with headers) is 94.96 % of the contracted 100 Mbit/s, below the 95 % that warns",
        "rounding does not hide the miss"
    );
    assert_eq!(
        reason(Case::tcp(76.2).expecting(&[(Metric::Throughput, fail(Limit::BitsPerSecond(rate(80))))])),
        "76.2 Mbit/s is below the 80 Mbit/s that fails"
    );
    let late = Case::new(("m1", "s1"), ping(), ping_measured(24.1, 8));
    assert_eq!(
        reason(late),
        "a mean round trip of 24.1 ms is over the contracted 20 ms; \
         a loss of 20 % (2 of 10 packets) is over the contracted 0.1 %"
    );
    let slow = Case::new(("m1", "s1"), ping(), ping_measured(24.1, 10));
    let half_more = Limits { warn: Some(Limit::CONTRACT), fail: Some(Limit::OfContract(1.5)) };
    assert_eq!(
        why(&slow.expecting(&[(Metric::Rtt, half_more)]).judgement(Metric::Rtt).unwrap()),
        "a mean round trip of 24.1 ms is over the contracted 20 ms"
    );
}

#[test]
fn a_reverse_run_is_judged_by_the_contract_of_its_data() {
    // adsl: 100 Mbit/s from madrid to cadiz, 20 Mbit/s back.
    let down = Case::new(("m1", "c1"), tcp(Direction::Forward), tcp_measured(19.1));
    let up = Case::new(("m1", "c1"), tcp(Direction::Reverse), tcp_measured(19.1));
    assert_eq!((down.verdict(), up.verdict()), (Verdict::Fail, Verdict::Pass));
    let judgement = up.judgement(Metric::Throughput).unwrap();
    assert_eq!((judgement.sender, judgement.receiver), (name("c1"), name("m1")));
    assert_eq!((judgement.measured, judgement.contracted), (Some(19.1e6), Some(20e6)));
}

/// `measured` as a tool tells it that also tells its full segment.
fn in_segments(measured: Measurement, family: Family, bytes: u32) -> Measurement {
    let Measurement::Throughput(mut t) = measured else { unreachable!() };
    t.segment = Some(Segment { family, bytes });
    Measurement::Throughput(t)
}

#[test]
fn a_full_link_passes_whatever_the_size_of_its_packets() {
    // macrolan carries 100 Mbit/s of frames; what of them is payload depends on the headers alone.
    for (family, bytes, frame) in [
        (Family::Ipv4, 1448, 1514.0),
        (Family::Ipv6, 1428, 1514.0),
        (Family::Ipv6, 524, 610.0),
        (Family::Ipv4, 524, 590.0),
    ] {
        let full = 100.0 * f64::from(bytes) / frame;
        let at = |share: f64| {
            let measured = in_segments(tcp_measured(full * share), family, bytes);
            Case::new(("m1", "s1"), tcp(Direction::Forward), measured).judge().1
        };
        for (share, verdict) in
            [(1.0, Verdict::Pass), (0.96, Verdict::Pass), (0.93, Verdict::Warn), (0.89, Verdict::Fail)]
        {
            assert_eq!(at(share).verdict, verdict, "{family:?} {bytes} at {share}: {}", told(&at(share)));
        }
    }
    // A limit that the campaign gives as a rate is of payload, as it always was.
    let rate = [(Metric::Throughput, fail(Limit::BitsPerSecond(rate(90))))];
    assert_eq!(Case::tcp(89.0).expecting(&rate).verdict(), Verdict::Fail);
}

#[test]
fn acknowledgements_count_on_the_way_that_they_share() {
    // Full both ways: 100 Mbit/s of frames there need 2.2 Mbit/s of acknowledgements of the 20 Mbit/s back.
    let case = |back| Case::new(("m1", "c1"), tcp(Direction::Bidirectional), both_measured(94.9, back));
    assert_eq!((case(17.0).verdict(), case(10.0).verdict()), (Verdict::Pass, Verdict::Fail));
    let alone = Case::new(("m1", "c1"), tcp(Direction::Reverse), tcp_measured(17.0));
    assert_eq!(alone.verdict(), Verdict::Fail, "alone nothing shares its way");
}

#[test]
fn data_both_ways_fall_short_of_a_link_that_keeps_its_contract() {
    // As seen on a shaper of the contracted rate both ways; alone 93 % would warn.
    let both = Case::new(("m1", "s1"), tcp(Direction::Bidirectional), both_measured(86.8, 88.0));
    let judgement = both.judgement(Metric::Throughput).unwrap();
    assert_eq!(judgement.verdict, Verdict::None, "{}", why(&judgement));
    assert!(why(&judgement).contains("not judged: with data both ways at once"), "{}", why(&judgement));
    assert_eq!(
        Case::new(("m1", "s1"), tcp(Direction::Bidirectional), both_measured(60.0, 60.0)).verdict(),
        Verdict::Fail
    );
}

#[test]
fn both_flows_of_a_bidirectional_run_are_judged() {
    let case = |there, back| Case::new(("m1", "c1"), tcp(Direction::Bidirectional), both_measured(there, back));
    assert_eq!(case(95.6, 19.1).verdict(), Verdict::Pass);
    assert_eq!(case(50.0, 19.1).verdict(), Verdict::Fail);
    let (_, assessment) = case(95.6, 10.0).judge();
    assert_eq!(assessment.verdict, Verdict::Fail);
    assert_eq!(assessment.judgements.len(), 2);
    assert_eq!(
        told(&assessment),
        "c1 → m1: 10.0 Mbit/s (12.6 with headers) is 63 % of the contracted 20 Mbit/s, below the 90 % that fails"
    );
}

#[test]
fn without_a_contract_only_absolute_limits_are_judged() {
    let open = || Case::new(("m1", "m2"), tcp(Direction::Forward), tcp_measured(50.0));
    let (status, assessment) = open().judge();
    assert_eq!((status, assessment.verdict, assessment.judgements.len()), (RunStatus::Ok, Verdict::None, 0));
    let in_percent = open().expecting(&[(Metric::Throughput, default_limits(Metric::Throughput))]);
    let judgement = in_percent.judgement(Metric::Throughput).unwrap();
    assert_eq!(judgement.verdict, Verdict::None);
    assert!(why(&judgement).contains("no contract"), "{}", why(&judgement));
    let absolute = open().expecting(&[(Metric::Throughput, fail(Limit::BitsPerSecond(rate(60))))]);
    assert_eq!(absolute.verdict(), Verdict::Fail);
    // The rate of adsl is agreed, its round-trip time is not.
    let pinged = Case::new(("m1", "c1"), ping(), ping_measured(500.0, 10));
    assert_eq!(pinged.verdict(), Verdict::None);
    let expected = pinged.expecting(&[(Metric::Rtt, fail(Limit::CONTRACT)), (Metric::Loss, fail(Limit::CONTRACT))]);
    assert_eq!(expected.verdict(), Verdict::None);
    let mixed = Limits { warn: Some(Limit::time(Duration::from_millis(100))), fail: Some(Limit::CONTRACT) };
    assert_eq!(expected.expecting(&[(Metric::Rtt, mixed)]).verdict(), Verdict::Warn);
}

#[test]
fn defaults_judge_what_was_agreed_and_the_campaign_does_not_name() {
    assert_eq!(Case::tcp(10.0).verdict(), Verdict::Fail);
    let only_rtt = [(Metric::Rtt, fail(Limit::CONTRACT))];
    assert_eq!(Case::tcp(10.0).expecting(&only_rtt).verdict(), Verdict::Fail);
    // macrolan promises 0.1 % of loss, and a campaign that speaks of throughput alone does not waive that.
    let lossy = Case::new(("m1", "s1"), udp(97_180_000), udp_measured(97.0, 0.0, 0.02));
    let lossy = lossy.expecting(&[(Metric::Throughput, default_limits(Metric::Throughput))]);
    assert_eq!(lossy.judgement(Metric::Loss).unwrap().verdict, Verdict::Fail);
    // Nothing was agreed between probes of one site.
    let open = Case::new(("m1", "m2"), tcp(Direction::Forward), tcp_measured(50.0)).expecting(&only_rtt);
    assert_eq!((open.verdict(), open.judge().1.judgements.len()), (Verdict::None, 0));
    assert_eq!(default_limits(Metric::Rtt), fail(Limit::CONTRACT));
}

#[test]
fn udp_shows_a_rate_only_where_it_was_offered() {
    let at = |offered, received| Case::new(("m1", "s1"), udp(offered), udp_measured(received, 0.0, 0.0));
    let half = at(50_000_000, 50.0).judgement(Metric::Throughput).unwrap();
    assert_eq!(half.verdict, Verdict::None);
    assert!(why(&half).contains("only 50 Mbit/s were offered"), "{}", why(&half));
    assert_eq!(at(97_180_000, 97.0).judgement(Metric::Throughput).unwrap().verdict, Verdict::Pass);
    assert_eq!(at(97_180_000, 80.0).judgement(Metric::Throughput).unwrap().verdict, Verdict::Fail);
    // 92 Mbit/s can show that 90 % are missed and cannot show that 95 % are kept.
    let near = |received| at(92_000_000, received).judgement(Metric::Throughput).unwrap();
    assert_eq!((near(92.0).verdict, near(80.0).verdict), (Verdict::None, Verdict::Fail));
    assert!(why(&near(92.0)).contains("only 92 Mbit/s were offered, not clearly more than"), "{}", why(&near(92.0)));
    // Jitter and loss count at any rate.
    let lossy = Case::new(("m1", "s1"), udp(50_000_000), udp_measured(45.0, 0.0, 0.1));
    assert_eq!(lossy.verdict(), Verdict::Fail);
}

#[test]
fn tcp_held_to_a_rate_shows_no_more_than_that() {
    let held = |megabits| {
        let Test::Iperf3(base) = tcp(Direction::Forward) else { unreachable!() };
        let test = Test::Iperf3(Iperf3 { rate_bits_per_second: Some(rate(50)), ..base });
        Case::new(("m1", "s1"), test, tcp_measured(megabits))
    };
    assert_eq!(held(50.0).judgement(Metric::Throughput).unwrap().verdict, Verdict::None, "the link was never asked");
    let forty = held(30.0).expecting(&[(Metric::Throughput, fail(Limit::BitsPerSecond(rate(40))))]);
    assert_eq!(forty.verdict(), Verdict::Fail, "40 was within what was asked");
}

#[test]
fn the_noise_of_pacing_never_decides() {
    let limits = |warn, fail| [(Metric::Throughput, Limits { warn, fail: Some(Limit::BitsPerSecond(rate(fail))) })];
    // A flow that loses nothing and arrives as it was offered, exactly at the limit or a percent below it.
    for received in [45.0, 44.6, 44.2] {
        let exact =
            Case::new(("m1", "s1"), udp(45_000_000), udp_measured(received, 0.0, 0.0)).expecting(&limits(None, 45));
        let judgement = exact.judgement(Metric::Throughput).unwrap();
        assert_eq!(judgement.verdict, Verdict::None, "{received}: {}", why(&judgement));
    }
    let clear = |received| {
        let case =
            Case::new(("m1", "s1"), udp(46_000_000), udp_measured(received, 0.0, 0.0)).expecting(&limits(None, 45));
        case.judgement(Metric::Throughput).unwrap().verdict
    };
    assert_eq!((clear(45.1), clear(44.0)), (Verdict::Pass, Verdict::Fail));
}

#[test]
fn a_test_that_paces_itself_shows_no_more_than_that() {
    let paced = |streams| {
        let Test::Iperf3(base) = tcp(Direction::Forward) else { unreachable!() };
        let test = Test::Iperf3(Iperf3 { fq_rate_bits_per_second: Some(rate(10)), streams, ..base });
        Case::new(("m1", "s1"), test, tcp_measured(10.1)).judgement(Metric::Throughput).unwrap()
    };
    assert_eq!(paced(1).verdict, Verdict::None);
    assert!(why(&paced(1)).contains("only 10 Mbit/s were offered"), "{}", why(&paced(1)));
    assert_eq!(paced(16).verdict, Verdict::Fail, "each stream has its own pace, and 160 Mbit/s would fill the link");
}

#[test]
fn a_link_that_was_dead_for_most_of_the_test_does_not_pass() {
    let dead = |ends, test: Test| {
        let mut measured = tcp_measured(900.0);
        let Measurement::Throughput(t) = &mut measured else { unreachable!() };
        let rates = [3714e6, 725e6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        for (interval, rate) in t.flow.intervals.iter_mut().zip(rates) {
            interval.throughput_bits_per_second = rate;
        }
        Case::new(ends, test, measured).waiting(0.9, 0.9)
    };
    for ends in [("m1", "s1"), ("m1", "m2")] {
        let (status, assessment) = dead(ends, tcp(Direction::Forward)).judge();
        assert_eq!((status, assessment.verdict), (RunStatus::Ok, Verdict::Warn), "{}", told(&assessment));
        assert!(
            assessment.causes.is_empty(),
            "waiting for a CPU makes no seconds without a byte: {:?}",
            assessment.causes
        );
        let silence =
            format!("nothing passed from {} to {} for 4.00 s of the 4.00 s that the test took", ends.0, ends.1);
        assert_eq!(told(&assessment), silence);
    }
}

#[test]
fn round_trips_under_load_are_never_judged() {
    // The TCP fixture saw 31.2 ms under its own load, more than the contracted 20.
    let expected = [(Metric::Rtt, fail(Limit::CONTRACT)), (Metric::Throughput, default_limits(Metric::Throughput))];
    let case = Case::tcp(95.6).expecting(&expected);
    assert_eq!(case.verdict(), Verdict::Pass);
    assert!(case.judgement(Metric::Rtt).is_none());
}

#[test]
fn a_ping_without_answers_fails() {
    let (status, assessment) = Case::new(("m1", "s1"), ping(), ping_measured(0.0, 0)).judge();
    assert_eq!((status, assessment.verdict), (RunStatus::Ok, Verdict::Fail));
    assert!(assessment.judgements.iter().all(|j| j.verdict == Verdict::Fail));
}

#[test]
fn a_ping_without_answers_fails_under_any_contract() {
    // adsl promises a rate and nothing of times or losses.
    let dead = Case::new(("m1", "c1"), ping(), ping_measured(0.0, 0));
    let (_, assessment) = dead.judge();
    assert_eq!(assessment.verdict, Verdict::Fail);
    assert_eq!(told(&assessment), "none of 10 echo requests was answered, and the path has a contract");
    let open = |received| Case::new(("m1", "m2"), ping(), ping_measured(1.0, received));
    assert_eq!(open(0).verdict(), Verdict::None, "nothing was promised within a site");
    let some = Limits { warn: None, fail: Some(Limit::Share(Ratio::new(0.01).unwrap())) };
    assert_eq!(open(0).expecting(&[(Metric::Loss, some)]).verdict(), Verdict::Fail);
    let soon = fail(Limit::time(Duration::from_secs(1)));
    assert_eq!(open(0).expecting(&[(Metric::Rtt, soon)]).verdict(), Verdict::Fail);
}

#[test]
fn too_few_packets_tell_nothing_of_a_loss() {
    let at = |packets, lost: u64, limit| {
        let mut measured = ping_measured(1.0, 10);
        let Measurement::RoundTrip(p) = &mut measured else { unreachable!() };
        (p.packets, p.received_packets, p.loss_ratio) = (packets, packets - lost, lost as f64 / packets as f64);
        let limit = fail(Limit::Share(Ratio::new(limit).unwrap()));
        let case = Case::new(("m1", "s1"), ping(), measured).expecting(&[(Metric::Loss, limit)]);
        let judgement = case.judgement(Metric::Loss).unwrap();
        (judgement.verdict, why(&judgement))
    };
    assert_eq!(
        at(5, 0, 0.005),
        (Verdict::None, "not judged: 5 packets are too few to tell a loss of 0.5 %".to_owned())
    );
    for (packets, lost, limit, verdict) in [
        (5, 1, 0.005, Verdict::None),
        (5, 2, 0.005, Verdict::Fail),
        (199, 0, 0.005, Verdict::None),
        (200, 0, 0.005, Verdict::Pass),
        (200, 1, 0.005, Verdict::Pass),
        (200, 2, 0.005, Verdict::Fail),
        (1000, 0, 0.001, Verdict::Pass),
        (1, 1, 0.005, Verdict::Fail),
        (5, 0, 0.0, Verdict::Pass),
        (5, 1, 0.0, Verdict::Fail),
    ] {
        assert_eq!(at(packets, lost, limit).0, verdict, "{lost} of {packets} at {limit}");
    }
    assert_eq!(at(1, 0, 0.005).1, "not judged: 1 packet is too few to tell a loss of 0.5 %");
}

#[test]
fn a_sender_that_sent_less_than_asked_is_named() {
    let at = |sent: f64| {
        let mut measured = udp_measured(79.0, 0.0, 0.0);
        let Measurement::Throughput(t) = &mut measured else { unreachable!() };
        t.flow.sent_bits_per_second = Some(sent * 1e6);
        let case = Case::new(("m1", "s1"), udp(97_180_000), measured);
        why(&case.judgement(Metric::Throughput).unwrap())
    };
    let short = "; m1 sent 79.0 of the 97.2 Mbit/s asked, held back by its host or a shaper on it";
    assert!(at(79.0).ends_with(short), "{}", at(79.0));
    assert!(at(97.0).ends_with("below the 90 % that fails"), "{}", at(97.0));
}

#[test]
fn answers_without_a_time_are_no_failure() {
    // ping gives no times for packets under 16 bytes.
    let mut answered = ping_measured(1.0, 10);
    if let Measurement::RoundTrip(p) = &mut answered {
        (p.rtt_seconds, p.rtt_min_seconds, p.rtt_max_seconds) = (None, None, None);
    }
    let case = Case::new(("m1", "s1"), ping(), answered);
    let judgement = case.judgement(Metric::Rtt).unwrap();
    assert_eq!((judgement.verdict, why(&judgement).as_str()), (Verdict::None, "the tool gave no round-trip time"));
    let most = case.expecting(&[(Metric::Loss, fail(Limit::Share(Ratio::new(0.1).unwrap())))]);
    assert_eq!(most.verdict(), Verdict::Pass, "nothing was lost");
}

#[test]
fn an_invalid_run_both_ways_names_both_figures() {
    let both = Case::new(("m1", "c1"), tcp(Direction::Bidirectional), both_measured(50.0, 10.0)).waiting(0.5, 0.0);
    let (status, assessment) = both.judge();
    assert_eq!(status, RunStatus::Invalid);
    assert!(told(&assessment).contains("so 50.0 Mbit/s and 10.0 Mbit/s say nothing"), "{}", told(&assessment));
}

#[test]
fn a_path_is_not_judged() {
    let case = Case::new(("m1", "s1"), traceroute(), path_measured(&["10.0.0.1"])).waiting(0.9, 0.9);
    let (status, assessment) = case.judge();
    assert_eq!((status, assessment.verdict), (RunStatus::Ok, Verdict::None));
}

#[test]
fn a_starved_end_makes_a_miss_invalid_and_leaves_a_pass() {
    for (case, status, verdict) in [
        (Case::tcp(76.2), RunStatus::Ok, Verdict::Fail),
        (Case::tcp(76.2).waiting(CPU_STARVED_RATIO, 0.0), RunStatus::Ok, Verdict::Fail),
        (Case::tcp(76.2).waiting(0.42, 0.0), RunStatus::Invalid, Verdict::Invalid),
        (Case::tcp(76.2).waiting(0.0, 0.42), RunStatus::Invalid, Verdict::Invalid),
        (Case::tcp(89.0).waiting(0.0, 0.42), RunStatus::Invalid, Verdict::Invalid),
        (Case::tcp(95.6).waiting(0.42, 0.42), RunStatus::Ok, Verdict::Pass),
    ] {
        let (got, assessment) = case.judge();
        assert_eq!((got, assessment.verdict), (status, verdict), "{}", told(&assessment));
    }
}

#[test]
fn a_starved_run_that_nothing_speaks_for_is_invalid() {
    let open = Case::new(("m1", "m2"), tcp(Direction::Forward), tcp_measured(400.0)).waiting(0.35, 0.0);
    assert_eq!(open.judge().0, RunStatus::Invalid);
    let clean = Case::new(("m1", "m2"), tcp(Direction::Forward), tcp_measured(400.0));
    assert_eq!(clean.judge().0, RunStatus::Ok);
    let pinged = |ms| Case::new(("m1", "s1"), ping(), ping_measured(ms, 10)).waiting(0.35, 0.0).judge().0;
    assert_eq!((pinged(12.0), pinged(31.0)), (RunStatus::Ok, RunStatus::Invalid));
}

#[test]
fn an_invalid_verdict_names_probe_figure_and_remedy() {
    let (_, assessment) = Case::tcp(76.2).waiting(0.35, 0.42).judge();
    let [first, second] = assessment.causes.as_slice() else { panic!("two causes: {:?}", assessment.causes) };
    assert_eq!((first.kind, &first.probe, first.value), (CauseKind::CpuStarved, &name("s1"), 0.42));
    assert_eq!(second.probe, name("m1"));
    for part in ["s1", "42 %", "76.2 Mbit/s", "30 %", "measure again"] {
        assert!(told(&assessment).contains(part), "{part} in {}", told(&assessment));
    }
}

#[test]
fn what_was_not_measured_has_no_verdict_but_a_reason() {
    let (source, destination, test, topology) = (name("m1"), name("s1"), tcp(Direction::Forward), offices());
    let input = |outcome| RunInput {
        source: &source,
        destination: &destination,
        test: &test,
        outcome,
        topology: &topology,
        expectations: None,
        source_counters: None,
        destination_counters: None,
    };
    let refused = "connection refused".into();
    let (status, assessment) = assess(&input(Outcome::Failed(&refused)));
    assert_eq!((status, assessment.verdict), (RunStatus::Failed, Verdict::None));
    assert!(told(&assessment).contains("connection refused"));
    let silent = "s1 does not answer".into();
    let (status, assessment) = assess(&input(Outcome::Skipped(&silent)));
    assert_eq!((status, assessment.verdict), (RunStatus::Skipped, Verdict::None));
    assert!(told(&assessment).contains("s1 does not answer"));
    // Counters that were never taken accuse nobody.
    let measured = tcp_measured(76.2);
    assert_eq!(assess(&input(Outcome::Measured(&measured))).1.verdict, Verdict::Fail);
}

#[test]
fn a_loss_of_nothing_can_be_agreed() {
    let zero = fail(Limit::Share(Ratio::new(0.0).unwrap()));
    let at =
        |received| Case::new(("m1", "s1"), ping(), ping_measured(1.0, received)).expecting(&[(Metric::Loss, zero)]);
    assert_eq!((at(10).verdict(), at(9).verdict()), (Verdict::Pass, Verdict::Fail));
}

/// UDP at `sent` of 97.18 Mbit/s asked, with a loss; `dropped` of 10 000 datagrams found no room.
fn lossy(sent: f64, loss: f64, dropped: u64) -> Case {
    let mut measured = udp_measured(97.18 * sent * (1.0 - loss), 0.0, loss);
    let Measurement::Throughput(throughput) = &mut measured else { unreachable!() };
    throughput.flow.sent_bits_per_second = Some(97.18e6 * sent);
    Case { dropped, ..Case::new(("m1", "s1"), udp(97_180_000), measured) }
}

fn first_cause(case: &Case) -> Option<(CauseKind, String)> {
    let assessment = case.judge().1;
    assessment.causes.first().map(|c| (c.kind, c.probe.to_string()))
}

#[test]
fn a_full_receive_buffer_makes_a_missed_loss_invalid() {
    let full = lossy(1.0, 0.05, 500);
    assert_eq!(full.judge().0, RunStatus::Invalid);
    assert_eq!(first_cause(&full), Some((CauseKind::ReceiveBuffer, "s1".to_owned())));
    let reason = told(&full.judge().1);
    for part in ["s1 dropped 5 %", "0.1 %", "net.core.rmem_max"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    assert_eq!(lossy(1.0, 0.05, 0).judge().0, RunStatus::Ok, "all of it is the link's");
    assert_eq!(lossy(1.0, 0.05, 10).judge().0, RunStatus::Ok, "0.1 % is not above 0.1 %");
    assert_eq!(lossy(1.0, 0.0, 500).verdict(), Verdict::Pass, "a pass stays a pass");
}

#[test]
fn what_the_senders_own_interface_drops_makes_a_missed_loss_invalid() {
    let unsent = |loss, unsent| Case { unsent, ..lossy(1.0, loss, 0) };
    for (queue, device) in [(500, 0), (0, 500)] {
        let own = unsent(0.05, (queue, device));
        assert_eq!(own.judge().0, RunStatus::Invalid);
        assert_eq!(first_cause(&own), Some((CauseKind::SendQueue, "m1".to_owned())));
        let reason = told(&own.judge().1);
        assert!(reason.contains("m1 dropped 4.76 % of what was to leave by its own interface"), "{reason}");
    }
    assert_eq!(unsent(0.05, (10, 0)).judge().0, RunStatus::Ok, "0.1 % is not above 0.1 %");
    assert_eq!(unsent(0.0, (500, 0)).verdict(), Verdict::Pass, "a pass stays a pass");
    let slow = Case { unsent: (500, 0), ..Case::tcp(76.2) };
    assert_eq!(first_cause(&slow), Some((CauseKind::SendQueue, "m1".to_owned())), "TCP drops and sends again");
    let late = Case { unsent: (500, 0), ..Case::new(("m1", "s1"), ping(), ping_measured(31.0, 10)) };
    assert_eq!(late.verdict(), Verdict::Fail, "no queue is asked beside a ping");
}

#[test]
fn a_queue_that_the_topology_made_is_the_link() {
    let mut topology = offices();
    let way = Directed { a_to_b: Some(rate(60)), b_to_a: Some(rate(60)) };
    for link in topology.links.values_mut() {
        link.impair.rate_bits_per_second = way;
    }
    let status = |unsent| {
        let case = Case { unsent, ..lossy(1.0, 0.05, 0) };
        let (source, destination) = (name("m1"), name("s1"));
        assess(&RunInput {
            source: &source,
            destination: &destination,
            test: &case.test,
            outcome: Outcome::Measured(&case.measured),
            topology: &topology,
            expectations: None,
            source_counters: Some(&case.sending()),
            destination_counters: None,
        })
        .0
    };
    assert_eq!(status((500, 0)), RunStatus::Ok);
    assert_eq!(status((0, 500)), RunStatus::Invalid, "no device of a link drops before its queue");
}

#[test]
fn a_loss_that_nobody_judges_is_the_hosts_where_the_host_lost_it() {
    let open = |loss, dropped, unsent| {
        // m1 and m2 are of one site: no link, no contract.
        let case = Case { unsent, ..lossy(1.0, loss, dropped) };
        Case { ends: ("m1", "m2"), ..case }.judge()
    };
    assert_eq!(open(0.05, 500, (0, 0)).0, RunStatus::Invalid);
    assert_eq!(open(0.05, 0, (500, 0)).0, RunStatus::Invalid);
    assert_eq!(open(0.05, 0, (0, 0)).1.verdict, Verdict::None);
    assert_eq!(open(0.0, 500, (500, 0)).1.verdict, Verdict::None, "nothing of this run was lost");
}

#[test]
fn a_small_window_makes_a_missed_rate_invalid() {
    let window = |megabits, window| Case { window, ..Case::tcp(megabits) };
    assert_eq!(window(76.2, 0.12).judge().0, RunStatus::Ok);
    assert_eq!(window(76.2, 0.44).judge().0, RunStatus::Invalid);
    assert_eq!(first_cause(&window(76.2, 0.44)), Some((CauseKind::ReceiveWindow, "s1".to_owned())));
    assert_eq!(window(95.6, 0.98).verdict(), Verdict::Pass);
    assert!(told(&window(76.2, 0.44).judge().1).contains("waited 44 % of the time for the receive window of s1"));
}

#[test]
fn a_sender_that_sent_less_makes_a_missed_rate_invalid() {
    let held_back = lossy(0.61, 0.0, 0);
    assert_eq!(held_back.judge().0, RunStatus::Invalid);
    assert_eq!(first_cause(&held_back), Some((CauseKind::Pacing, "m1".to_owned())));
    assert_eq!(lossy(0.985, 0.12, 0).verdict(), Verdict::Fail, "it sent enough");
    // What the sender's own shaper passes is the link, where the topology asked for the shaper.
    let mut topology = offices();
    for link in topology.links.values_mut() {
        link.impair.rate_bits_per_second = Directed { a_to_b: Some(rate(60)), b_to_a: Some(rate(60)) };
    }
    let (source, destination) = (name("m1"), name("s1"));
    let input = RunInput {
        source: &source,
        destination: &destination,
        test: &held_back.test,
        outcome: Outcome::Measured(&held_back.measured),
        topology: &topology,
        expectations: None,
        source_counters: None,
        destination_counters: None,
    };
    assert_eq!(assess(&input).0, RunStatus::Ok);
    assert_eq!(assess(&input).1.verdict, Verdict::Fail);
}

#[test]
fn a_cause_does_not_excuse_what_it_does_not_explain() {
    let late = Case { dropped: 500, window: 0.9, ..Case::new(("m1", "s1"), ping(), ping_measured(31.0, 10)) };
    assert_eq!(late.verdict(), Verdict::Fail);
    let shaky = Case { dropped: 500, ..Case::new(("m1", "s1"), udp(97_180_000), udp_measured(97.0, 0.0051, 0.0)) };
    assert_eq!(shaky.verdict(), Verdict::Fail, "no receive buffer makes a jitter");
}
