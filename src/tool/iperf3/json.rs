//! iperf3's JSON as a tree that keeps repeated keys: 3.7 to 3.10 write the sums of both directions under one name, and some
//! versions write several `error`s.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::TOOL;
use crate::tool::ParseError;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// `null`, which iperf3's JSON library also writes for infinities and NaN.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number from 0.
    Whole(u64),
    /// Any other number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object, its members in order.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// All values under `key`.
    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Node> {
        let members: &[(String, Node)] = if let Self::Object(members) = self { members } else { &[] };
        members.iter().filter(move |(k, _)| k == key).map(|(_, v)| v)
    }

    /// The first value under `key`.
    pub(super) fn get<'a>(&'a self, key: &'a str) -> Option<&'a Node> {
        self.all(key).next()
    }

    /// The number under `key`.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            #[allow(clippy::cast_precision_loss, reason = "as any reader of JSON takes it")]
            Self::Whole(n) => Some(*n as f64),
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The count under `key`. Versions before 3.2 may write a large one with an exponent.
    pub(super) fn whole(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Self::Whole(n) => Some(*n),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just here")]
            Self::Number(n) if *n >= 0.0 && *n < 9e15 && n.fract() == 0.0 => Some(*n as u64),
            _ => None,
        }
    }

    /// The truth under `key`, written as such or as 0 and 1.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Self::Flag(b) => Some(*b),
            Self::Whole(n) => Some(*n != 0),
            _ => None,
        }
    }

    /// The string under `key`.
    pub(super) fn text<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        match self.get(key)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The array under `key`; empty where there is none.
    pub(super) fn list<'a>(&'a self, key: &'a str) -> &'a [Node] {
        if let Some(Self::List(list)) = self.get(key) { list } else { &[] }
    }

    fn take(&mut self, key: &str) -> Option<Node> {
        let Self::Object(members) = self else { return None };
        let at = members.iter().position(|(k, _)| k == key)?;
        Some(members.remove(at).1)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Flag(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Whole(value))
    }
    #[allow(clippy::cast_precision_loss, reason = "only negative numbers come here")]
    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Node::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

/// One end's output, whether it came whole (`-J`) or as events (`--json-stream`).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// What was agreed on before the test.
    pub(super) start: Node,
    /// The course of the test.
    pub(super) intervals: Vec<Node>,
    /// The result, if it got that far.
    pub(super) end: Option<Node>,
    /// iperf3's own words about a failure.
    pub(super) error: Option<String>,
    /// Of a server's output: the same process served other tests before this one.
    pub(super) served_before: bool,
}

impl Document {
    fn whole(mut node: Node) -> Self {
        let intervals = match node.take("intervals") {
            Some(Node::List(intervals)) => intervals,
            _ => vec![],
        };
        let error = node.text("error").map(clean);
        Self {
            start: node.take("start").unwrap_or(Node::Null),
            intervals,
            end: node.take("end"),
            error,
            served_before: false,
        }
    }

    fn empty() -> Self {
        Self { start: Node::Null, intervals: vec![], end: None, error: None, served_before: false }
    }

    /// The documents in `events`: each begins with a `start`, or with an `error` where it did not get that far.
    fn streamed(events: Vec<Node>) -> Vec<Self> {
        let mut documents = vec![Self::empty()];
        let mut begun = false;
        for mut event in events {
            let data = event.take("data").unwrap_or(Node::Null);
            let name = event.text("event");
            if name == Some("start") && begun {
                documents.push(Self::empty());
            }
            begun = true;
            let Some(document) = documents.last_mut() else { continue };
            match (name, data) {
                (Some("start"), data) => document.start = data,
                (Some("interval"), data) => document.intervals.push(data),
                (Some("end"), data) => document.end = Some(data),
                (Some("error"), Node::Text(words)) if document.error.is_none() => document.error = Some(clean(&words)),
                _ => {}
            }
        }
        documents
    }

    /// What iperf3 calls the connection on both ends.
    pub(super) fn cookie(&self) -> Option<&str> {
        self.start.text("cookie")
    }

    /// The version, e.g. `3.12`.
    pub(super) fn version(&self) -> Option<&str> {
        let text = self.start.text("version")?;
        Some(text.strip_prefix("iperf ").unwrap_or(text))
    }
}

/// The first line of text, shortened.
fn beginning(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line: String = text.lines().next()?.chars().filter(|c| !c.is_control()).take(60).collect();
    (!line.trim().is_empty()).then_some(line)
}

fn clean(words: &str) -> String {
    words.strip_prefix("error - ").unwrap_or(words).trim().to_owned()
}

/// All JSON values in `bytes` up to the first fault, and that fault.
fn values(bytes: &[u8]) -> (Vec<Node>, Option<serde_json::Error>) {
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Node>() {
        match value {
            Ok(value) => values.push(value),
            Err(fault) => return (values, Some(fault)),
        }
    }
    (values, None)
}

/// The documents in a client's output: one, or one for each of the processes whose outputs were put one after the other.
pub(super) fn clients(bytes: &[u8]) -> Result<Vec<Document>, ParseError> {
    let unreadable = |message: String| ParseError::Unreadable { tool: TOOL, message };
    let (mut values, fault) = values(bytes);
    if let Some(fault) = fault {
        let what = if values.is_empty() { "its JSON" } else { "what follows its first JSON value" };
        return Err(if fault.is_eof() {
            let place = format!("{what} is cut off at line {} column {}", fault.line(), fault.column());
            ParseError::Unfinished { tool: TOOL, message: place }
        } else {
            unreadable(match beginning(bytes) {
                Some(words) if values.is_empty() && fault.line() == 1 && fault.column() <= 1 => {
                    format!("it starts with `{words}`, not with JSON")
                }
                _ => format!("{what} cannot be read: {fault}"),
            })
        });
    }
    let streamed = |v: &Node| v.get("event").is_some();
    if values.first().is_some_and(streamed) {
        // `--json-stream-full-output` repeats all of it in one last object.
        if values.len() > 1 && values.last().is_some_and(|v| !streamed(v) && v.get("start").is_some()) {
            values.pop();
        }
        if let Some(at) = values.iter().position(|v| !streamed(v)) {
            return Err(unreadable(format!("JSON value {} is no event", at + 1)));
        }
        return Ok(Document::streamed(values));
    }
    let count = values.len();
    let outputs = |v: &Node| v.get("start").is_some() || v.get("error").is_some();
    match values.first() {
        None => Err(unreadable("there is no JSON in it".to_owned())),
        Some(Node::Object(_)) if count == 1 || values.iter().all(outputs) => {
            Ok(values.into_iter().map(Document::whole).collect())
        }
        Some(_) if count == 1 => Err(unreadable("its JSON is no object".to_owned())),
        Some(_) => Err(unreadable(format!("{count} JSON values where one is expected"))),
    }
}

/// What there is of the only document in an output that may be cut off anywhere; `None` where there are several.
pub(super) fn torso(bytes: &[u8]) -> Option<Document> {
    let (mut values, _) = values(bytes);
    if values.first()?.get("event").is_some() {
        let mut documents = Document::streamed(values);
        return if documents.len() == 1 { documents.pop() } else { None };
    }
    if values.len() == 1 { values.pop().map(Document::whole) } else { None }
}

/// The part of a server's output that belongs to the connection `cookie`. A server that served others before, or that says
/// something else besides, has it all the same; one that does not have it is of no use, which is no error.
pub(super) fn server(bytes: &[u8], cookie: &str) -> Option<Document> {
    let (values, _) = values(bytes);
    if values.first()?.get("event").is_some() {
        return Document::streamed(values).into_iter().find(|d| d.cookie() == Some(cookie));
    }
    let mut documents = values.into_iter().map(Document::whole).enumerate();
    let (before, document) = documents.find(|(_, d)| d.cookie() == Some(cookie))?;
    Some(Document { served_before: before > 0, ..document })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn repeated_keys_stay_in_order() {
        let n = node(r#"{"sum": 1, "x": 0, "sum": 2.5}"#);
        assert_eq!(n.all("sum").collect::<Vec<_>>(), [&Node::Whole(1), &Node::Number(2.5)]);
        assert_eq!(n.number("sum"), Some(1.0));
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        let n = node(r#"{"a": 3, "b": 1.2e10, "c": -1, "d": 1.5, "e": null, "f": 1e300}"#);
        assert_eq!(["a", "b"].map(|k| n.whole(k)), [Some(3), Some(12_000_000_000)]);
        assert_eq!(["c", "d", "e", "f", "g"].map(|k| n.whole(k)), [None; 5]);
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        for text in
            ["{\"a\": nan}", "{\"a\": inf}", "{\"a\": -Infinity}", "{\"a\": 1e999}", "[1, 2", "{} {}", "7", "\u{0}"]
        {
            assert!(clients(text.as_bytes()).is_err(), "{text}");
        }
        assert!(clients(b"{\"a\": \"\xff\"}").is_err());
        let deep = "[".repeat(100_000);
        assert!(matches!(clients(deep.as_bytes()), Err(ParseError::Unreadable { .. })));
    }

    #[test]
    fn a_server_is_found_by_the_cookie() {
        let two = br#"{"start": {"cookie": "a"}} {"start": {"cookie": "b", "version": "iperf 3.12"}} trailing"#;
        assert_eq!(server(two, "b").and_then(|d| d.version().map(str::to_owned)).as_deref(), Some("3.12"));
        assert_eq!(server(two, "c"), None);
        assert_eq!(server(b"Server listening on 5201", "a"), None);
    }

    #[test]
    fn the_first_error_counts() {
        let d = clients(br#"{"error": "error - address in use", "error": "exiting"}"#).unwrap();
        assert_eq!(d[0].error.as_deref(), Some("address in use"));
    }

    #[test]
    fn outputs_one_after_the_other_are_told_from_odds_and_ends() {
        assert_eq!(clients(br#"{"start": {}, "end": {}} {"start": {}, "end": {}}"#).unwrap().len(), 2);
        assert_eq!(clients(br#"{"start": {}} {"error": "busy"}"#).unwrap().len(), 2);
        let streams = br#"{"event": "start", "data": {}} {"event": "end", "data": {}} {"event": "start", "data": {}}"#;
        let ended: Vec<bool> = clients(streams).unwrap().iter().map(|d| d.end.is_some()).collect();
        assert_eq!(ended, [true, false], "a stream for each process");
        let odd = clients(br#"{"start": {}} {"x": 1}"#).unwrap_err().to_string();
        assert!(odd.contains("2 JSON values where one is expected"), "{odd}");
    }
}
