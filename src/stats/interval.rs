//! Where the median lies: a confidence interval that supposes no distribution.

/// The least confidence asked of an interval.
const CONFIDENCE: f64 = 0.95;

/// Fewer values than this have no interval: between the least and the most of five lies the median with 93.75 % only.
pub const INTERVAL_RUNS_MIN: usize = 6;

/// A confidence interval of the median by order statistics: between the k-th least and the k-th most of n independent values
/// of one continuous distribution lies its median with the probability 1 − 2·B(k − 1), where B is the binomial distribution
/// of n draws at ½ (David and Nagaraja, Order Statistics, 3rd ed. 2003, section 7.1). k is the largest that gives at least
/// 95 %, so most intervals are surer than that. Nothing is supposed of the form of the distribution, which throughput with its
/// sharp upper end would not keep anyway. Runs that follow one another closely are not quite independent: then it is too narrow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MedianInterval {
    /// Lower end, in the unit of the values.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Its confidence, from 0.95 to 1.
    pub confidence_ratio: f64,
}

impl MedianInterval {
    /// The interval of `sorted` finite values; `None` where there are too few.
    pub(super) fn of_sorted(sorted: &[f64]) -> Option<Self> {
        let (k, confidence_ratio) = rank(sorted.len())?;
        let low = *sorted.get(k - 1)?;
        let high = *sorted.get(sorted.len() - k)?;
        Some(Self { low, high, confidence_ratio })
    }

    /// Have the two a value in common?
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// The largest k for `n` values and its confidence.
fn rank(n: usize) -> Option<(usize, f64)> {
    let size = super::as_f64(n);
    // ln C(n, i) grows from one i to the next by ln((n − i) / (i + 1)): no factorial, nothing overflows.
    let mut ln_term = -size * std::f64::consts::LN_2;
    let (mut below, mut best) = (0.0, None);
    for i in 0..n.div_ceil(2) {
        below += ln_term.exp();
        let confidence = 1.0 - 2.0 * below;
        if confidence < CONFIDENCE {
            break;
        }
        best = Some((i + 1, confidence));
        ln_term += ((size - super::as_f64(i)) / super::as_f64(i + 1)).ln();
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Summary;

    /// Computed apart from this program, in exact integers: `from math import comb`, the largest k with
    /// `1 - 2 * sum(comb(n, i) for i in range(k)) / 2**n >= 0.95` (python 3.11); k of n to 50 is the usual table too.
    const TABLE: [(usize, usize, f64); 12] = [
        (6, 1, 0.96875),
        (7, 1, 0.984375),
        (8, 1, 0.9921875),
        (9, 2, 0.9609375),
        (10, 2, 0.978515625),
        (11, 2, 0.98828125),
        (12, 3, 0.96142578125),
        (20, 6, 0.9586105346679688),
        (30, 10, 0.9572260547429323),
        (50, 18, 0.9671608624357315),
        (100, 40, 0.9647997997822952),
        (1000, 469, 0.9537088026395019),
    ];

    #[test]
    fn ranks_are_those_of_the_binomial_distribution() {
        for (n, k, confidence) in TABLE {
            let (rank, ratio) = rank(n).unwrap();
            assert_eq!(rank, k, "n = {n}");
            assert!((ratio - confidence).abs() < 1e-9, "n = {n}: {ratio}");
        }
        for n in 0..INTERVAL_RUNS_MIN {
            assert_eq!(rank(n), None, "n = {n}");
        }
    }

    #[test]
    fn the_interval_is_made_of_measured_values() {
        let values = [95.1, 93.2, 95.4, 94.8, 95.0, 95.2, 76.0, 95.3, 94.9, 95.6];
        let interval = Summary::of(&values).unwrap().interval.unwrap();
        assert_eq!((interval.low, interval.high), (93.2, 95.4), "the second least and the second most of ten");
        assert_eq!(Summary::of(&values[..5]).unwrap().interval, None);
        let six = Summary::of(&values[..6]).unwrap().interval.unwrap();
        assert_eq!((six.low, six.high), (93.2, 95.4), "all of six");
    }

    #[test]
    fn intervals_that_touch_overlap() {
        let between = |low, high| MedianInterval { low, high, confidence_ratio: 0.96 };
        assert!(between(1.0, 2.0).overlaps(&between(2.0, 3.0)) && between(0.0, 9.0).overlaps(&between(2.0, 3.0)));
        assert!(!between(1.0, 2.0).overlaps(&between(2.1, 3.0)) && !between(2.1, 3.0).overlaps(&between(1.0, 2.0)));
    }

    /// The promise itself: of many samples of a known, skewed distribution, at least 95 % of the intervals hold its median.
    #[test]
    fn it_holds_the_median_as_often_as_it_says() {
        let mut state = 7_u64;
        let mut uniform = || {
            // Knuth's MMIX generator: the same draws at every test.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX)
        };
        let (samples, mut held) = (4000, 0);
        for _ in 0..samples {
            let values: Vec<f64> = (0..9).map(|_| uniform().powi(4)).collect();
            let interval = Summary::of(&values).unwrap().interval.unwrap();
            held += u32::from((interval.low..=interval.high).contains(&0.5_f64.powi(4)));
        }
        let share = f64::from(held) / f64::from(samples);
        assert!((share - 0.960_937_5).abs() < 0.012, "{share}");
    }
}
