//! The path MTU, found by echo requests that may not be fragmented. No program does this search, so iperftester starts itself
//! as the tool: `iperftester measure path-mtu` runs ping again and again as [`Search`] asks for, and prints what it found.

mod echo;
mod search;

use std::time::Duration;

pub use echo::{echo, outcome};
pub use search::Search;

use super::{Endpoints, Load, Outputs, ParseError, Tool, decimal_seconds, own};
use crate::domain::measurement::{Measurement, PathMtuFound};
use crate::domain::test::{PathMtu, ToolKind};

const TOOL: &str = "path-mtu";

/// Where every size is answered or refused, a search takes some round trips and as many starts of ping.
const USUAL: Duration = Duration::from_secs(1);

/// Waits in vain that the longest search needs: in a black hole every second size is silent, each three to five times.
const SILENCES: u32 = 60;

/// Bytes of all sizes together that a search over an Ethernet tries.
const BYTES: u64 = 20 * 1500;

impl Tool for PathMtu {
    fn duration(&self) -> Duration {
        USUAL
    }

    fn patience(&self) -> Duration {
        self.timeout.saturating_mul(SILENCES)
    }

    fn load(&self) -> Load {
        Load::Light
    }

    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        (Some(BYTES), Some(BYTES))
    }

    fn server_command(&self, _: &Endpoints) -> Option<Vec<String>> {
        None
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        let mut argv = own(&["path-mtu", &at.destination.to_string()]);
        argv.extend(["--timeout".to_owned(), decimal_seconds(self.timeout)]);
        if let Some(largest) = self.largest {
            argv.extend(["--largest".to_owned(), largest.to_string()]);
        }
        argv
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        super::parse_raw(ToolKind::PathMtu, outputs)
    }
}

/// Reads what `measure path-mtu` printed.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<PathMtuFound, ParseError> {
    let Measurement::PathMtu(found) = super::printed(TOOL, outputs)? else {
        return Err(ParseError::Unreadable { tool: TOOL, message: "it is another kind of measurement".to_owned() });
    };
    let answered = |size| found.tries.iter().any(|t| t.size_bytes == size && t.outcome == search::ANSWERED);
    match found.mtu_bytes {
        Some(size) if !answered(size) => {
            Err(ParseError::Unreadable { tool: TOOL, message: format!("{size} bytes were not answered") })
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_time() {
        let test = PathMtu { largest: Some(9000), timeout: Duration::from_millis(500), family: None };
        let at = Endpoints::new("10.0.0.2".parse().unwrap(), 0);
        let line = "iperftester measure path-mtu 10.0.0.2 --timeout 0.5 --largest 9000";
        assert_eq!(test.client_command(&at).join(" "), line);
        assert_eq!(test.server_command(&at), None);
        assert_eq!(test.patience(), Duration::from_secs(30));
    }

    #[test]
    fn only_a_size_that_was_answered_is_believed() {
        let read = |text: &str| parse(&Outputs { client: text.as_bytes(), ..Outputs::default() });
        let text = |outcome: &str| {
            format!(
                r#"{{"kind":"path-mtu","mtu_bytes":1400,"black_hole":false,"tries":[{{"size_bytes":1400,"outcome":{outcome}}}]}}"#
            )
        };
        assert_eq!(read(&text("\"answered\"")).unwrap().mtu_bytes, Some(1400));
        let doubted = read(&text("{\"too-large\":1300}")).unwrap_err().to_string();
        assert_eq!(doubted, "not an output of path-mtu: 1400 bytes were not answered");
        let other = r#"{"kind":"path","hops":[],"reached":true}"#;
        let other = read(other).unwrap_err().to_string();
        assert_eq!(other, "not an output of path-mtu: it is another kind of measurement");
    }
}
