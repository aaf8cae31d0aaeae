//! Any bytes as the output of every tool. The first byte chooses the tool and whether a server's output is there too.
#![no_main]

use iperftester::domain::measurement::Measurement;
use iperftester::domain::test::ToolKind;
use iperftester::tool::{Outputs, parse_raw};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let kind = ToolKind::ALL[usize::from(*choice & 0x3f) % ToolKind::ALL.len()];
    let (client, server) = if choice & 0x80 == 0 { (rest, None) } else { (rest, Some(rest)) };
    let exit_code = if choice & 0x40 == 0 { Some(0) } else { Some(1) };
    let outputs = Outputs { client, client_errors: rest, exit_code, server };
    if let Ok(measurement) = parse_raw(kind, &outputs) {
        // What was read can be stored and is read again the same: no figure is infinite or no number.
        let text = serde_json::to_string(&measurement).expect("a measurement can be written");
        assert_eq!(serde_json::from_str::<Measurement>(&text).expect("and read again"), measurement);
    }
});
