//! The topology as it is understood, each value with where it came from: `validate --resolved`.
//!
//! It is made from the merged tree, so that no resolver needs to know of it. Values stand as they were written. Where
//! things are inherited (defaults → site → probe, `defaults.test` → test) and where the language fills in a value of its
//! own, the tree is completed here; what is inherited is then no longer written at its source. The result is a topology
//! itself and resolves to the same.

mod built_in;
mod text;

use serde::Serialize;
use serde_json::Value as Json;

use super::fault::{Faults, Span, Spanned};
use super::tree::{Entry, Node};
use crate::domain::host::HostKind;
use crate::domain::name::Name;
use crate::domain::topology::{Probe, Topology};

/// A resolved topology with the origin of each value.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    entries: Vec<(String, Item)>,
    /// What the language adds to this topology by itself, in words.
    built_in: Vec<String>,
}

/// A map, or a value: a scalar, a list, an empty map, or nothing.
#[derive(Debug, Clone)]
enum Item {
    Map(Vec<(String, Self)>),
    Value(Node, Origin),
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// How it came to be.
    pub kind: OriginKind,
    /// What it is written in, such as `defaults.probe`; empty for what stands at the top, or nowhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// The file; `None` where it is written nowhere.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The variables that it came from, such as `${RATE}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
}

/// How a value came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OriginKind {
    /// Written there.
    Written,
    /// Written elsewhere, for this one and others.
    Inherited,
    /// From the environment, or the default in its place.
    Environment,
    /// The language's own.
    Default,
}

/// A value with its path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Value {
    /// Keys from the top, with dots between them.
    pub path: String,
    /// Texts as written, in lists and maps as they stand.
    pub value: Json,
    /// Where it came from.
    pub origin: Origin,
}

impl Resolved {
    /// All values in the order of the topology.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        let mut values = vec![];
        collect(&self.entries, "", &mut values);
        values
    }

    /// The topology as YAML, origins as comments.
    #[must_use]
    pub fn yaml(&self) -> String {
        text::yaml(&self.entries, &self.built_in)
    }
}

fn collect(entries: &[(String, Item)], path: &str, values: &mut Vec<Value>) {
    for (key, item) in entries {
        let path = joined(path, key);
        match item {
            Item::Map(entries) => collect(entries, &path, values),
            Item::Value(node, origin) => values.push(Value { path, value: json(node), origin: origin.clone() }),
        }
    }
}

fn json(node: &Node) -> Json {
    match node {
        Node::Null => Json::Null,
        Node::Scalar(text) => Json::String(text.clone()),
        Node::List(items) => items.iter().map(|item| json(&item.value)).collect(),
        Node::Map(entries) => entries.iter().map(|(key, node)| (key.value.clone(), json(&node.value))).collect(),
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The effective tree of a topology without errors.
pub(crate) fn resolved(root: &Spanned<Node>, topology: &Topology, faults: &Faults<'_>) -> Resolved {
    let builder = Builder { root: map(root), topology, faults };
    let mut entries = vec![];
    for (key, node) in builder.root {
        let item = match key.value.as_str() {
            "defaults" => builder.without(node, "defaults", "probe"),
            "sites" => builder.each(node, |name, site| builder.without(site, &joined("sites", name), "probe")),
            "probes" => builder.each(node, |name, probe| builder.probe(name, probe)),
            "tests" => builder.each(node, |name, test| builder.test(name, test)),
            other => builder.item(node, other, OriginKind::Written),
        };
        // Defaults that only probes had are at the probes now.
        if !(key.value == "defaults" && matches!(item, Item::Value(..))) {
            entries.push((key.value.clone(), item));
        }
    }
    // What is included stands before what includes it, but a topology begins with its name.
    entries.sort_by_key(|(key, _)| key != "name");
    Resolved { entries, built_in: built_in::named(root, topology) }
}

/// A map's entries; nothing at all counts as an empty one.
fn map(node: &Spanned<Node>) -> &[Entry] {
    if let Node::Map(entries) = &node.value { entries } else { &[] }
}

fn find<'t>(entries: &'t [Entry], key: &str) -> Option<&'t Spanned<Node>> {
    entries.iter().find(|(known, _)| known.value == key).map(|(_, node)| node)
}

/// Are the values of this section files? The tree is of no file, so they are no longer seen from the one that named them.
fn names_files(section: &str) -> bool {
    section.starts_with("hosts.") && [".docker.tls", ".swarm.tls"].iter().any(|end| section.ends_with(end))
}

struct Builder<'t> {
    root: &'t [Entry],
    topology: &'t Topology,
    faults: &'t Faults<'t>,
}

impl<'t> Builder<'t> {
    fn origin(&self, span: Span, section: &str, kind: OriginKind) -> Origin {
        let variables = self.faults.variables(span).map(str::to_owned);
        Origin {
            kind: if variables.is_some() { OriginKind::Environment } else { kind },
            section: section.to_owned(),
            file: Some(self.faults.source(span).file.display().to_string()),
            line: Some(span.line),
            variables,
        }
    }

    /// A node as it stands in `section`.
    fn item(&self, node: &Spanned<Node>, path: &str, kind: OriginKind) -> Item {
        match &node.value {
            Node::Map(entries) if !entries.is_empty() => Item::Map(
                entries
                    .iter()
                    .map(|(key, node)| (key.value.clone(), self.item(node, &joined(path, &key.value), kind)))
                    .collect(),
            ),
            value => {
                let section = path.rsplit_once('.').map_or("", |(section, _)| section);
                let value = match value {
                    Node::Scalar(file) if names_files(section) => {
                        Node::Scalar(self.faults.beside(node.span, file).display().to_string())
                    }
                    value => value.clone(),
                };
                Item::Value(value, self.list_origin(node, section, kind))
            }
        }
    }

    /// A list came from the environment where one of its items did.
    fn list_origin(&self, node: &Spanned<Node>, section: &str, kind: OriginKind) -> Origin {
        let mut origin = self.origin(node.span, section, kind);
        if let Node::List(items) = &node.value {
            let from: Vec<&str> = items.iter().filter_map(|item| self.faults.variables(item.span)).collect();
            if !from.is_empty() {
                origin.variables = Some(from.join(", "));
                origin.kind = OriginKind::Environment;
            }
        }
        origin
    }

    /// A map by name, each of its things completed.
    fn each(&self, node: &'t Spanned<Node>, complete: impl Fn(&str, &'t Spanned<Node>) -> Item) -> Item {
        let entries = map(node);
        if entries.is_empty() {
            return Item::Value(node.value.clone(), self.origin(node.span, "", OriginKind::Written));
        }
        Item::Map(entries.iter().map(|(name, node)| (name.value.clone(), complete(&name.value, node))).collect())
    }

    /// A thing without what its parts inherit from it.
    fn without(&self, node: &Spanned<Node>, path: &str, left_out: &str) -> Item {
        let kept: Vec<Entry> = map(node).iter().filter(|(key, _)| key.value != left_out).cloned().collect();
        self.item(&Spanned::new(Node::Map(kept), node.span), path, OriginKind::Written)
    }

    /// A probe with what its site and the defaults give it.
    fn probe(&self, name: &str, node: &Spanned<Node>) -> Item {
        let path = joined("probes", name);
        let own = map(node);
        let far = find(self.root, "defaults").and_then(|d| find(map(d), "probe")).map(map).unwrap_or_default();
        let site = match find(own, "site").or(find(far, "site")).map(|site| &site.value) {
            Some(Node::Scalar(site)) => site.as_str(),
            _ => "",
        };
        let sites = find(self.root, "sites").map(map).unwrap_or_default();
        let middle = find(sites, site).and_then(|s| find(map(s), "probe")).map(map).unwrap_or_default();
        let Some(probe) = Name::new(name).ok().and_then(|name| self.topology.probes.get(&name)) else {
            return self.item(node, &path, OriginKind::Written);
        };
        let mut entries: Vec<(String, Item)> = vec![];
        let levels = [(own, path.clone()), (middle, format!("sites.{site}.probe")), (far, "defaults.probe".to_owned())];
        for (level, (given, section)) in levels.iter().enumerate() {
            let kind = if level == 0 { OriginKind::Written } else { OriginKind::Inherited };
            for (key, node) in *given {
                let item = self.item(node, &joined(section, &key.value), kind);
                match entries.iter_mut().find(|(known, _)| *known == key.value) {
                    None if level == 0 || self.holds(probe, &key.value) => entries.push((key.value.clone(), item)),
                    // The one key whose parts are inherited one by one.
                    Some((known, Item::Map(near))) if known == "limits" => {
                        let Item::Map(far) = item else { continue };
                        for (key, item) in far {
                            if near.iter().all(|(known, _)| *known != key) {
                                near.push((key, item));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        if entries.iter().all(|(key, _)| key != "ports") && self.holds(probe, "ports") {
            let (first, last) = (probe.ports.first(), probe.ports.last());
            entries.push(("ports".to_owned(), built_in::value(&format!("{first}-{last}"))));
        }
        Item::Map(entries)
    }

    /// Does an inherited key reach this probe? Its host may be of a kind that has no use for it.
    fn holds(&self, probe: &Probe, key: &str) -> bool {
        match key {
            "host" | "site" | "tags" => true,
            "ports" => {
                let kind = self.topology.hosts.get(&probe.host).map(|host| &host.kind);
                !matches!(kind, Some(HostKind::External(_)))
            }
            // The fields of an attachment are named as the keys are; those that are not used are left out.
            _ => serde_json::to_value(&probe.attachment).is_ok_and(|held| held.get(key.replace('-', "_")).is_some()),
        }
    }

    /// A test with what the defaults and the language give it.
    fn test(&self, name: &str, node: &Spanned<Node>) -> Item {
        let path = joined("tests", name);
        let definition = Name::new(name).ok().and_then(|name| self.topology.tests.get(&name));
        let ([(kind, body)], Some(definition)) = (map(node), definition) else {
            return self.item(node, &path, OriginKind::Written);
        };
        let own = map(body);
        let path = joined(&path, &kind.value);
        let mut entries: Vec<(String, Item)> = own
            .iter()
            .map(|(key, node)| (key.value.clone(), self.item(node, &joined(&path, &key.value), OriginKind::Written)))
            .collect();
        let defaults = find(self.root, "defaults").and_then(|d| find(map(d), "test")).map(map).unwrap_or_default();
        for (key, text) in built_in::values(definition) {
            if find(own, key).is_some() {
                continue;
            }
            let item = match find(defaults, key).filter(|_| built_in::inherits(definition)) {
                Some(node) => self.item(node, &joined("defaults.test", key), OriginKind::Inherited),
                None => built_in::value(&text),
            };
            entries.push((key.to_owned(), item));
        }
        let body = if entries.is_empty() {
            Item::Value(Node::Map(vec![]), self.origin(body.span, &path, OriginKind::Written))
        } else {
            Item::Map(entries)
        };
        Item::Map(vec![(kind.value.clone(), body)])
    }
}
