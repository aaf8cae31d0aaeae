//! Tests that send little: what they do where nothing is said.

use std::time::Duration;

use crate::config::raw;
use crate::domain::test::{Connect, Mtr, PathMtu, Ping, Tracepath, Traceroute};

/// Echo requests, rounds or connections.
const COUNT: u32 = 10;
/// Most hops: traceroute's, mtr's and tracepath's own (`-m`).
const MAX_HOPS: u8 = 30;
const BETWEEN: Duration = Duration::from_millis(200);
const SECOND: Duration = Duration::from_secs(1);

pub(super) fn ping(raw: &raw::Ping) -> Ping {
    Ping {
        count: *raw.count.value().unwrap_or(&COUNT),
        interval: *raw.interval.value().unwrap_or(&BETWEEN),
        timeout: *raw.timeout.value().unwrap_or(&SECOND),
        size: raw.size.value().copied(),
        family: raw.family.value().copied(),
    }
}

pub(super) fn traceroute(raw: &raw::Traceroute) -> Traceroute {
    Traceroute {
        max_hops: *raw.max_hops.value().unwrap_or(&MAX_HOPS),
        queries: *raw.queries.value().unwrap_or(&3),
        timeout: *raw.timeout.value().unwrap_or(&SECOND),
        family: raw.family.value().copied(),
    }
}

pub(super) fn mtr(raw: &raw::Mtr) -> Mtr {
    Mtr {
        count: *raw.count.value().unwrap_or(&COUNT),
        interval: *raw.interval.value().unwrap_or(&SECOND),
        max_hops: *raw.max_hops.value().unwrap_or(&MAX_HOPS),
        family: raw.family.value().copied(),
    }
}

pub(super) fn tracepath(raw: &raw::Tracepath) -> Tracepath {
    Tracepath { max_hops: *raw.max_hops.value().unwrap_or(&MAX_HOPS), family: raw.family.value().copied() }
}

pub(super) fn path_mtu(raw: &raw::PathMtu) -> PathMtu {
    PathMtu {
        largest: raw.largest.value().copied(),
        timeout: *raw.timeout.value().unwrap_or(&SECOND),
        family: raw.family.value().copied(),
    }
}

pub(super) fn connect(raw: &raw::Connect) -> Connect {
    Connect {
        count: *raw.count.value().unwrap_or(&COUNT),
        interval: *raw.interval.value().unwrap_or(&BETWEEN),
        timeout: *raw.timeout.value().unwrap_or(&SECOND),
        family: raw.family.value().copied(),
    }
}
