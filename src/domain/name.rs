//! Names of probes, sites, hosts, links, tests and campaigns.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A name that is safe as a host name, a label, a file name and a part of a URL:
/// `[a-z0-9]([a-z0-9-]*[a-z0-9])?`, 1 to 40 characters. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Most characters in a [`Name`].
pub const NAME_MAX: usize = 40;

/// Why a text is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// No character at all.
    Empty,
    /// More than [`NAME_MAX`] characters.
    TooLong(usize),
    /// A character outside `a-z`, `0-9` and `-`.
    Character(char),
    /// A `-` as first or last character.
    EdgeHyphen,
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "a name cannot be empty"),
            Self::TooLong(n) => write!(f, "a name has at most {NAME_MAX} characters, this one has {n}"),
            Self::Character(c) => write!(f, "a name has only a-z, 0-9 and '-', not {c:?}"),
            Self::EdgeHyphen => write!(f, "a name neither starts nor ends with '-'"),
        }
    }
}

impl std::error::Error for NameFault {}

impl Name {
    /// Checks `text` and makes it a name.
    ///
    /// # Errors
    /// The first [`NameFault`] of the text.
    pub fn new(text: &str) -> Result<Self, NameFault> {
        if text.is_empty() {
            return Err(NameFault::Empty);
        }
        if let Some(c) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            return Err(NameFault::Character(c));
        }
        if text.len() > NAME_MAX {
            return Err(NameFault::TooLong(text.len()));
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(NameFault::EdgeHyphen);
        }
        Ok(Self(text.into()))
    }

    /// The nearest valid spelling of `text` (lower case without marks, other characters as `-`, cut to length), if any is
    /// left: `cadiz` of `Cádiz`.
    #[must_use]
    pub fn nearest(text: &str) -> Option<Self> {
        let mapped: String = super::ascii::plain(text)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(NAME_MAX)
            .collect();
        Self::new(mapped.trim_matches('-')).ok()
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Name {
    type Err = NameFault;
    fn from_str(s: &str) -> Result<Self, NameFault> {
        Self::new(s)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::new(&text).map_err(de::Error::custom)
    }
}
