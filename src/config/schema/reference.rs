//! The reference of the language as Markdown, made from the tables that decoding uses.

use super::super::language::{Key, Kinds, Metric, Object, TOPOLOGY, Takes};
use crate::domain::unit::{ByteSize, format_duration};

const HEAD: &str = "\
# The topology reference

Every object of the language with its keys, made by `iperftester schema --format markdown` from the tables that the decoder uses.
[The topology language](topology.md) explains them; [the schema](../topology.schema.json) tells editors. A key with * must be there.
Wherever a single value stands, `${NAME}` or `${NAME:-default}` may stand for it.
";

/// The page.
#[must_use]
pub fn reference() -> String {
    let mut page = Page { text: HEAD.to_owned(), told: vec![], waiting: vec![Part::Object(&TOPOLOGY)] };
    while let Some(part) = page.waiting.pop() {
        page.part(part);
    }
    page.text
}

#[derive(Clone, Copy)]
enum Part {
    Object(&'static Object),
    Kinds(&'static Kinds),
}

impl Part {
    const fn id(self) -> &'static str {
        match self {
            Self::Object(object) => object.id,
            Self::Kinds(kinds) => kinds.id,
        }
    }
}

struct Page {
    text: String,
    told: Vec<&'static str>,
    /// The next is the last, so that an object stands before what comes after it in the table.
    waiting: Vec<Part>,
}

impl Page {
    fn part(&mut self, part: Part) {
        if self.told.contains(&part.id()) {
            return;
        }
        self.told.push(part.id());
        self.text.push_str(&format!("\n## {}\n\n", part.id()));
        let keys: Vec<&'static Key> = match part {
            Part::Object(object) => {
                if object.some {
                    self.text.push_str("At least one of these.\n\n");
                }
                object.keys.iter().collect()
            }
            Part::Kinds(kinds) => {
                let beside = if kinds.extras.is_empty() { String::new() } else { list(kinds.extras) };
                self.text.push_str(&format!("Exactly one of {}{beside}.\n\n", names(kinds.kinds)));
                kinds.kinds.iter().chain(kinds.extras).collect()
            }
        };
        if keys.is_empty() {
            self.text.push_str("No keys.\n");
            return;
        }
        self.text.push_str("| key | takes | example | |\n|---|---|---|---|\n");
        let mut inner = vec![];
        for key in keys {
            let star = if key.required { "*" } else { "" };
            let takes = takes(key.takes, &mut inner);
            let row = format!("| `{}`{star} | {takes} | `{}` | {} |\n", key.name, cell(key.example), cell(key.about));
            self.text.push_str(&row);
        }
        inner.reverse();
        self.waiting.extend(inner);
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn names(keys: &[Key]) -> String {
    keys.iter().map(|k| format!("`{}`", k.name)).collect::<Vec<_>>().join(", ")
}

fn list(extras: &[Key]) -> String {
    format!("; {} may stand beside it", names(extras))
}

/// What a value is, in words; objects met on the way are added to `inner`.
fn takes(takes: Takes, inner: &mut Vec<Part>) -> String {
    let mut link = |part: Part| {
        inner.push(part);
        format!("[{0}](#{0})", part.id())
    };
    match takes {
        Takes::Text => "text".to_owned(),
        Takes::Form(what, _) => what.to_owned(),
        Takes::Name => "name".to_owned(),
        Takes::Names | Takes::SomeNames => "name or list of names".to_owned(),
        Takes::TwoNames => "list of two names".to_owned(),
        Takes::Rate => "rate".to_owned(),
        Takes::Ratio | Takes::Share => "share".to_owned(),
        Takes::Time { least, most } if least.is_zero() && most == super::MOST_TIME => "time".to_owned(),
        Takes::Time { least, most } => format!("time, {} to {}", format_duration(least), format_duration(most)),
        Takes::Size { least, most: u64::MAX } => format!("size, from {}", size(least)),
        Takes::Size { least, most } => format!("size, {} to {}", size(least), size(most)),
        Takes::Number { least, most } => format!("whole number, {least} to {most}"),
        Takes::Thousandths { least, most } => {
            format!("number, {} to {}", f64::from(least) / 1000.0, f64::from(most) / 1000.0)
        }
        Takes::Boolean => "`true` or `false`".to_owned(),
        Takes::Words(words) => words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", "),
        Takes::Ports => "port or range of ports".to_owned(),
        Takes::Address => "IP address, with its prefix or without".to_owned(),
        Takes::AddressWithPrefix => "IP address with its prefix".to_owned(),
        Takes::Ip => "IP address".to_owned(),
        Takes::Date => "day".to_owned(),
        Takes::Limit(Metric::Throughput) => "rate, percentage of the contract, or `contract`".to_owned(),
        Takes::Limit(Metric::Loss) => "share, or `contract`".to_owned(),
        Takes::Limit(Metric::Mtu) => "bytes, percentage of the contract, or `contract`".to_owned(),
        Takes::Limit(Metric::Rtt | Metric::Jitter) => "time, percentage of the contract, or `contract`".to_owned(),
        Takes::Object(object) => link(Part::Object(object)),
        Takes::Kind(kinds) => link(Part::Kinds(kinds)),
        Takes::Map(item) => format!("map by name: {}", self::takes(*item, inner)),
        Takes::List(item) => format!("list: {}", self::takes(*item, inner)),
        Takes::Directed(value) => {
            format!("{0}, or one for each way: `{{ a->b: …, b->a: … }}`", self::takes(*value, inner))
        }
        Takes::OneOf(several) => several.iter().map(|one| self::takes(*one, inner)).collect::<Vec<_>>().join(", or "),
    }
}

/// In binary units where they are exact, as bounds are.
fn size(bytes: u64) -> String {
    match bytes {
        b if b > 0 && b.is_multiple_of(1 << 40) => format!("{}GiB", b >> 30),
        b if b > 0 && b.is_multiple_of(1 << 20) => format!("{}MiB", b >> 20),
        b if b > 0 && b.is_multiple_of(1 << 10) => format!("{}KiB", b >> 10),
        b if b > 65_536 => ByteSize::new(b).to_string(),
        b => format!("{b}B"),
    }
}
