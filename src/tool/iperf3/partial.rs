//! What a client had measured when it was cut off.

use super::intervals::{Views, course};
use super::json;
use crate::domain::measurement::Interval;
use crate::domain::test::{Direction, Iperf3};
use crate::tool::Outputs;

/// The whole intervals of the main flow that `test`'s client wrote before it ended early, as the client itself counted them;
/// the omitted start is not among them. None where it wrote none, and none of a process that was only a part of the test.
pub(in crate::tool) fn partial(test: &Iperf3, outputs: &Outputs<'_>) -> Vec<Interval> {
    let Some(client) = json::torso(outputs.client) else { return vec![] };
    let streams = client.start.get("test_start").and_then(|t| t.whole("num_streams"));
    if streams != Some(u64::from(test.streams)) {
        return vec![];
    }
    let sends = test.direction != Direction::Reverse;
    let views = Views { sender: sends.then_some(&client), receiver: (!sends).then_some(&client) };
    let (mut intervals, _) = course(views, test.omit.as_secs_f64());
    intervals.retain(|interval| !interval.omitted);
    intervals
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = include_str!("../../../tests/fixtures/tools/iperf3-3.18-tcp-json-stream.jsonl");

    fn ends(test: &Iperf3, client: &str) -> Vec<f64> {
        let outputs = Outputs { client: client.as_bytes(), ..Outputs::default() };
        partial(test, &outputs).iter().map(|i| i.end_seconds).collect()
    }

    #[test]
    fn whole_intervals_are_left_wherever_it_is_cut() {
        let lines: Vec<&str> = STREAM.lines().collect();
        let test = Iperf3::plain();
        let told = [1.001_087, 2.000_633, 3.004_802];
        for (count, want) in [(1, &told[..0]), (2, &told[..1]), (3, &told[..2]), (4, &told[..])] {
            assert_eq!(ends(&test, &lines[..count].join("\n")), want);
        }
        let cut = &STREAM[..lines[..3].join("\n").len() - 5];
        assert_eq!(ends(&test, cut), told[..1], "half an interval is none");
        assert_eq!(ends(&test, ""), [0.0; 0]);
        assert_eq!(ends(&test, "{"), [0.0; 0]);
        let four = Iperf3 { streams: 4, ..test };
        assert_eq!(ends(&four, STREAM), [0.0; 0], "one of four processes is not the test");
    }
}
