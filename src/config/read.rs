//! Bytes to a tree: encoding, YAML's events, duplicate keys, aliases with a budget, depth.
//!
//! The tree is built from the parser's events rather than by deserialising: only so are all duplicate keys found at
//! once and is every scalar's own text kept.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{self as yaml, ErrorKind, Event, Parser, ScalarStyle};

use super::codes::Code;
use super::fault::{Fault, Faults, Quoted, Span, Spanned};
use super::tree::{Entry, Node};
use super::variable::Expander;

/// Nodes that all aliases together may stand for; the same for all anchors.
const ALIAS_BUDGET: usize = 250_000;

/// Values in one file. The largest topology that anybody needs has some ten thousand.
const VALUES: usize = 1_000_000;

/// Deepest nesting; the language itself needs eight levels.
const DEPTH: usize = 64;

/// The bytes of a file as text.
///
/// # Errors
/// The fault that says why it is none.
pub(crate) fn text(bytes: &[u8], file: u32) -> Result<&str, Box<Fault>> {
    // A byte order mark, or ASCII characters padded with a zero byte.
    let utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..]);
    let fault = match std::str::from_utf8(bytes) {
        _ if utf16 => Fault::of_file(Code::Utf16, "the file is written in UTF-16; a topology is UTF-8 text"),
        Ok(text) => return Ok(text),
        Err(error) => {
            let start = error.valid_up_to();
            let byte = bytes.get(start).copied().unwrap_or_default();
            Fault::new(Code::NotUtf8, span_of_byte(bytes, start, file), format!("byte 0x{byte:02x} is no UTF-8 text"))
        }
    };
    Err(Box::new(fault.in_file(file).fix("save the file as UTF-8")))
}

fn span_of_byte(bytes: &[u8], start: usize, file: u32) -> Span {
    let valid = std::str::from_utf8(&bytes[..start]).unwrap_or_default();
    let line_start = valid.rfind('\n').map_or(0, |i| i + 1);
    let line = valid.matches('\n').count() + 1;
    Span { file, start, end: start + 1, line, column: valid[line_start..].chars().count() + 1 }
}

/// A document's root; `None` where there is none or where it could not be read to its end.
pub(crate) fn tree(
    (file, text): (u32, &str),
    expander: &mut Expander<'_>,
    faults: &mut Faults<'_>,
) -> Option<Spanned<Node>> {
    let mut options = yaml::Options::default();
    options.flow_nesting_limit = DEPTH;
    options.block_nesting_limit = DEPTH;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let before = faults.errors();
    let mut builder = Builder {
        faults,
        expander,
        stack: vec![],
        anchors: HashMap::new(),
        anchored: 0,
        aliased: 0,
        values: 0,
        root: None,
    };
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let tag = span.tag_span().map(|span| convert(file, span));
                let span = convert(file, span);
                if let Event::DocumentStart(..) = event
                    && builder.root.is_some()
                {
                    let fault = Fault::new(Code::SeveralDocuments, span, "a second YAML document starts here")
                        .fix("keep one topology per file");
                    builder.faults.add(fault);
                    break;
                }
                builder.refuse_tag(tag);
                builder.take(event, span)?;
            }
            Err(error) => {
                builder.faults.add(syntax_fault(&error, text, file));
                return None;
            }
        }
    }
    let root = builder.root.filter(|r| r.value != Node::Null);
    if root.is_none() && faults.errors() == before {
        let fault = Fault::of_file(Code::EmptyFile, "the file says nothing").in_file(file);
        let fix = if file == 0 { "write a first topology with `iperftester init`" } else { "remove its include" };
        faults.add(fault.fix(fix));
    }
    root
}

fn convert(file: u32, span: yaml::Span) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span { file, start: range.start, end: range.end, line: span.start.line(), column: span.start.col() + 1 }
}

/// Where the text is no YAML nothing behind that place can be read.
const REST: &str = "what else is wrong in this file shows when this is mended";

fn syntax_fault(error: &yaml::ScanError, text: &str, file: u32) -> Fault {
    let marker = error.marker();
    let start = marker.byte_offset().unwrap_or_default();
    let span = Span { file, start, end: start + 1, line: marker.line(), column: marker.col() + 1 };
    match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            // The parser may have passed the tabs already.
            let before = text.get(..start).unwrap_or_default();
            let tabs = before.len() - before.trim_end_matches('\t').len();
            let span = Span { start: start - tabs, column: span.column - tabs, ..span };
            Fault::new(Code::TabIndentation, span, "a tab cannot indent YAML")
                .fix(format!("indent with spaces; {REST}"))
        }
        ErrorKind::UnknownAnchor => Fault::new(Code::UnknownAlias, span, "this alias has no anchor before it")
            .fix("define `&name` before `*name` uses it"),
        ErrorKind::RecursionLimitExceeded => too_deep(span),
        _ => {
            let fix = match error.kind() {
                ErrorKind::UnexpectedCharacter { character: '@' | '`' | '%' } => Some("put the value in quotes"),
                ErrorKind::MappingValueNotAllowed => {
                    Some("look at the indentation of this line, or put a value that contains `: ` in quotes")
                }
                ErrorKind::UnclosedQuotedScalar => Some("close the quotes"),
                ErrorKind::UnclosedFlowCollection { .. }
                | ErrorKind::ExpectedFlowMappingSeparator
                | ErrorKind::ExpectedFlowSequenceSeparator
                | ErrorKind::InvalidColonPlacement => Some("close the bracket or brace that was opened before"),
                _ => None,
            };
            Fault::new(Code::YamlSyntax, span, format!("the text is no YAML: {}", error.info()))
                .fix(fix.map_or_else(|| REST.to_owned(), |fix| format!("{fix}; {REST}")))
        }
    }
}

fn too_deep(span: Span) -> Fault {
    Fault::new(Code::TooDeep, span, format!("nested deeper than {DEPTH} levels")).fix("a topology needs eight levels")
}

/// A list or map that is not closed yet.
struct Open {
    anchor: usize,
    span: Span,
    content: Content,
}

enum Content {
    List(Vec<Spanned<Node>>),
    Map { entries: Vec<Entry>, seen: HashMap<String, Span>, next: Next },
}

/// What a map waits for.
enum Next {
    Key,
    Value(Spanned<String>),
    /// The value of a key that was refused.
    Refused,
}

struct Builder<'f, 's, 'e> {
    faults: &'f mut Faults<'s>,
    expander: &'f mut Expander<'e>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Spanned<Node>>,
    /// Nodes that the anchors hold.
    anchored: usize,
    /// Nodes that the aliases stood for.
    aliased: usize,
    values: usize,
    root: Option<Spanned<Node>>,
}

impl Builder<'_, '_, '_> {
    /// `None` where reading on makes no sense.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        self.values += 1;
        if self.values > VALUES {
            let fault = Fault::new(Code::TooLarge, span, format!("the file has more than {VALUES} values"));
            self.faults.add(fault.fix("look whether this is the right file"));
            return None;
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                if self.waits_for_key() {
                    let plain = style == ScalarStyle::Plain;
                    self.key(if span.start == span.end { String::new() } else { text.into_owned() }, plain, span);
                } else {
                    let node = if null {
                        Node::Null
                    } else {
                        Node::Scalar(self.expander.expand(text.into_owned(), span, self.faults)?)
                    };
                    self.close(anchor, node, span)?;
                }
            }
            Event::SequenceStart(_, anchor, _) => self.open(anchor, span, Content::List(vec![]))?,
            Event::MappingStart(_, anchor, _) => {
                let content = Content::Map { entries: vec![], seen: HashMap::new(), next: Next::Key };
                self.open(anchor, span, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.stack.pop()?;
                let node = match open.content {
                    Content::List(items) => Node::List(items),
                    Content::Map { entries, .. } => Node::Map(entries),
                };
                self.close(open.anchor, node, Span { end: span.end.max(open.span.end), ..open.span })?;
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            _ => {}
        }
        Some(())
    }

    fn refuse_tag(&mut self, tag: Option<Span>) {
        if let Some(span) = tag {
            let fault = Fault::new(Code::YamlTag, span, "the topology language has no YAML tags");
            self.faults.add(fault.fix("remove it"));
        }
    }

    fn open(&mut self, anchor: usize, span: Span, content: Content) -> Option<()> {
        if self.stack.len() >= DEPTH {
            self.faults.add(too_deep(span));
            return None;
        }
        self.stack.push(Open { anchor, span, content });
        Some(())
    }

    fn waits_for_key(&self) -> bool {
        matches!(self.stack.last(), Some(Open { content: Content::Map { next: Next::Key, .. }, .. }))
    }

    fn key(&mut self, text: String, plain: bool, span: Span) {
        let Some(Open { content: Content::Map { seen, next, .. }, .. }) = self.stack.last_mut() else { return };
        if plain && text == "<<" {
            *next = Next::Refused;
            let fault = Fault::new(Code::MergeKey, span, "the topology language has no merge key `<<`");
            self.faults.add(fault.fix("say what is shared under `defaults`"));
        } else if let Some(&first) = seen.get(&text) {
            *next = Next::Refused;
            let fault = Fault::new(Code::DuplicateKey, span, format!("{} appears twice", Quoted(&text)));
            let fault = fault.label("second time").related(first, "first time").fix("keep one of the two");
            self.faults.add(fault);
        } else {
            seen.insert(text.clone(), span);
            *next = Next::Value(Spanned::new(text, span));
        }
    }

    /// A complete node goes where it belongs.
    fn close(&mut self, anchor: usize, node: Node, span: Span) -> Option<()> {
        let node = Spanned::new(node, span);
        if anchor != 0 {
            // Anchors within anchors hold the same nodes many times.
            self.anchored += node.value.size();
            if self.anchored > ALIAS_BUDGET {
                return self.bomb("anchors", span);
            }
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return Some(());
        };
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, next, .. } => match std::mem::replace(next, Next::Key) {
                Next::Value(key) => entries.push((key, node)),
                Next::Refused => {}
                Next::Key => {
                    *next = Next::Refused;
                    let fault = Fault::new(Code::ComplexKey, span, "a key must be a plain word");
                    self.faults.add(fault.fix("write `key: value`, without list or map before the colon"));
                }
            },
        }
        Some(())
    }

    fn bomb(&mut self, what: &str, span: Span) -> Option<()> {
        let message = format!("the {what} of this file stand for more than {ALIAS_BUDGET} values");
        self.faults.add(Fault::new(Code::AliasBomb, span, message).fix("write the values out"));
        None
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<()> {
        let Some(node) = self.anchors.get(&anchor) else {
            let fault = Fault::new(Code::UnknownAlias, span, "this alias stands inside its own anchor");
            self.faults.add(fault.fix("write the value out"));
            return None;
        };
        self.aliased += node.value.size();
        if self.aliased > ALIAS_BUDGET {
            return self.bomb("aliases", span);
        }
        let node = node.clone();
        if self.waits_for_key() {
            let text = if let Node::Scalar(text) = node.value { text } else { String::new() };
            self.key(text, false, span);
            return Some(());
        }
        self.faults.alias(node.span, span);
        self.close(0, node.value, span)
    }
}
