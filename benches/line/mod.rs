//! How a figure is printed: `name<TAB>value unit<TAB>goal<TAB>ok|short`.

/// A figure that may be at most `goal`.
pub(crate) fn line(name: &str, value: f64, unit: &str, goal: f64) {
    print(name, value, unit, ("<=", goal), value <= goal);
}

/// A figure that has to be at least `goal`.
#[allow(dead_code, reason = "each bench uses its part")]
pub(crate) fn line_at_least(name: &str, value: f64, unit: &str, goal: f64) {
    print(name, value, unit, (">=", goal), value >= goal);
}

fn print(name: &str, value: f64, unit: &str, (sign, goal): (&str, f64), met: bool) {
    let judgement = if met { "ok" } else { "short" };
    println!("{name}\t{value:.3} {unit}\t{sign} {goal} {unit}\t{judgement}");
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] }
}
