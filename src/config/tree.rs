//! The YAML document as a tree in which everything has its place and scalars keep the text they were written with.

use super::fault::Spanned;

/// A node. What a scalar means (`010`, `no`, `1.0`) is decided by the key it stands under, never by its look.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar's text, without quotes.
    Scalar(String),
    /// A list.
    List(Vec<Spanned<Self>>),
    /// A map in the order of the file, no key twice.
    Map(Vec<Entry>),
}

/// A key and its value.
pub(crate) type Entry = (Spanned<String>, Spanned<Node>);

impl Node {
    /// What it is, for a message.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// What it takes to keep, in nodes: a long text counts as several.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Scalar(text) => 1 + text.len() / 64,
            Self::List(items) => 1 + items.iter().map(|i| i.value.size()).sum::<usize>(),
            Self::Map(entries) => 1 + entries.iter().map(|(k, v)| k.value.len() / 64 + v.value.size()).sum::<usize>(),
        }
    }
}
