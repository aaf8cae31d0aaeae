//! Where `ip netns` keeps its namespaces (ip-netns(8)): a file each.
#![allow(clippy::disallowed_methods, reason = "an edge: the namespaces that are there are files")]

use std::io::{Error, ErrorKind};
use std::path::Path;

/// The folder on this machine.
pub(super) const FOLDER: &str = "/run/netns";

/// Is `namespace` in `folder`, be it half made?
pub(super) fn has(folder: &Path, namespace: &str) -> bool {
    folder.join(namespace).exists()
}

/// The namespaces in `folder` whose name starts with `prefix`, without it, in order.
pub(super) fn list(folder: &Path, prefix: &str) -> Result<Vec<String>, Error> {
    let entries = match fs_err::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(e),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        names.extend(name.to_str().and_then(|n| n.strip_prefix(prefix)).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}
