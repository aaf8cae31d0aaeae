//! What is stored comes back bit for bit.

use iperftester::domain::measurement::{Flow, Hop, HopPath, Interval, Measurement, RoundTrip, Throughput};
use iperftester::domain::run::Run;
use iperftester::domain::test::Protocol;
use iperftester::store::{Entry, SqliteStore, Store};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::sample::{head, run};

/// Any number that can be measured: finite, down to the smallest and up to the largest there is.
fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(f64::abs)
}

fn interval() -> impl Strategy<Value = Interval> {
    (number(), number(), number(), option::of(any::<u64>()), option::of(any::<u64>()), any::<bool>()).prop_map(
        |(start_seconds, end_seconds, throughput_bits_per_second, retransmits, lost_packets, omitted)| Interval {
            start_seconds,
            end_seconds,
            throughput_bits_per_second,
            retransmits,
            lost_packets,
            omitted,
        },
    )
}

fn flow() -> impl Strategy<Value = Flow> {
    (number(), option::of(number()), option::of(any::<u64>()), option::of(number()), vec(interval(), 0..5)).prop_map(
        |(throughput_bits_per_second, sent_bits_per_second, received_bytes, loss_ratio, intervals)| Flow {
            throughput_bits_per_second,
            sent_bits_per_second,
            received_bytes,
            loss_ratio,
            intervals,
            ..Default::default()
        },
    )
}

fn measurement() -> impl Strategy<Value = Measurement> {
    let throughput = (flow(), option::of(flow())).prop_map(|(flow, reverse)| {
        Measurement::Throughput(Throughput {
            protocol: Protocol::Udp,
            streams: 1,
            flow,
            reverse: reverse.map(Box::new),
            tool_version: None,
            notes: vec![],
            processes: None,
            segment: None,
        })
    });
    let round_trip = (any::<u64>(), option::of(number()), vec(number(), 0..5)).prop_map(|(packets, rtt, rtts)| {
        Measurement::RoundTrip(RoundTrip {
            packets,
            received_packets: packets / 2,
            loss_ratio: 1.0 / 3.0,
            duplicate_packets: 0,
            rtt_seconds: rtt,
            rtt_min_seconds: rtt,
            rtt_max_seconds: None,
            rtt_deviation_seconds: None,
            rtts_seconds: rtts,
        })
    });
    let path = (any::<u8>(), vec(number(), 0..4), any::<bool>()).prop_map(|(ttl, rtts_seconds, reached)| {
        let hop = Hop {
            ttl,
            addresses: vec!["::1".to_owned()],
            rtts_seconds,
            unanswered: 1,
            annotations: vec![],
            figures: None,
        };
        Measurement::Path(HopPath { hops: vec![hop], reached, mtu_bytes: None })
    });
    prop_oneof![throughput, round_trip, path]
}

fn any_run() -> impl Strategy<Value = Run> {
    (option::of(measurement()), any::<String>(), option::of(any::<String>()), option::of(any::<String>()))
        .prop_map(|(measurement, raw, server_raw, error)| Run { measurement, raw, server_raw, error, ..run(1) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_run_comes_back_as_it_was(run in any_run()) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let loaded = runtime.block_on(async {
            let store = SqliteStore::open(&folder.path().join("results.db")).await.unwrap();
            let head = head(0);
            store.begin(&head).await.unwrap();
            store.write(&head.header.id, &Entry::Run(Box::new(run.clone()))).await.unwrap();
            store.load(&head.header.id).await.unwrap()
        });
        // As text too: equality alone would let -0 pass for 0.
        prop_assert_eq!(serde_json::to_string(&loaded.runs[0]).unwrap(), serde_json::to_string(&run).unwrap());
        prop_assert_eq!(&loaded.runs[0], &run);
        let file = iperftester::store::export(&loaded).unwrap();
        let imported = iperftester::store::import(&file).unwrap();
        prop_assert_eq!(serde_json::to_string(&imported.runs[0]).unwrap(), serde_json::to_string(&run).unwrap());
        prop_assert_eq!(imported, loaded);
    }
}
