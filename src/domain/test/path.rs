//! Tests of a path: its times, its loss, its hops, its MTU.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::Family;
use crate::domain::unit::{ByteSize, seconds};

/// An mtr test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mtr {
    /// Rounds (`-c`).
    pub count: u32,
    /// Time between them (`-i`).
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Most hops (`-m`).
    pub max_hops: u8,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// A tracepath test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracepath {
    /// Most hops (`-m`).
    pub max_hops: u8,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// A search of the path MTU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathMtu {
    /// Largest IP packet tried, in bytes; `None` is the MTU of the probe's own interface.
    #[serde(rename = "largest_bytes")]
    pub largest: Option<u32>,
    /// Wait for each answer.
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// Times of TCP connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    /// Connections, one after the other.
    pub count: u32,
    /// Time between them.
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Wait for each.
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// A ping test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    /// Echo requests (`-c`).
    pub count: u32,
    /// Time between them (`-i`).
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Wait for the last answer (`-W`).
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
    /// ICMP payload (`-s`); `None` is ping's own 56 bytes.
    #[serde(rename = "size_bytes")]
    pub size: Option<ByteSize>,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// A traceroute test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traceroute {
    /// Most hops (`-m`).
    pub max_hops: u8,
    /// Queries per hop (`-q`).
    pub queries: u8,
    /// Wait for an answer (`-w`).
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}
