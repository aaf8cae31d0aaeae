//! Tree to raw types: unknown keys, wrong types, spellings. Every fault is reported and decoding goes on behind it.

mod campaign;
mod group;
mod host;
mod names;
mod object;
mod place;
mod scalar;
mod test;

use super::fault::{Faults, Spanned};
use super::language::{BASES, DEFAULT_TEST, DEFAULTS, IMAGE, METADATA, TOPOLOGY, Takes};
use super::raw::{DefaultTest, Image, Probe, Topology};
use super::tree::Node;
use crate::domain::topology::Metadata;
use object::{Fields, Slot};

/// The whole document.
pub(crate) fn topology(root: &Spanned<Node>, faults: &mut Faults<'_>) -> Topology {
    let takes = Takes::Object(&TOPOLOGY);
    let slot = Slot { name: "the topology", example: "name: office", takes, node: root, key: root.span };
    let Some(fields) = Fields::open(&TOPOLOGY, None, &slot, faults) else { return Topology::default() };
    let mut topology = Topology {
        name: fields.read("name", scalar::name, faults),
        description: fields.read("description", scalar::text, faults),
        owner: fields.read("owner", scalar::text, faults),
        hosts: fields.named("hosts", host::host, faults),
        sites: fields.named("sites", place::site, faults),
        probes: fields.named("probes", place::probe, faults),
        links: fields.named("links", place::link, faults),
        groups: fields.named("groups", group::group, faults),
        tests: fields.named("tests", test::test, faults),
        suites: fields.named("suites", campaign::suite, faults),
        campaigns: fields.named("campaigns", campaign::campaign, faults),
        ..Topology::default()
    };
    if let Some(metadata) = fields.object("metadata", &METADATA, faults) {
        let mut text = |name| metadata.read(name, scalar::text, faults).value().cloned();
        topology.metadata = Metadata {
            customer: text("customer"),
            circuit_id: text("circuit-id"),
            engineer: text("engineer"),
            note: text("note"),
        };
    }
    if let Some(image) = fields.object("image", &IMAGE, faults) {
        topology.image = Image {
            base: image.read("base", scalar::word(&BASES), faults),
            suite: image.read("suite", scalar::form, faults),
            mirror: image.read("mirror", host::mirror, faults),
            registry: image.read("registry", host::registry, faults),
        };
    }
    let Some(slot) = fields.slot("defaults") else { return topology };
    let Some(defaults) = Fields::open(&DEFAULTS, None, &slot, faults) else {
        topology.default_probe = Probe::faulty();
        return topology;
    };
    if let Some(test) = defaults.object("test", &DEFAULT_TEST, faults) {
        topology.default_test = DefaultTest {
            duration: test.read("duration", test::whole_seconds, faults),
            interval: test.read("interval", scalar::time, faults),
            omit: test.read("omit", test::whole_seconds, faults),
        };
    }
    topology.default_probe = place::default_probe(&defaults, faults);
    topology
}
