//! Rates that another run of the same campaign run must tell first: a UDP test without a contract follows what TCP reached.

use std::collections::HashMap;

use super::jobs::Job;
use crate::domain::measurement::Throughput;
use crate::domain::name::Name;
use crate::domain::test::{Direction, Protocol, Test};
use crate::domain::unit::{Bitrate, Ratio};

/// Digits that a rate found by TCP is rounded to, downwards: the rest is noise.
const DIGITS: u32 = 3;

/// A rate that is known when other jobs have run.
#[derive(Debug, Clone, PartialEq)]
pub struct RateFrom {
    /// This share of what TCP reached.
    pub share: Ratio,
    /// The flows that tell it; of several, the slowest.
    pub sources: Vec<Source>,
}

/// A flow of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The job's id.
    pub job: u32,
    /// The second flow of a bidirectional run.
    pub second: bool,
}

/// What a run told of its rates: those of its flows in bits per second, or why there are none.
pub type Told = Result<(f64, Option<f64>), String>;

/// What `throughput` tells.
///
/// # Errors
/// None: a measurement tells its rates.
pub fn told(throughput: &Throughput) -> Told {
    let second = throughput.reverse.as_deref().map(|flow| flow.throughput_bits_per_second);
    Ok((throughput.flow.throughput_bits_per_second, second))
}

/// The ends of a job's data, as (sender, receiver).
fn ways(job: &Job) -> Vec<(&Name, &Name)> {
    let (source, destination) = (&job.pair.source, &job.pair.destination);
    match job.specification.direction() {
        Direction::Forward => vec![(source, destination)],
        Direction::Reverse => vec![(destination, source)],
        Direction::Bidirectional => vec![(source, destination), (destination, source)],
    }
}

/// A way of data in a repetition: sender, receiver.
type Way<'j> = (u32, &'j Name, &'j Name);

/// The flow that tells what TCP reaches each way: of a TCP run without a rate of its own in the same repetition, rather alone
/// than beside the other direction, of several the first.
fn sources(jobs: &[Job]) -> HashMap<Way<'_>, Source> {
    let tells = |job: &&Job| {
        job.specification.protocol() == Some(Protocol::Tcp)
            && job.specification.offered().is_none()
            && job.rate_from.is_none()
            && job.skip.is_none()
    };
    let mut found: HashMap<Way<'_>, (bool, Source)> = HashMap::new();
    for job in jobs.iter().filter(tells) {
        let ways = ways(job);
        let shared = ways.len() > 1;
        for (at, (sender, receiver)) in ways.into_iter().enumerate() {
            let this = (shared, Source { job: job.id, second: at == 1 });
            let place = found.entry((job.repetition, sender, receiver)).or_insert(this);
            if place.0 && !shared {
                *place = this;
            }
        }
    }
    found.into_iter().map(|(way, (_, source))| (way, source)).collect()
}

/// Finds who tells each missing rate; a job that nobody tells it is skipped.
pub(super) fn find_sources(jobs: &mut [Job]) {
    let missing: Vec<usize> = (0..jobs.len()).filter(|at| jobs[*at].rate_from.is_some()).collect();
    if missing.is_empty() {
        return;
    }
    let known = sources(jobs);
    let found: Vec<Result<Vec<Source>, String>> = missing
        .iter()
        .map(|at| {
            let job = &jobs[*at];
            let told = ways(job).into_iter().map(|(sender, receiver)| {
                known.get(&(job.repetition, sender, receiver)).copied().ok_or_else(|| {
                    format!(
                        "`{}` takes its rate from the contract or else from TCP; no link with a contract lies on this path, \
                         and no TCP test without a rate of its own is run from {sender} to {receiver} here",
                        job.test
                    )
                })
            });
            told.collect()
        })
        .collect();
    for (at, found) in missing.into_iter().zip(found) {
        let job = &mut jobs[at];
        match (found, &mut job.rate_from) {
            (Ok(sources), Some(from)) => from.sources = sources,
            (Ok(_), None) => {}
            (Err(why), _) => {
                job.rate_from = None;
                job.skip = Some(why.into());
            }
        }
    }
}

/// What a rate was set by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settled {
    /// This share…
    pub share: f64,
    /// …of what TCP reached.
    pub reached_bits_per_second: f64,
}

/// Sets the rate of a job that takes it from others; `told` knows what a job brought. `None` for any other job.
///
/// The rate is one of payload, for TCP's is one of payload too: in Ethernet frames UDP fills the path 1.6 % less than TCP did
/// (1490 bytes around 1448 against 1514).
///
/// # Errors
/// Why there is no rate.
pub fn settle(job: &mut Job, told: impl Fn(u32) -> Option<Told>) -> Result<Option<Settled>, String> {
    let Some(from) = &job.rate_from else { return Ok(None) };
    let mut reached = f64::INFINITY;
    for Source { job: id, second } in &from.sources {
        let (first, other) = told(*id)
            .unwrap_or_else(|| Err("it was not run".to_owned()))
            .map_err(|why| format!("its rate is a share of what TCP reaches, and TCP told none (run {id}): {why}"))?;
        reached = reached.min(if *second { other.unwrap_or(0.0) } else { first });
    }
    let share = from.share.share();
    let rate = rounded(reached * share)
        .ok_or_else(|| "its rate is a share of what TCP reaches, and nothing came through by TCP".to_owned())?;
    set(&mut job.specification, rate);
    Ok(Some(Settled { share, reached_bits_per_second: reached }))
}

/// Lets `test` send at `rate`, if it is one that has a rate.
pub(super) const fn set(test: &mut Test, rate: Bitrate) {
    match test {
        Test::Iperf3(test) => test.rate_bits_per_second = Some(rate),
        Test::Iperf2(test) => test.rate_bits_per_second = Some(rate),
        Test::Ping(_)
        | Test::Traceroute(_)
        | Test::Mtr(_)
        | Test::Tracepath(_)
        | Test::PathMtu(_)
        | Test::Connect(_) => {}
    }
}

/// Cut to three digits; `None` of what is no rate.
pub(super) fn rounded(rate: f64) -> Option<Bitrate> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is finite and positive here")]
    let whole = if rate.is_finite() && rate >= 1.0 { rate as u64 } else { return None };
    let step = 10_u64.pow((whole.ilog10() + 1).saturating_sub(DIGITS));
    Bitrate::new(whole / step * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_cut_to_three_digits() {
        let told = |rate: f64| rounded(rate).map(Bitrate::bits_per_second);
        assert_eq!(told(74_512_345.6), Some(74_500_000));
        assert_eq!(told(999.9), Some(999));
        assert_eq!(told(12.0), Some(12));
        assert_eq!([0.0, 0.4, -1.0, f64::NAN, f64::INFINITY].map(told), [None; 5]);
    }
}
