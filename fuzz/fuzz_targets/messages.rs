//! Any line as a message of a session, either way; what can be read is written and read again the same.
#![no_main]

use iperftester::protocol::{self, Reply, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    if let Ok(request) = serde_json::from_slice::<Request>(line) {
        let again: Request = serde_json::from_slice(&protocol::line(&request)).expect("what was written can be read");
        assert_eq!(request, again);
    }
    if let Ok(reply) = serde_json::from_slice::<Reply>(line) {
        let _ = protocol::line(&reply);
    }
});
