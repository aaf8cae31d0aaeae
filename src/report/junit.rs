//! The judgements as JUnit XML (as Jenkins reads it, github.com/jenkinsci/xunit-plugin, `junit-10.xsd`): a suite for the
//! campaign run, a case for each expectation on each flow of each run.
//!
//! A missed expectation is a failure, an invalid or failed run an error, what was not started or not judged is skipped: a case
//! that passes says that something was held to a limit and kept it. A warning passes, with its reason as output.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::view::{findings, metadata};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::Direction;
use crate::domain::verdict::Verdict;
use crate::i18n::Lang;
use crate::verdict::{account, judgement_reason};

/// Type of a failure: an expectation.
const TYPE_FAIL: &str = "expectation";
/// Type of an error: the instrument was the limit.
const TYPE_INVALID: &str = "invalid";
/// Type of an error: the tool gave no measurement.
const TYPE_FAILED: &str = "failed";

pub(super) fn render(run: &CampaignRun) -> Result<String, SerializeError> {
    let header = &run.header;
    let took = header.ended.and_then(|end| (end - header.started).to_std().ok());
    let mut suite = TestSuite::new(clean(&format!("{} {}", header.topology, header.id)));
    suite.set_timestamp(header.started);
    let facts = [
        ("campaign_run", header.id.clone()),
        ("topology", header.topology.to_string()),
        ("campaign", header.campaign.to_string()),
        ("version", header.version.clone()),
    ];
    let metadata = metadata(Lang::En, run);
    suite.add_properties(facts.into_iter().chain(metadata).map(|(name, value)| Property::new(name, clean(&value))));
    let repeated = run.runs.iter().any(|r| r.repetition > 1);
    for one in &run.runs {
        suite.add_test_cases(cases(run, one, repeated));
    }
    let told: Vec<String> =
        findings(Lang::En, run).iter().map(|f| format!("{}: {}", f.state.word(Lang::En), f.sentence)).collect();
    suite.set_system_out(clean(&told.join("\n")));
    let mut report = Report::new(clean(&header.id));
    report.set_timestamp(header.started);
    if let Some(took) = took {
        suite.set_time(took);
        report.set_time(took);
    }
    report.add_test_suite(suite);
    report.to_string()
}

/// Without the two that XML 1.0 forbids and the writer lets through (w3.org/TR/xml, 2.2).
fn clean(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn cases(campaign_run: &CampaignRun, run: &Run, repeated: bool) -> Vec<TestCase> {
    let repetition = if repeated { format!(" #{}", run.repetition) } else { String::new() };
    let way = match run.direction() {
        Direction::Forward => String::new(),
        other => format!(" ({other})"),
    };
    let named = |of: &str, sender: &Name, receiver: &Name, status| {
        let mut case = TestCase::new(format!("{}{way}{repetition}{of}", run.test), status);
        case.set_classname(format!("{}.{sender} → {receiver}", campaign_run.header.topology));
        case.set_timestamp(run.started);
        // The time of a run is told once, so that the times of a suite add up.
        case.set_time(Duration::ZERO);
        case
    };
    let assessment = &run.assessment;
    let mut cases: Vec<TestCase> = assessment
        .judgements
        .iter()
        .map(|j| {
            // What an invalid run missed is no miss of the link.
            let (verdict, reason) = match run.status {
                RunStatus::Invalid => (Verdict::Invalid, account(Lang::En, assessment)),
                _ => (j.verdict, judgement_reason(Lang::En, j)),
            };
            let mut case = named(&format!(" {}", j.metric), &j.sender, &j.receiver, status(verdict, &reason));
            if matches!(verdict, Verdict::Warn) {
                case.set_system_out(clean(&format!("{verdict}: {reason}")));
            }
            case
        })
        .collect();
    if cases.is_empty() {
        let (sender, receiver) = run.flow_ends();
        let why = run.error.clone().unwrap_or_else(|| account(Lang::En, assessment));
        let status = match run.status {
            RunStatus::Failed => error(TYPE_FAILED, &why),
            RunStatus::Invalid => error(TYPE_INVALID, &account(Lang::En, assessment)),
            RunStatus::Skipped | RunStatus::Ok => skipped(&why),
        };
        cases.push(named("", sender, receiver, status));
    }
    if let (Some(first), Ok(took)) = (cases.first_mut(), (run.ended - run.started).to_std()) {
        first.set_time(took);
    }
    cases
}

fn status(verdict: Verdict, reason: &str) -> TestCaseStatus {
    match verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail => non_success(NonSuccessKind::Failure, TYPE_FAIL, reason),
        Verdict::Invalid => error(TYPE_INVALID, reason),
        Verdict::None => skipped(reason),
    }
}

fn error(kind: &str, reason: &str) -> TestCaseStatus {
    non_success(NonSuccessKind::Error, kind, reason)
}

fn non_success(kind: NonSuccessKind, of_type: &str, reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(of_type).set_message(clean(reason));
    status
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(clean(reason));
    status
}
