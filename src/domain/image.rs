//! The image that probes in containers are made from.

use serde::{Deserialize, Serialize};

/// What the topology says of the probe image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// How it is made; `None` is `small` where this machine has what that takes, else `debian`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// Debian release whose packages it holds, such as `bookworm`.
    pub suite: String,
    /// URI of a mirror; `None` is where this machine gets that release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// Registry, with a path in it, that hosts pull the image from; `None` is where it is sent to each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
}

impl Image {
    /// The release where none is named.
    pub const SUITE: &str = "bookworm";

    /// Does it say nothing that is not so anyway?
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Image {
    fn default() -> Self {
        Self { base: None, suite: Self::SUITE.to_owned(), mirror: None, registry: None }
    }
}

/// How a probe image is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// The tools alone, unpacked by mmdebstrap on this machine: no registry, no engine.
    Small,
    /// Debian's slim image with the tools installed, built by a Docker engine.
    Debian,
}

impl Base {
    /// Its word in the topology.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Debian => "debian",
        }
    }
}

/// An architecture that images are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// ARM, 64 bits.
    Arm64,
    /// POWER, 64 bits, little end first.
    Ppc64le,
    /// RISC-V, 64 bits.
    Riscv64,
    /// IBM Z.
    S390x,
}

impl Architecture {
    const ALL: [Self; 5] = [Self::Amd64, Self::Arm64, Self::Ppc64le, Self::Riscv64, Self::S390x];

    /// Its word in an image (GOARCH).
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::Ppc64le => "ppc64le",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
        }
    }

    /// Its word in Debian's packages.
    #[must_use]
    pub const fn debian(self) -> &'static str {
        match self {
            Self::Ppc64le => "ppc64el",
            other => other.word(),
        }
    }

    /// Rust's word for it, first in the name of a target (also `uname -m`'s).
    #[must_use]
    pub const fn rust(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
            Self::Ppc64le => "powerpc64le",
            Self::Riscv64 => "riscv64gc",
            Self::S390x => "s390x",
        }
    }

    /// By the word of an engine: GOARCH's in its version, the machine's in its information.
    #[must_use]
    pub fn of_engine(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| [known.word(), known.rust(), known.debian()].contains(&word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_name_an_architecture_as_go_or_the_machine_does() {
        for (word, known) in [
            ("amd64", Architecture::Amd64),
            ("x86_64", Architecture::Amd64),
            ("aarch64", Architecture::Arm64),
            ("riscv64", Architecture::Riscv64),
            ("ppc64le", Architecture::Ppc64le),
        ] {
            assert_eq!(Architecture::of_engine(word), Some(known), "{word}");
        }
        assert_eq!(Architecture::of_engine("armv7l"), None);
    }
}
