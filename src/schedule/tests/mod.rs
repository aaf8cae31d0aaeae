mod budget;
mod dispatching;
mod expansion;
mod following;

use crate::config::{self, Source};
use crate::domain::topology::Topology;

/// The topology of a text that has no fault.
fn topology(text: &str) -> Topology {
    let source = Source { file: "topology.yaml".into(), bytes: text.as_bytes().to_vec() };
    let loaded = config::load(&source);
    loaded.topology.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}
