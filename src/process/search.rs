//! Where programs are looked for. The `PATH` of an ordinary user of Debian has no folder of system programs, and `tc`, `nft`
//! and `sysctl` are there.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Where system programs are, the user's own folders aside.
const SYSTEM: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The `PATH` for what is started from here; `None` where this process's own will do.
pub(super) fn path() -> Option<OsString> {
    env::var_os("PATH").and_then(|own| completed(&own))
}

/// `own` and behind it the folders of system programs that it has not; `None` where it has them all.
fn completed(own: &OsStr) -> Option<OsString> {
    let mut folders: Vec<PathBuf> = env::split_paths(own).collect();
    let lacking: Vec<_> = SYSTEM.iter().map(Path::new).filter(|s| !folders.iter().any(|f| f == s)).collect();
    if lacking.is_empty() {
        return None;
    }
    folders.extend(lacking.into_iter().map(Path::to_owned));
    env::join_paths(folders).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_s_own_folders_come_first() {
        let told = |own: &str| completed(OsStr::new(own)).map(|path| path.into_string().unwrap());
        assert_eq!(told("/usr/bin:/bin").unwrap(), "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
        assert_eq!(told("/my/bin:/usr/sbin:/bin").unwrap(), "/my/bin:/usr/sbin:/bin:/usr/local/sbin:/sbin");
        assert_eq!(told("/usr/local/sbin:/usr/sbin:/usr/bin:/sbin"), None);
    }
}
