use std::collections::BTreeMap;

use chrono::Timelike;
use proptest::prelude::*;

use super::*;
use crate::domain::campaign::Days;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn calendar_skipping(cron: &str, zone: &str, skip: &[(&str, &str)]) -> Calendar {
    let skip = skip.iter().map(|(from, to)| Days { from: day(from), to: day(to) }).collect();
    Calendar::new(&Schedule { cron: cron.to_owned(), time_zone: zone.to_owned(), skip }).unwrap()
}

/// The next firings, local with their offset.
fn next(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let calendar = calendar_skipping(cron, zone, &[]);
    let firings = calendar.after(moment(from));
    firings.take(count).map(|f| f.local.format("%Y-%m-%d %H:%M %:z").to_string()).collect()
}

#[test]
fn a_time_that_spring_leaves_out_is_made_up_for_behind_the_gap() {
    assert_eq!(
        next("30 2 * * *", "Europe/Madrid", "2027-03-26T12:00:00Z", 4),
        ["2027-03-27 02:30 +01:00", "2027-03-28 03:00 +02:00", "2027-03-29 02:30 +02:00", "2027-03-30 02:30 +02:00"]
    );
    let firings: Vec<Firing> =
        calendar_skipping("30 2 * * *", "Europe/Madrid", &[]).after(moment("2027-03-26T12:00:00Z")).take(3).collect();
    let meant = day("2027-03-28").and_hms_opt(2, 30, 0);
    assert_eq!(firings.iter().map(|f| f.instead_of).collect::<Vec<_>>(), [None, meant, None]);
    let changes: Vec<_> = firings.iter().map(|f| f.clock_change).collect();
    assert_eq!(changes, [None, Some(ClockChange::Forward), None]);
    assert_eq!(firings[1].at, moment("2027-03-28T01:00:00Z"));
}

#[test]
fn a_time_that_autumn_has_twice_comes_once() {
    assert_eq!(
        next("30 2 * * *", "Europe/Madrid", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00"]
    );
    // A list of hours means times of the day, too; also where the search starts between the two.
    assert_eq!(
        next("30 2,14 * * *", "Europe/Madrid", "2026-10-25T00:45:00Z", 2),
        ["2026-10-25 14:30 +01:00", "2026-10-26 02:30 +01:00"]
    );
    let back = calendar_skipping("30 2 * * *", "Europe/Madrid", &[]).after(moment("2026-10-24T12:00:00Z")).next();
    assert_eq!(back.unwrap().clock_change, Some(ClockChange::Back));
}

#[test]
fn times_within_one_gap_and_at_its_end_are_one_moment() {
    assert_eq!(
        next("0,30 2,3 * * *", "Europe/Madrid", "2027-03-28T00:00:00Z", 3),
        ["2027-03-28 03:00 +02:00", "2027-03-28 03:30 +02:00", "2027-03-29 02:00 +02:00"]
    );
}

#[test]
fn a_rhythm_goes_by_real_time() {
    assert_eq!(
        next("0 * * * *", "Europe/Madrid", "2027-03-27T23:30:00Z", 3),
        ["2027-03-28 01:00 +01:00", "2027-03-28 03:00 +02:00", "2027-03-28 04:00 +02:00"]
    );
    assert_eq!(
        next("*/30 * * * *", "Europe/Madrid", "2026-10-24T23:45:00Z", 5),
        [
            "2026-10-25 02:00 +02:00",
            "2026-10-25 02:30 +02:00",
            "2026-10-25 02:00 +01:00",
            "2026-10-25 02:30 +01:00",
            "2026-10-25 03:00 +01:00"
        ]
    );
}

#[test]
fn a_clock_that_goes_forward_at_midnight_is_met() {
    // Beirut leaves out the first hour of the last Sunday in March.
    assert_eq!(
        next("30 0 * * *", "Asia/Beirut", "2027-03-27T00:00:00Z", 2),
        ["2027-03-28 01:00 +03:00", "2027-03-29 00:30 +03:00"]
    );
    let firing = calendar_skipping("30 0 * * *", "Asia/Beirut", &[]).after(moment("2027-03-27T00:00:00Z")).next();
    assert_eq!(firing.unwrap().clock_change, Some(ClockChange::Forward));
    // Samoa had no 30th of December 2011.
    assert_eq!(
        next("0 3 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 2),
        ["2011-12-29 03:00 -10:00", "2011-12-31 03:00 +14:00"]
    );
}

#[test]
fn days_left_out_are_left_out_with_both_their_ends() {
    for cron in ["0 3 * * *", "0 */12 * * *"] {
        let skip = [("2026-12-24", "2026-12-26"), ("2026-12-26", "2026-12-27"), ("2027-01-01", "9999-12-31")];
        let calendar = calendar_skipping(cron, "Europe/Madrid", &skip);
        let firings = calendar.after(moment("2026-12-23T00:00:00Z"));
        // A stretch without end is the end: the last year that can be written has no day behind it.
        let mut days: Vec<NaiveDate> = firings.map(|f| f.local.date_naive()).collect();
        days.dedup();
        let expected = ["2026-12-23", "2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31"];
        assert_eq!(days, expected.map(day), "{cron}");
    }
}

#[test]
fn a_day_that_never_comes_is_no_firing() {
    assert_eq!(next("0 3 31 2 *", "UTC", "2026-01-01T00:00:00Z", 1), Vec::<String>::new());
    assert_eq!(next("0 3 29 2 *", "UTC", "2026-01-01T00:00:00Z", 1), ["2028-02-29 03:00 +00:00"]);
}

#[test]
fn what_is_no_schedule_is_refused() {
    let refuse = |cron: &str, zone: &str| {
        Calendar::new(&Schedule { cron: cron.into(), time_zone: zone.into(), skip: vec![] }).unwrap_err()
    };
    assert!(refuse("0 25 * * *", "UTC").to_string().starts_with("`0 25 * * *` is no schedule: "));
    assert!(matches!(refuse("0 0 3 * * *", "UTC"), CalendarFault::Cron { .. }));
    let fault = refuse("0 3 * * *", "Europe/Madird");
    assert_eq!(fault.to_string(), "there is no time zone `Europe/Madird` in the IANA database");
    assert!(fault.hint().contains("Europe/Madrid"));
}

/// Zones with every habit: north and south, at midnight, by half an hour, never.
const ZONES: &[&str] = &[
    "Europe/Madrid",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "Asia/Beirut",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "UTC",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_daily_schedule_fires_once_a_day_whatever_clocks_do(
        minute in 0_u32..60, hour in 0_u32..24, zone in prop::sample::select(ZONES), year in 2024_i32..2036
    ) {
        let from = moment(&format!("{year}-01-01T12:00:00Z"));
        let calendar = calendar_skipping(&format!("{minute} {hour} * * *"), zone, &[]);
        let firings: Vec<Firing> = calendar.after(from).take(370).collect();
        let mut days: BTreeMap<NaiveDate, usize> = BTreeMap::new();
        for firing in &firings {
            *days.entry(firing.local.date_naive()).or_default() += 1;
        }
        prop_assert!(days.values().all(|count| *count == 1), "{days:?}");
        let (first, last) = (days.first_key_value().unwrap().0, days.last_key_value().unwrap().0);
        prop_assert_eq!((*last - *first).num_days(), 369, "a day was left out");
        for firing in &firings {
            let usual = (minute, hour) == (firing.local.minute(), firing.local.hour());
            prop_assert!(usual != firing.instead_of.is_some(), "{firing:?}");
            prop_assert!(usual || firing.clock_change == Some(ClockChange::Forward), "{firing:?}");
        }
    }

    #[test]
    fn firings_go_forward_with_the_offsets_of_their_zone(
        cron in prop::sample::select(&["*/20 * * * *", "15 * * * *", "*/7 1-3 * * *", "0,30 0-4 * * *", "5 2 * * 0,6"]),
        zone in prop::sample::select(ZONES), day in 0_i64..4000
    ) {
        let from = moment("2024-01-01T00:00:00Z") + TimeDelta::days(day);
        let tz: Tz = zone.parse().unwrap();
        let mut last = from;
        for firing in calendar_skipping(cron, zone, &[]).after(from).take(300) {
            prop_assert!(firing.at > last, "{last} {firing:?}");
            prop_assert_eq!(firing.local.to_utc(), firing.at);
            prop_assert_eq!(firing.local.offset().local_minus_utc(), tz.offset_from_utc_datetime(&firing.at.naive_utc()).fix().local_minus_utc());
            last = firing.at;
        }
    }

    #[test]
    fn the_search_may_start_anywhere(cron in prop::sample::select(&["30 2 * * *", "*/30 * * * *"]), cut in 1_usize..60) {
        for start in ["2026-10-24T20:00:00Z", "2027-03-27T20:00:00Z"] {
            let calendar = calendar_skipping(cron, "Europe/Madrid", &[]);
            let whole: Vec<Firing> = calendar.after(moment(start)).take(cut + 5).collect();
            let rest: Vec<Firing> = calendar.after(whole[cut - 1].at).take(5).collect();
            prop_assert_eq!(&whole[cut..], &rest[..]);
        }
    }
}
