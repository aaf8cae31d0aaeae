//! The campaign run as JSON Lines: each run on a line of its own, as in the `runs` of the JSON document, with what it belongs to.

use serde::Serialize;

use super::json::{RunDocument, SCHEMA_VERSION, document};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run};
use crate::domain::topology::Metadata;

#[derive(Serialize)]
struct Line<'a> {
    schema_version: u32,
    campaign_run: &'a str,
    topology: &'a Name,
    campaign: &'a Name,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: &'a Metadata,
    #[serde(flatten)]
    run: RunDocument<'a>,
}

pub(super) fn piece(whole: &CampaignRun, run: &Run) -> String {
    let line = Line {
        schema_version: SCHEMA_VERSION,
        campaign_run: &whole.header.id,
        topology: &whole.header.topology,
        campaign: &whole.header.campaign,
        metadata: &whole.topology.metadata,
        run: document(run),
    };
    let mut text = serde_json::to_string(&line).expect("every map has text for keys and nothing else can fail");
    text.push('\n');
    text
}
