//! Ports of tests.

use serde::{Deserialize, Serialize};

/// An inclusive range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// iperf3's well-known port and the nineteen behind it.
    pub const DEFAULT: Self = Self { first: 5201, last: 5220 };

    /// The range; `None` where it is empty or starts at 0.
    #[must_use]
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first == 0 || last < first { None } else { Some(Self { first, last }) }
    }

    /// First port.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first
    }

    /// Last port.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last
    }

    /// Do the two have a port in common?
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}
