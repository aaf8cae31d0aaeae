//! Statistics of repeated measurements: plain definitions, each documented, none for an empty sample.

mod interval;
pub mod numbers;

pub use interval::{INTERVAL_RUNS_MIN, MedianInterval};

/// What a sample of at least one finite value comes to. All fields but `count` are in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Finite values in the sample, at least 1.
    pub count: usize,
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// The 50th [`percentile`].
    pub median: f64,
    /// Sample standard deviation (divisor n − 1); `None` for a single value, which has no spread.
    pub stddev: Option<f64>,
    /// Where the median of all that could be measured lies; `None` below [`INTERVAL_RUNS_MIN`] values.
    pub interval: Option<MedianInterval>,
}

impl Summary {
    /// Summarises `values`; numbers that are not finite are left out. `None` where nothing is left.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = finite_sorted(values);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let n = as_f64(sorted.len());
        // Dividing first keeps the sum of huge values finite; the clamp takes back what rounding adds.
        let mean = sorted.iter().map(|v| v / n).sum::<f64>().clamp(min, max);
        let squares: f64 = sorted.iter().map(|v| (v - mean).powi(2)).sum();
        let stddev = (sorted.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
        let median = interpolate(&sorted, 50.0)?;
        let interval = MedianInterval::of_sorted(&sorted);
        Some(Self { count: sorted.len(), min, max, mean, median, stddev, interval })
    }

    /// Coefficient of variation: standard deviation over mean, as a ratio. `None` for one value or a mean of zero.
    #[must_use]
    pub fn coefficient_of_variation(&self) -> Option<f64> {
        let ratio = self.stddev? / self.mean.abs();
        ratio.is_finite().then_some(ratio)
    }
}

/// The `percent`th percentile by linear interpolation between the two nearest ranks: position (n − 1)·p/100 in the
/// sorted sample (Hyndman and Fan 1996, definition 7; the default of R, NumPy and spreadsheets). `None` for an empty
/// sample or a `percent` outside 0 to 100.
#[must_use]
pub fn percentile(values: &[f64], percent: f64) -> Option<f64> {
    interpolate(&finite_sorted(values), percent)
}

/// The median: the 50th [`percentile`].
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 50.0)
}

fn finite_sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank lies between 0 and the length")]
fn interpolate(sorted: &[f64], percent: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=100.0).contains(&percent) {
        return None;
    }
    let rank = as_f64(sorted.len() - 1) * percent / 100.0;
    let below = *sorted.get(rank.floor() as usize)?;
    let above = *sorted.get(rank.ceil() as usize)?;
    let part = rank.fract();
    Some((below * (1.0 - part) + above * part).clamp(below, above))
}

#[allow(clippy::cast_precision_loss, reason = "no sample has 2^52 values")]
const fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_sample_has_no_statistics() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[f64::NAN, f64::INFINITY]), None);
        assert_eq!(percentile(&[], 50.0), None);
        assert_eq!(percentile(&[1.0], 101.0), None);
        assert_eq!(percentile(&[1.0], f64::NAN), None);
    }

    #[test]
    fn one_value_has_no_spread() {
        let one = Summary::of(&[7.0]).unwrap();
        assert_eq!((one.min, one.median, one.max, one.mean, one.stddev), (7.0, 7.0, 7.0, 7.0, None));
        assert_eq!(one.coefficient_of_variation(), None);
    }

    #[test]
    fn figures_by_hand() {
        let s = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((s.count, s.mean, s.median), (8, 5.0, 4.5));
        assert!((s.stddev.unwrap() - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        assert!((s.coefficient_of_variation().unwrap() - (32.0_f64 / 7.0).sqrt() / 5.0).abs() < 1e-12);
        // numpy.percentile([15, 20, 35, 40, 50], [25, 40, 95]) = 20, 29, 48
        let v = [50.0, 15.0, 40.0, 20.0, 35.0];
        let at = |p| percentile(&v, p).unwrap();
        assert!((at(25.0) - 20.0).abs() < 1e-9 && (at(40.0) - 29.0).abs() < 1e-9 && (at(95.0) - 48.0).abs() < 1e-9);
        assert_eq!(Summary::of(&[-1.0, 1.0]).unwrap().coefficient_of_variation(), None);
    }

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(-1e12..1e12_f64, 1..60)
    }

    proptest! {
        #[test]
        fn ordered_and_bounded(values in sample()) {
            let s = Summary::of(&values).unwrap();
            prop_assert!(s.min <= s.median && s.median <= s.max);
            prop_assert!(s.min <= s.mean && s.mean <= s.max);
            prop_assert!(s.stddev.is_none_or(|d| d >= 0.0 && d <= (s.max - s.min) * 1.000_001));
            prop_assert_eq!(percentile(&values, 0.0), Some(s.min));
            prop_assert_eq!(percentile(&values, 100.0), Some(s.max));
        }

        #[test]
        fn percentiles_never_fall(values in sample(), p in 0.0..100.0_f64, q in 0.0..100.0_f64) {
            let (low, high) = if p < q { (p, q) } else { (q, p) };
            prop_assert!(percentile(&values, low) <= percentile(&values, high));
        }

        #[test]
        fn order_does_not_matter(values in sample()) {
            let mut turned = values.clone();
            turned.reverse();
            prop_assert_eq!(Summary::of(&values), Summary::of(&turned));
        }

        #[test]
        fn scaling_scales(values in sample(), factor in 1.0..1000.0_f64) {
            let scaled: Vec<f64> = values.iter().map(|v| v * factor).collect();
            let (a, b) = (Summary::of(&values).unwrap(), Summary::of(&scaled).unwrap());
            let near = |x: f64, y: f64| (x - y).abs() <= 1e-9 * (1e12 * factor);
            prop_assert!(near(a.mean * factor, b.mean) && near(a.median * factor, b.median));
            prop_assert!(near(a.stddev.unwrap_or(0.0) * factor, b.stddev.unwrap_or(0.0)));
        }
    }
}
