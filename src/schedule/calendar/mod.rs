//! When a schedule fires: its local times, the nights on which clocks change, the days that it leaves out.
//!
//! As cron(8) has it. A schedule that names its minutes and hours means times of the day: one that a night leaves out
//! fires at the first moment behind the gap, and one that a night has twice fires at the first of the two. A schedule
//! with `*` in minutes or hours means a rhythm: it follows real time, so that a gap takes nothing away and an hour that
//! comes twice is served twice.

use chrono::{
    DateTime, Days as DayCount, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::Serialize;
use thiserror::Error;

use crate::domain::campaign::Schedule;

#[cfg(test)]
mod tests;

/// Longest gap that is looked through, in minutes: Samoa left out a whole day in 2011.
const LONGEST_GAP_MINUTES: u16 = 24 * 60;

/// Why there is no calendar.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalendarFault {
    /// The cron text is none.
    #[error("`{cron}` is no schedule: {reason}")]
    Cron {
        /// As written.
        cron: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The time zone does not exist.
    #[error("there is no time zone `{time_zone}` in the IANA database")]
    TimeZone {
        /// As written.
        time_zone: String,
    },
}

impl CalendarFault {
    /// What to try.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Cron { .. } => "five fields as in crontab(5), such as `0 3 * * *`",
            Self::TimeZone { .. } => "a name such as `Europe/Madrid` or `UTC`",
        }
    }
}

/// What clocks do on the local day of a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockChange {
    /// They go forward: some times do not exist.
    Forward,
    /// They go back: some times exist twice.
    Back,
}

/// One moment at which a campaign is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Firing {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The same in the schedule's time zone.
    pub local: DateTime<FixedOffset>,
    /// What clocks do on that day, if anything.
    pub clock_change: Option<ClockChange>,
    /// The time that was meant, where it does not exist on that day: local, without offset.
    pub instead_of: Option<NaiveDateTime>,
}

/// A schedule that is understood.
#[derive(Debug, Clone)]
pub struct Calendar {
    cron: Cron,
    zone: Tz,
    skip: Vec<(NaiveDate, NaiveDate)>,
    /// Does it mean times of the day, not a rhythm?
    by_the_clock: bool,
}

impl Calendar {
    /// Understands a schedule.
    ///
    /// # Errors
    /// [`CalendarFault`] for what is neither cron nor time zone.
    pub fn new(schedule: &Schedule) -> Result<Self, CalendarFault> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&schedule.cron).map_err(|fault| CalendarFault::Cron {
            cron: schedule.cron.clone(),
            reason: fault.to_string().trim_end_matches('.').to_owned(),
        })?;
        let zone: Tz = schedule
            .time_zone
            .parse()
            .map_err(|_| CalendarFault::TimeZone { time_zone: schedule.time_zone.clone() })?;
        // crontab(5): minute and hour come first. Nicknames mean a time of the day, but for @hourly.
        let mut fields = schedule.cron.split_whitespace().take(2);
        let rhythm = |field: &str| field.contains(['*', '?']) || field.eq_ignore_ascii_case("@hourly");
        let by_the_clock = !fields.any(rhythm);
        let skip = schedule.skip.iter().map(|days| (days.from, days.to)).collect();
        Ok(Self { cron, zone, skip, by_the_clock })
    }

    /// The firings after a moment, without end where the schedule has none.
    pub fn after(&self, moment: DateTime<Utc>) -> impl Iterator<Item = Firing> {
        let mut last = moment;
        // The local time that the search goes on behind.
        let mut cursor = self.zone.from_utc_datetime(&moment.naive_utc()).naive_local();
        std::iter::from_fn(move || {
            let firing = if self.by_the_clock { self.next_time(&mut cursor, last) } else { self.next_beat(last) }?;
            last = firing.at;
            Some(firing)
        })
    }

    /// The next time of the day. The search is in local times that know no change of clocks.
    fn next_time(&self, cursor: &mut NaiveDateTime, last: DateTime<Utc>) -> Option<Firing> {
        loop {
            let meant = self.cron.find_next_occurrence(&cursor.and_utc(), false).ok()?.naive_utc();
            *cursor = meant;
            if let Some(end) = self.skipped(meant.date()) {
                *cursor = last_second(end)?;
                continue;
            }
            let (local, instead_of) = match self.zone.from_local_datetime(&meant) {
                LocalResult::Single(local) | LocalResult::Ambiguous(local, _) => (local, None),
                // A day that does not exist at all has no firing.
                LocalResult::None => match self.behind_the_gap(meant) {
                    Some(local) if local.date_naive() == meant.date() => (local, Some(meant)),
                    _ => continue,
                },
            };
            // Two times within one gap, or one in it and one at its end, are one moment.
            if local.to_utc() > last {
                return Some(self.firing(&local, instead_of));
            }
        }
    }

    /// The next beat of a rhythm, in real time.
    fn next_beat(&self, last: DateTime<Utc>) -> Option<Firing> {
        let mut cursor = self.zone.from_utc_datetime(&last.naive_utc());
        loop {
            let local = self.cron.find_next_occurrence(&cursor, false).ok()?;
            let Some(end) = self.skipped(local.date_naive()) else { return Some(self.firing(&local, None)) };
            cursor = self.zone.from_local_datetime(&last_second(end)?).latest().unwrap_or(local);
            // Where that second does not exist the search goes on from here.
            cursor = cursor.max(local);
        }
    }

    /// The last day of the stretch that leaves this day out.
    fn skipped(&self, day: NaiveDate) -> Option<NaiveDate> {
        self.skip.iter().filter(|(from, to)| (*from..=*to).contains(&day)).map(|(_, to)| *to).max()
    }

    /// The first moment behind a local time that does not exist. Clocks change at full minutes since 1972.
    fn behind_the_gap(&self, meant: NaiveDateTime) -> Option<DateTime<Tz>> {
        (1..=LONGEST_GAP_MINUTES).find_map(|minutes| {
            let later = meant.checked_add_signed(TimeDelta::minutes(minutes.into()))?;
            self.zone.from_local_datetime(&later).earliest()
        })
    }

    fn firing(&self, local: &DateTime<Tz>, instead_of: Option<NaiveDateTime>) -> Firing {
        let local = local.fixed_offset();
        Firing { at: local.to_utc(), local, clock_change: self.clock_change(local.date_naive()), instead_of }
    }

    /// What clocks do between the start of this local day and that of the next.
    fn clock_change(&self, day: NaiveDate) -> Option<ClockChange> {
        let offset = |day: NaiveDate| {
            let midnight = day.and_hms_opt(0, 0, 0)?;
            let start = match self.zone.from_local_datetime(&midnight) {
                LocalResult::Single(start) | LocalResult::Ambiguous(start, _) => start,
                // Clocks that go forward at midnight do so on the day that begins.
                LocalResult::None => {
                    return Some(self.zone.offset_from_utc_datetime(&(midnight - TimeDelta::days(1))).fix());
                }
            };
            Some(start.offset().fix())
        };
        let change =
            offset(day.checked_add_days(DayCount::new(1))?)?.local_minus_utc() - offset(day)?.local_minus_utc();
        match change {
            0 => None,
            ..0 => Some(ClockChange::Back),
            _ => Some(ClockChange::Forward),
        }
    }
}

fn last_second(day: NaiveDate) -> Option<NaiveDateTime> {
    day.and_hms_opt(23, 59, 59)
}
