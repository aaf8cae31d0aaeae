//! A campaign run as one file that can be kept for years: JSON that says what it is, in which form, and by its checksum
//! whether it is still what was written.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::domain::run::CampaignRun;

/// What the file says it is.
const FORMAT: &str = "iperftester campaign run";
/// Raised when an older iperftester could not read the file any more.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope {
    format: String,
    format_version: u32,
    /// Of the bytes of `campaign_run` as they stand in the file.
    sha256: String,
    campaign_run: Box<RawValue>,
}

/// The beginning of an envelope, whatever else is in it.
#[derive(Deserialize)]
struct Label {
    format: Option<String>,
    format_version: Option<u32>,
}

/// Why a file is no campaign run.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It ends too early.
    #[error("it is cut off after {bytes} bytes")]
    CutOff {
        /// Its length.
        bytes: usize,
    },
    /// It is something else.
    #[error("it is no campaign run that `iperftester export` wrote")]
    Foreign,
    /// A later iperftester wrote it.
    #[error("it was written by a newer iperftester (form {found}, this one knows up to {VERSION})")]
    Newer {
        /// Its form.
        found: u32,
    },
    /// Its contents are not what was written.
    #[error("it is damaged or was edited: its checksum is not that of its contents")]
    Damaged,
    /// Its contents are whole, yet not understood.
    #[error("its campaign run cannot be read")]
    Content {
        /// Where reading failed.
        source: serde_json::Error,
    },
}

impl ExportError {
    /// What to try.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::CutOff { .. } | Self::Damaged => "copy it again from where it came, or export the campaign run again",
            Self::Foreign => {
                "name files that `iperftester export` wrote; a report by `--format json` is for reading, not for import"
            }
            Self::Newer { .. } | Self::Content { .. } => "use the iperftester that wrote it, or a newer one",
        }
    }
}

/// The file of a campaign run, which ends with a line feed.
///
/// # Errors
/// serde's, which has none for what is held in memory but says so in its type.
pub fn export(run: &CampaignRun) -> Result<Vec<u8>, serde_json::Error> {
    let campaign_run = serde_json::value::to_raw_value(run)?;
    let sha256 = checksum(&campaign_run);
    let envelope = Envelope { format: FORMAT.to_owned(), format_version: VERSION, sha256, campaign_run };
    let mut bytes = serde_json::to_vec(&envelope)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The campaign run in such a file, exactly as it was.
///
/// # Errors
/// [`ExportError`].
pub fn import(bytes: &[u8]) -> Result<CampaignRun, ExportError> {
    let label: Label = serde_json::from_slice(bytes).map_err(|fault| unreadable(bytes, &fault))?;
    match (label.format.as_deref(), label.format_version) {
        (Some(FORMAT), Some(VERSION)) => {}
        (Some(FORMAT), Some(found)) if found > VERSION => return Err(ExportError::Newer { found }),
        _ => return Err(ExportError::Foreign),
    }
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|_| ExportError::Damaged)?;
    if checksum(&envelope.campaign_run) != envelope.sha256 {
        return Err(ExportError::Damaged);
    }
    serde_json::from_str(envelope.campaign_run.get()).map_err(|source| ExportError::Content { source })
}

/// A file that is no JSON: cut off or damaged where it begins as ours do, else something else.
fn unreadable(bytes: &[u8], fault: &serde_json::Error) -> ExportError {
    let start = format!("{{\"format\":\"{FORMAT}\"");
    let ours = bytes.starts_with(start.as_bytes()) || (!bytes.is_empty() && start.as_bytes().starts_with(bytes));
    // A cut may go through a character, which is no end to the parser.
    let ends = bytes.trim_ascii_end().ends_with(b"}");
    match (ours, fault.is_eof() || !ends) {
        (true, true) => ExportError::CutOff { bytes: bytes.len() },
        (true, false) => ExportError::Damaged,
        (false, _) => ExportError::Foreign,
    }
}

fn checksum(content: &RawValue) -> String {
    Sha256::digest(content.get()).iter().map(|byte| format!("{byte:02x}")).collect()
}
