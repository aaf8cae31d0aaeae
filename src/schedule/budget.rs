//! What a campaign may send: its tests' rates held to the limit, and a day's account. Pure: the day's past runs come in as
//! what was asked of each and what it came to.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::jobs::Job;
use super::rate;
use super::timetable::expected_bytes;
use crate::domain::campaign::{Budget, Campaign};
use crate::domain::counters::{EndCounters, InterfaceGrowth};
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::test::{Protocol, Test};
use crate::domain::topology::Topology;
use crate::domain::unit::{Bitrate, ByteSize};
use crate::tool;

/// A day of a campaign: the bounds of the calendar day in its time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The date there.
    pub date: NaiveDate,
    /// Name of the time zone.
    pub time_zone: String,
    /// Its first moment.
    pub from: DateTime<Utc>,
    /// The next day's first moment.
    pub to: DateTime<Utc>,
}

/// What a campaign has sent today, what it is about to send, and what it may. Payload, both directions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The day.
    pub day: NaiveDate,
    /// Whose day.
    pub time_zone: String,
    /// What may be sent in it.
    pub bytes_per_day: u64,
    /// What earlier runs have sent.
    pub used_bytes: u64,
    /// What this run will send.
    pub planned_bytes: u64,
    /// What is left after this run; 0 where it is too much.
    pub left_bytes: u64,
    /// Which runs send the most, the first of them, each with its pair and bytes.
    #[serde(skip)]
    pub most: Vec<String>,
}

/// Why a campaign would break its budget, or nobody can tell that it does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetFault {
    /// A test asks for more than any may.
    #[error(
        "`{test}` from {source_probe} to {destination} sends {}, over the {} that the campaign's budget allows a test",
        rate_text(*rate), rate_text(*limit)
    )]
    TooFast {
        /// The test.
        test: Name,
        /// Where its client runs.
        source_probe: Name,
        /// Where its server runs.
        destination: Name,
        /// What it asks for.
        rate: Bitrate,
        /// What it may.
        limit: Bitrate,
    },
    /// Nothing bounds what some tests send.
    #[error("the budget of {} a day cannot be kept: nothing bounds what {} {}", size_text(*bytes_per_day),
        tests.join(", "), if tests.len() == 1 { "sends" } else { "send" })]
    Unknown {
        /// What may be sent in a day.
        bytes_per_day: ByteSize,
        /// The tests, each with its pair.
        tests: Vec<String>,
    },
    /// The day's sum would be too much.
    #[error(
        "this run would send about {}, and the campaign's budget has {} left for {} ({}): {} of {} are used",
        size_text(rounded(account.planned_bytes)),
        size_text(rounded(account.bytes_per_day.saturating_sub(account.used_bytes))),
        account.day,
        account.time_zone,
        size_text(rounded(account.used_bytes)),
        size_text(ByteSize::new(account.bytes_per_day))
    )]
    Spent {
        /// The sums.
        account: Account,
    },
    /// No day has room for the run.
    #[error(
        "this run alone would send about {}, {} more than the {} that the campaign's budget has for a day; the most: {}",
        size_text(rounded(account.planned_bytes)),
        size_text(rounded(account.planned_bytes.saturating_sub(account.bytes_per_day))),
        size_text(ByteSize::new(account.bytes_per_day)),
        account.most.join(", ")
    )]
    NeverFits {
        /// The sums.
        account: Account,
    },
    /// The schedule's time zone is none that is known.
    #[error("`{name}` is no time zone of the IANA database")]
    TimeZone {
        /// What it says.
        name: String,
    },
}

impl BudgetFault {
    /// What to try.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooFast { .. } => "lower the test's rate, or raise `max-rate` in the campaign's `budget`",
            Self::Unknown { .. } => {
                "set `max-rate` in the campaign's `budget`, give the tests a `rate`, or the link a contract"
            }
            Self::Spent { .. } => {
                "wait for the next day, shorten the tests with `--duration`, or raise `bytes-per-day` in the campaign's \
                 `budget`; `iperftester run --dry-run` shows the account"
            }
            Self::NeverFits { .. } => {
                "shorten these tests, lower their rate, leave some out, or raise `bytes-per-day` in the campaign's `budget`"
            }
            Self::TimeZone { .. } => "name one as `Europe/Madrid` or `UTC` in the campaign's `schedule`",
        }
    }
}

/// Most runs that are named.
const MOST_NAMED: usize = 3;

/// Stands for a sender that holds nothing back.
const BOUNDLESS: u64 = u64::MAX;

fn rate_text(rate: Bitrate) -> String {
    let bits = rate.bits_per_second();
    if bits == BOUNDLESS {
        return "all it can".to_owned();
    }
    let (number, unit) = spaced(&Bitrate::new(three_digits(bits)).unwrap_or(rate).to_string());
    format!("{number} {}bit/s", unit.trim_end_matches("bit/s"))
}

/// A size as a report shows it, the unit after a space; in the file it has none.
fn size_text(size: ByteSize) -> String {
    let (number, unit) = spaced(&size.to_string());
    format!("{number} {unit}")
}

/// A quantity's number and its unit.
fn spaced(text: &str) -> (String, String) {
    let (number, unit) = text.split_at(text.find(char::is_alphabetic).unwrap_or(text.len()));
    (number.to_owned(), unit.to_owned())
}

/// Bytes to three digits.
const fn rounded(bytes: u64) -> ByteSize {
    ByteSize::new(three_digits(bytes))
}

/// The first three digits of a number, the others 0.
const fn three_digits(number: u64) -> u64 {
    let digits = match number.checked_ilog10() {
        Some(digits) => digits.saturating_sub(2),
        None => 0,
    };
    let step = 10_u64.pow(digits);
    number / step * step
}

/// `jobs` with every TCP and SCTP test held to the budget's rate in each direction. The others ask for a rate that is part of
/// what they measure, so they are refused where it is too high.
///
/// # Errors
/// Every [`BudgetFault::TooFast`], each test and pair once.
pub fn capped(mut jobs: Vec<Job>, budget: &Budget) -> Result<Vec<Job>, Vec<BudgetFault>> {
    let Some(limit) = budget.max_rate_bits_per_second else { return Ok(jobs) };
    let mut faults = Vec::new();
    for job in jobs.iter_mut().filter(|job| job.skip.is_none()) {
        if let Some(from) = &job.rate_from {
            // It follows a TCP run that is held to the limit itself; what that reached sets the rate when it has run.
            if let Some(most) = rate::rounded(limit.as_f64() * from.share.share()) {
                rate::set(&mut job.specification, most);
            }
        } else if let Some(rate) = cappable(&mut job.specification) {
            *rate = Some(rate.map_or(limit, |own| own.min(limit)));
        } else if let Some(rate) = asked(job).filter(|rate| *rate > limit) {
            let fault = BudgetFault::TooFast {
                test: job.test.clone(),
                source_probe: job.pair.source.clone(),
                destination: job.pair.destination.clone(),
                rate,
                limit,
            };
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    if faults.is_empty() { Ok(jobs) } else { Err(faults) }
}

/// The rate of a test that may be held back without becoming another test.
const fn cappable(test: &mut Test) -> Option<&mut Option<Bitrate>> {
    match test {
        Test::Iperf3(t) if !matches!(t.protocol, Protocol::Udp) => Some(&mut t.rate_bits_per_second),
        Test::Iperf2(t) if !matches!(t.protocol, Protocol::Udp) => Some(&mut t.rate_bits_per_second),
        _ => None,
    }
}

/// The rate that a test sends at: its own, or what it sends in its time, at least a second. UDP without a rate sends what it
/// can.
fn asked(job: &Job) -> Option<Bitrate> {
    match &job.specification {
        Test::Iperf3(t) => t.rate_bits_per_second.or(Bitrate::new(BOUNDLESS)),
        Test::Iperf2(t) => t.rate_bits_per_second.or(Bitrate::new(BOUNDLESS)),
        test => {
            let (there, back) = tool::of(test).expected_bytes(None);
            let bits = there.unwrap_or(0).max(back.unwrap_or(0)).saturating_mul(8);
            let milliseconds = job.duration.as_millis().max(1000);
            Bitrate::new(u64::try_from(u128::from(bits) * 1000 / milliseconds).unwrap_or(u64::MAX))
        }
    }
}

/// The day of `campaign` in which `now` lies.
///
/// # Errors
/// [`BudgetFault::TimeZone`].
pub fn day(campaign: &Campaign, now: DateTime<Utc>) -> Result<Day, BudgetFault> {
    let name = campaign.schedule.as_ref().map_or("UTC", |schedule| schedule.time_zone.as_str());
    let zone: Tz = name.parse().map_err(|_| BudgetFault::TimeZone { name: name.to_owned() })?;
    let date = now.with_timezone(&zone).date_naive();
    let next = date.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
    Ok(Day { date, time_zone: name.to_owned(), from: first_moment(date, zone), to: first_moment(next, zone) })
}

/// Midnight, or the first moment after it where clocks are put forward over it.
fn first_moment(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let quarters = (0..96).map(|quarter| midnight + TimeDelta::minutes(15 * quarter));
    let first = quarters.filter_map(|time| zone.from_local_datetime(&time).earliest()).next();
    first.map_or_else(|| midnight.and_utc(), |time| time.to_utc())
}

/// Payload that a run has sent, both directions. One without a measurement counts with what it was to send or, where nothing
/// bounds that, with all that left its ends' interfaces meanwhile: headers and what else went there are in it, so it is at most
/// too much.
#[must_use]
pub fn payload(test: &Test, measurement: Option<&Measurement>, counted: [Option<&EndCounters>; 2]) -> u64 {
    if let Some(Measurement::Throughput(t)) = measurement {
        let flows = std::iter::once(&t.flow).chain(t.reverse.as_deref());
        return flows.filter_map(|flow| flow.sent_bytes.max(flow.received_bytes)).fold(0, u64::saturating_add);
    }
    let (there, back) = tool::of(test).expected_bytes(None);
    let [source, destination] = counted;
    let sum =
        |end: &EndCounters, of: fn(&InterfaceGrowth) -> u64| end.interfaces.iter().map(of).fold(0, u64::saturating_add);
    let left = |end: &EndCounters| sum(end, |interface| interface.tx_bytes);
    let there = there.or_else(|| source.map(left));
    // A far end that is not ours has no counters; what it sent came in here.
    let back =
        back.or_else(|| destination.map(left)).or_else(|| source.map(|end| sum(end, |interface| interface.rx_bytes)));
    there.unwrap_or(0).saturating_add(back.unwrap_or(0))
}

/// The account of a campaign that has sent `used_bytes` on `day` and is about to run `jobs`.
///
/// # Errors
/// [`BudgetFault::Unknown`] where nothing bounds what a job sends.
pub fn account(
    topology: &Topology,
    bytes_per_day: ByteSize,
    day: &Day,
    used_bytes: u64,
    jobs: &[Job],
) -> Result<Account, BudgetFault> {
    let mut planned_bytes = 0_u64;
    let (mut tests, mut amounts) = (Vec::new(), Vec::new());
    for job in jobs.iter().filter(|job| job.skip.is_none()) {
        if let (Some(there), Some(back)) = expected_bytes(topology, job) {
            let bytes = there.saturating_add(back);
            planned_bytes = planned_bytes.saturating_add(bytes);
            amounts.push((bytes, job));
        } else {
            let text = format!("`{}` from {} to {}", job.test, job.pair.source, job.pair.destination);
            if !tests.contains(&text) {
                tests.push(text);
            }
        }
    }
    if !tests.is_empty() {
        let more = tests.len().saturating_sub(3);
        tests.truncate(3);
        if more > 0 {
            tests.push(format!("{more} more"));
        }
        return Err(BudgetFault::Unknown { bytes_per_day, tests });
    }
    let bytes_per_day = bytes_per_day.bytes();
    let left_bytes = bytes_per_day.saturating_sub(used_bytes).saturating_sub(planned_bytes);
    let (day, time_zone) = (day.date, day.time_zone.clone());
    // Stable: of equal ones the first in the campaign.
    amounts.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let most = amounts.iter().take(MOST_NAMED).map(|(bytes, job)| {
        format!("`{}` from {} to {} ({})", job.test, job.pair.source, job.pair.destination, size_text(rounded(*bytes)))
    });
    let most = most.collect();
    Ok(Account { day, time_zone, bytes_per_day, used_bytes, planned_bytes, left_bytes, most })
}

impl Account {
    /// Is it kept?
    ///
    /// # Errors
    /// [`BudgetFault::NeverFits`], [`BudgetFault::Spent`].
    pub fn check(&self) -> Result<(), BudgetFault> {
        if self.planned_bytes > self.bytes_per_day {
            return Err(BudgetFault::NeverFits { account: self.clone() });
        }
        if self.used_bytes.saturating_add(self.planned_bytes) > self.bytes_per_day {
            return Err(BudgetFault::Spent { account: self.clone() });
        }
        Ok(())
    }
}
