//! `campaigns`.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc, Weekday};
use serde::Serialize;

use super::args::Campaigns as Arguments;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::foresee;
use super::speech::lang;
use crate::domain::campaign::{Budget, Campaign, Schedule};
use crate::domain::group::Group;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::{Lang, say, sentences};
use crate::schedule::{self, Calendar, ClockChange, Firing, Options};
use crate::stats::numbers::{bytes, rate_exact, span};

/// Most runs of a campaign whose timetable is made for the list: behind it takes seconds.
const MOST_RUNS: usize = 20_000;

#[derive(Serialize)]
struct Listing<'a> {
    topology: &'a Name,
    from: DateTime<Utc>,
    campaigns: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    campaign: &'a Name,
    group: &'a Name,
    tests: &'a [Name],
    repeat: u32,
    estimate: Option<Estimate>,
    schedule: Option<&'a Schedule>,
    budget: Budget,
    /// Why it cannot be run at all, a sentence each.
    cannot_run: Vec<String>,
    firings: Vec<Firing>,
}

/// What one execution takes.
#[derive(Serialize)]
struct Estimate {
    runs: usize,
    total_seconds: f64,
    /// Over the declared links, both ways.
    link_bytes: u64,
    /// Their rate is bounded by nothing, so that they are not in the sum.
    unknown_tests: u32,
}

pub(super) fn perform(context: &Context<'_>, with: &Arguments) -> Result<Exit, Failure> {
    let topology = context.load()?;
    let from = with.from.unwrap_or_else(Context::now);
    if let Some(name) = with.campaign.as_ref().filter(|name| !topology.campaigns.contains_key(*name)) {
        let known: Vec<&str> = topology.campaigns.keys().map(Name::as_str).collect();
        return Err(Failure::bad_input(say!(
            lang(),
            "there is no campaign `{name}` in topology {}",
            "no hay ninguna campaña `{name}` en la topología {}",
            topology.name
        ))
        .hint(say!(lang(), "known campaigns: {}", "campañas conocidas: {}", known.join(", "))));
    }
    let asked = topology.campaigns.iter().filter(|(name, _)| with.campaign.as_ref().is_none_or(|asked| asked == *name));
    let campaigns: Result<Vec<_>, Failure> =
        asked.map(|(name, campaign)| row(&topology, name, campaign, from, with.next)).collect();
    let listing = Listing { topology: &topology.name, from, campaigns: campaigns? };
    context.output.either(|| listing.campaigns.iter().map(describe).collect::<Vec<_>>().join("\n"), &listing);
    Ok(Exit::Ok)
}

fn row<'a>(
    topology: &'a Topology,
    name: &'a Name,
    campaign: &'a Campaign,
    from: DateTime<Utc>,
    next: usize,
) -> Result<Row<'a>, Failure> {
    let firings = match &campaign.schedule {
        None => vec![],
        Some(schedule) => {
            let calendar = Calendar::new(schedule).map_err(|fault| {
                let mut failure = Failure::bad_input(say!(
                    lang(),
                    "cannot tell when campaign `{name}` is to run",
                    "no se puede saber cuándo toca ejecutar la campaña `{name}`"
                ));
                failure.chain.push(fault.to_string());
                failure.hint(fault.hint())
            })?;
            calendar.after(from).take(next).collect()
        }
    };
    let estimate = estimate(topology, campaign);
    // Where the one takes long, so does the other.
    let broken = if estimate.is_some() { foresee::broken(topology, campaign) } else { vec![] };
    Ok(Row {
        campaign: name,
        group: &campaign.group,
        tests: &campaign.tests,
        repeat: campaign.repeat,
        estimate,
        schedule: campaign.schedule.as_ref(),
        budget: campaign.budget,
        cannot_run: broken.iter().map(|fault| sentences::told(lang(), &fault.to_string())).collect(),
        firings,
    })
}

/// `None` where it would take long to tell.
fn estimate(topology: &Topology, campaign: &Campaign) -> Option<Estimate> {
    let pairs = topology.groups.get(&campaign.group).map_or(0, |group: &Group| group.pairs().len());
    let runs = pairs.checked_mul(campaign.tests.len())?.checked_mul(campaign.repeat as usize)?;
    if runs > MOST_RUNS {
        return None;
    }
    let jobs = schedule::jobs(topology, campaign, Options::default());
    let table = schedule::timetable(&jobs);
    let links = table.bytes_per_link(topology);
    Some(Estimate {
        runs: table.slots.len(),
        total_seconds: table.total.as_secs_f64(),
        link_bytes: links.values().map(|link| link.a_to_b_bytes.saturating_add(link.b_to_a_bytes)).sum(),
        unknown_tests: links.values().map(|link| link.unknown_tests).sum(),
    })
}

fn describe(row: &Row<'_>) -> String {
    let tests: Vec<&str> = row.tests.iter().map(Name::as_str).collect();
    let mut text =
        say!(lang(), "{}: group {}, tests {}", "{}: grupo {}, pruebas {}", row.campaign, row.group, tests.join(", "));
    if row.repeat > 1 {
        text.push_str(&say!(lang(), ", {} times", ", {} veces", row.repeat));
    }
    match &row.estimate {
        None => text.push_str(lang().word(
            "\n  too many runs to estimate here: `iperftester run --dry-run` tells",
            "\n  demasiadas pruebas para estimarlo aquí: `iperftester run --dry-run` lo dice",
        )),
        Some(estimate) => {
            let runs = lang().counted(estimate.runs, ["run", "runs"], ["prueba", "pruebas"]);
            let time = span(lang(), Duration::from_secs_f64(estimate.total_seconds));
            text.push_str(&say!(
                lang(),
                "\n  {runs} in about {time}, set-up not counted",
                "\n  {runs} en unos {time}, sin contar la preparación"
            ));
            #[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
            let sent = bytes(lang(), estimate.link_bytes as f64);
            if estimate.link_bytes > 0 {
                text.push_str(&say!(lang(), ", about {sent} over its links", ", unos {sent} por sus enlaces"));
            }
            if estimate.unknown_tests > 0 {
                let tests = lang().counted(estimate.unknown_tests as usize, ["test", "tests"], ["prueba", "pruebas"]);
                text.push_str(&say!(
                    lang(),
                    ", not counting {tests} whose rate nothing bounds",
                    ", sin contar {tests} cuya tasa nada limita"
                ));
            }
        }
    }
    if let Some(day) = row.budget.bytes_per_day {
        #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
        let day = bytes(lang(), day.bytes() as f64);
        text.push_str(&say!(lang(), "\n  may send {day} a day", "\n  puede enviar {day} al día"));
    }
    if let Some(rate) = row.budget.max_rate_bits_per_second {
        let rate = rate_exact(lang(), rate.as_f64());
        text.push_str(&say!(lang(), "\n  no test faster than {rate}", "\n  ninguna prueba a más de {rate}"));
    }
    for why in &row.cannot_run {
        text.push_str(&say!(lang(), "\n  cannot run: {why}", "\n  no se puede ejecutar: {why}"));
    }
    let Some(schedule) = row.schedule else {
        text.push_str(&say!(
            lang(),
            "\n  no schedule: `iperftester run {}` starts it\n",
            "\n  sin horario: `iperftester run {}` la empieza\n",
            row.campaign
        ));
        return text;
    };
    text.push_str(&say!(lang(), "\n  schedule {}, {}", "\n  horario {}, {}", schedule.cron, schedule.time_zone));
    for days in &schedule.skip {
        text.push_str(&say!(lang(), ", not from {} to {}", ", salvo del {} al {}", days.from, days.to));
    }
    text.push('\n');
    if row.firings.is_empty() {
        text.push_str(lang().word("    it never comes\n", "    no llega nunca\n"));
    }
    for firing in &row.firings {
        text.push_str(&format!("    {}\n", moment(firing)));
    }
    text
}

/// The short name of a day of the week.
const fn weekday(lang: Lang, day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => lang.word("Mon", "lun"),
        Weekday::Tue => lang.word("Tue", "mar"),
        Weekday::Wed => lang.word("Wed", "mié"),
        Weekday::Thu => lang.word("Thu", "jue"),
        Weekday::Fri => lang.word("Fri", "vie"),
        Weekday::Sat => lang.word("Sat", "sáb"),
        Weekday::Sun => lang.word("Sun", "dom"),
    }
}

/// A firing in its own zone and in UTC, with what is special about its day.
fn moment(firing: &Firing) -> String {
    let (day, local) = (weekday(lang(), firing.local.weekday()), firing.local.format("%Y-%m-%d %H:%M %:z"));
    let mut text = format!("{day} {local}  {}", firing.at.format("%Y-%m-%d %H:%M UTC"));
    match firing.clock_change {
        None => {}
        Some(ClockChange::Forward) => {
            text.push_str(lang().word("  clocks go forward that day", "  ese día se adelanta el reloj"));
        }
        Some(ClockChange::Back) => {
            text.push_str(lang().word("  clocks go back that day", "  ese día se atrasa el reloj"));
        }
    }
    if let Some(meant) = firing.instead_of {
        text.push_str(&say!(lang(), ", {} does not exist", ", las {} no existen", meant.format("%H:%M")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Source, load};
    use crate::domain::campaign::Days;
    use crate::domain::unit::{Bitrate, ByteSize};

    /// A topology whose campaign runs at half past two in Madrid.
    fn nightly() -> Topology {
        let text = "name: x\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n\
                    links: { l: { between: [a, b], contract: { rate: 100M } } }\ntests: { tcp: { iperf3: { duration: 5s } } }\n\
                    campaigns: { nightly: { group: all, run: tcp, repeat: 2 } }\n";
        let loaded = load(&Source { file: "t.yaml".into(), bytes: text.as_bytes().to_vec() });
        let mut topology = loaded.topology.unwrap();
        let campaign = topology.campaigns.values_mut().next().unwrap();
        let date = |text: &str| text.parse().unwrap();
        campaign.schedule = Some(Schedule {
            cron: "30 2 * * *".to_owned(),
            time_zone: "Europe/Madrid".to_owned(),
            skip: vec![Days { from: date("2027-03-29"), to: date("2027-04-01") }],
        });
        campaign.budget = Budget {
            bytes_per_day: Some(ByteSize::new(50_000_000_000)),
            max_rate_bits_per_second: Bitrate::new(500_000_000),
        };
        topology
    }

    fn listed(from: &str) -> Row<'static> {
        let topology: &'static Topology = Box::leak(Box::new(nightly()));
        let (name, campaign) = topology.campaigns.first_key_value().unwrap();
        row(topology, name, campaign, from.parse().unwrap(), 3).unwrap()
    }

    #[test]
    fn the_nights_on_which_clocks_change_are_marked() {
        let spring = [
            "nightly: group all, tests tcp, 2 times",
            "  4 runs in about 20 s, set-up not counted, about 250 MB over its links",
            "  may send 50.0 GB a day",
            "  no test faster than 500 Mbit/s",
            "  schedule 30 2 * * *, Europe/Madrid, not from 2027-03-29 to 2027-04-01",
            "    Sat 2027-03-27 02:30 +01:00  2027-03-27 01:30 UTC",
            "    Sun 2027-03-28 03:00 +02:00  2027-03-28 01:00 UTC  clocks go forward that day, 02:30 does not exist",
            "    Fri 2027-04-02 02:30 +02:00  2027-04-02 00:30 UTC",
            "",
        ];
        assert_eq!(describe(&listed("2027-03-26T12:00:00Z")), spring.join("\n"));
        let autumn = describe(&listed("2026-10-23T12:00:00Z"));
        assert!(
            autumn.contains("Sun 2026-10-25 02:30 +02:00  2026-10-25 00:30 UTC  clocks go back that day"),
            "{autumn}"
        );
    }

    #[test]
    fn a_campaign_that_its_budget_keeps_from_running_is_marked() {
        let mut topology = nightly();
        let campaign = topology.campaigns.values_mut().next().unwrap();
        campaign.budget.bytes_per_day = Some(ByteSize::new(1000));
        let (name, campaign) = topology.campaigns.first_key_value().unwrap();
        let told = describe(&row(&topology, name, campaign, "2027-03-26T12:00:00Z".parse().unwrap(), 3).unwrap());
        assert!(told.contains("\n  cannot run: "), "{told}");
        assert!(!describe(&listed("2027-03-26T12:00:00Z")).contains("cannot run"));
    }

    #[test]
    fn a_program_is_told_the_same() {
        let json = serde_json::to_value(listed("2027-03-26T12:00:00Z")).unwrap();
        let firing = &json["firings"][1];
        let expected = serde_json::json!({
            "at": "2027-03-28T01:00:00Z",
            "local": "2027-03-28T03:00:00+02:00",
            "clock_change": "forward",
            "instead_of": "2027-03-28T02:30:00",
        });
        assert_eq!(firing, &expected);
        assert_eq!(json["estimate"]["total_seconds"].as_f64().map(f64::round), Some(20.0), "{json}");
    }
}
