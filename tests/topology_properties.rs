//! What holds for every quantity and for every file, however broken.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use iperftester::config::{Refused, Source, Surroundings, load, render, resolve_in};
use iperftester::domain::diagnostic::Severity;
use iperftester::domain::unit::{Bitrate, ByteSize, Ratio, format_duration, parse_duration};
use proptest::prelude::*;

const VALID: [&str; 4] = [
    include_str!("topologies/valid/contract.yaml"),
    include_str!("topologies/valid/fleet.yaml"),
    include_str!("topologies/valid/smallest.yaml"),
    include_str!("../examples/quickstart.yaml"),
];

/// One variable, and one file to include that includes itself.
struct Around;

impl Surroundings for Around {
    fn identity(&self, file: &Path) -> PathBuf {
        file.to_owned()
    }

    fn read(&self, file: &Path) -> Result<Vec<u8>, Refused> {
        let missing = Refused { message: "missing".to_owned(), fix: "write it".to_owned() };
        if file.ends_with("a") { Ok(b"include: b\nsites: { x: {} }\n".to_vec()) } else { Err(missing) }
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "A").then(|| "a".to_owned())
    }
}

/// Whatever the bytes are: no panic, a topology exactly where there is no error, places inside the file.
fn holds(bytes: Vec<u8>) {
    let source = Source { file: "t.yaml".into(), bytes };
    let loaded = load(&source);
    let error = loaded.diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(loaded.topology.is_none(), error);
    for place in loaded.diagnostics.iter().filter_map(|d| d.place.as_ref()) {
        assert!(place.start <= place.end && place.end <= source.bytes.len().max(place.start), "{place:?}");
        assert!(place.line >= 1 && place.column >= 1);
    }
    for color in [false, true] {
        assert_eq!(
            render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, color).is_empty(),
            loaded.diagnostics.is_empty()
        );
    }
    let (loaded, resolved) = resolve_in(&source, &Around);
    assert_eq!(loaded.topology.is_some(), resolved.is_some());
    let sources: Vec<Source> = std::iter::once(source).chain(loaded.included).collect();
    assert_eq!(
        render(iperftester::i18n::Lang::En, &loaded.diagnostics, &sources, false).is_empty(),
        loaded.diagnostics.is_empty()
    );
    if let Some(resolved) = resolved {
        let yaml = resolved.yaml();
        let again = load(&Source { file: "again.yaml".into(), bytes: yaml.clone().into_bytes() });
        assert_eq!(again.topology, loaded.topology, "{yaml}\n{:?}", again.diagnostics);
    }
}

/// Pieces that the language is made of, for files that go wrong late.
const PIECES: &[&str] = &[
    "name: ",
    "hosts: ",
    "probes: ",
    "links: ",
    "groups: ",
    "tests: ",
    "suites: ",
    "campaigns: ",
    "between: ",
    "mesh: ",
    "all",
    "star: ",
    "hub: ",
    "spokes: ",
    "pairs: ",
    "iperf3: ",
    "ping: ",
    "rate: ",
    "contract",
    "expect: ",
    "warn: ",
    "local: ",
    "docker: ",
    "external: ",
    "address: ",
    "192.0.2.1/24",
    "network: host",
    "placement: ",
    "schedule: ",
    "0 3 * * *",
    "{ env: X }",
    "{ ",
    " }",
    "[ ",
    " ]",
    ", ",
    "\n",
    "\n  ",
    "\n    ",
    "a",
    "b",
    "x->y: ",
    "100M",
    "10",
    "1%",
    "20ms",
    "&a ",
    "*a",
    "- ",
    "\"",
    "'",
    ": ",
    "#",
    "\t",
    "!!str ",
    "<<: ",
    "---\n",
    "|\n",
    "ñ",
    "\u{feff}",
    "\r\n",
    "? ",
    "~",
    "include: ",
    "${A}",
    "${A:-b}",
    "${",
    "$$",
    "0",
    "-",
    "99999999999999999999T",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rate_reads_as_it_is_written(bits in 1_u64..1 << 50) {
        let rate = Bitrate::new(bits).unwrap();
        prop_assert_eq!(Bitrate::parse(&rate.to_string()), Ok(rate));
    }

    #[test]
    fn a_round_rate_reads_as_it_is_written(number in 1_u64..100_000, zeros in 0_u32..10) {
        let rate = Bitrate::new(number * 10_u64.pow(zeros)).unwrap();
        prop_assert_eq!(Bitrate::parse(&rate.to_string()), Ok(rate));
    }

    #[test]
    fn every_rate_can_be_written(bits in 1_u64..) {
        prop_assert!(!Bitrate::new(bits).unwrap().to_string().is_empty());
    }

    #[test]
    fn a_size_reads_as_it_is_written(bytes in 0_u64..1 << 50) {
        let size = ByteSize::new(bytes);
        prop_assert_eq!(ByteSize::parse(&size.to_string()), Ok(size));
    }

    #[test]
    fn a_time_reads_as_it_is_written(micros in 0_u64..1 << 40) {
        let time = Duration::from_micros(micros);
        prop_assert_eq!(parse_duration(&format_duration(time)), Ok(time));
    }

    #[test]
    fn a_round_time_reads_as_it_is_written(
        number in 0_u64..100_000,
        unit in prop::sample::select(vec![1, 1000, 1_000_000, 60_000_000]),
    ) {
        let time = Duration::from_micros(number * unit);
        prop_assert_eq!(parse_duration(&format_duration(time)), Ok(time));
    }

    /// A ratio is shown to a thousandth of a percent.
    #[test]
    fn a_ratio_reads_as_it_is_written(thousandths in 0_u32..=100_000) {
        let written = format!("{}.{:03}%", thousandths / 1000, thousandths % 1000);
        let ratio = Ratio::parse(&written).unwrap();
        prop_assert_eq!(Ratio::parse(&ratio.to_string()), Ok(ratio));
    }

    #[test]
    fn units_never_panic(text in "\\PC{0,24}") {
        let _ = (Bitrate::parse(&text), ByteSize::parse(&text), Ratio::parse(&text), parse_duration(&text));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        holds(bytes);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        holds(text.into_bytes());
    }

    #[test]
    fn scrambled_language_never_panics(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        holds(pieces.concat().into_bytes());
    }

    #[test]
    fn mutated_files_never_panic(
        file in prop::sample::select(VALID.as_slice()),
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..4, any::<u8>(), prop::sample::select(PIECES)),
            1..6,
        ),
    ) {
        let mut bytes = file.as_bytes().to_vec();
        for (at, kind, byte, piece) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.splice(at..at, piece.bytes())),
                2 => drop(bytes.drain(at..(at + usize::from(byte % 40)).min(bytes.len()))),
                _ => bytes[at] = b" \n:,{}[]#\"'-"[usize::from(byte) % 12],
            }
            if bytes.is_empty() {
                bytes.push(b' ');
            }
        }
        holds(bytes);
    }
}
