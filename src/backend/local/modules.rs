//! How a kernel comes by what it lacks: a module to load, a package that has it, or not at all.
#![allow(clippy::disallowed_methods, reason = "an edge: the kernel's modules are files")]

use std::path::Path;

use super::feature::Feature;

/// What this machine has of modules for the kernel that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modules {
    /// Can the kernel load any? One that was built without (`CONFIG_MODULES`) has no `/proc/modules` (proc(5)), one that was
    /// closed has `kernel.modules_disabled`.
    pub loadable: bool,
    /// The kernel's release, as `uname -r` has it.
    pub release: String,
    /// The lists of its modules (modules.dep(5), modules.builtin); `None` where it has no folder here, as in a container.
    pub listed: Option<String>,
}

impl Modules {
    /// Looks at this machine's.
    #[must_use]
    pub fn read() -> Self {
        let text = |path: &Path| fs_err::read_to_string(path).unwrap_or_default();
        let closed = text(Path::new("/proc/sys/kernel/modules_disabled")).trim() == "1";
        let release = text(Path::new("/proc/sys/kernel/osrelease")).trim().to_owned();
        let folder = Path::new("/lib/modules").join(&release);
        let listed =
            folder.is_dir().then(|| ["modules.dep", "modules.builtin"].map(|list| text(&folder.join(list))).concat());
        Self { loadable: Path::new("/proc/modules").exists() && !closed, release, listed }
    }

    /// The commands that bring `feature`, to be typed as root; `None` where none can.
    #[must_use]
    pub fn load(&self, feature: Feature) -> Option<String> {
        let module = feature.module();
        let file = format!("/{module}.ko");
        // Ubuntu has what few machines need in a package of its own, Debian has no such package and no need of it.
        let elsewhere = self.listed.as_ref().is_some_and(|listed| !listed.contains(&file));
        let package =
            if elsewhere { format!("apt install linux-modules-extra-{} && ", self.release) } else { String::new() };
        self.loadable.then(|| format!("{package}modprobe {module}"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::backend::local) fn with(listed: Option<&str>) -> Modules {
        Modules { loadable: true, release: "6.8.0-45-generic".to_owned(), listed: listed.map(str::to_owned) }
    }

    #[test]
    fn a_module_is_loaded_a_missing_one_installed_and_a_closed_kernel_is_left_alone() {
        let load = |modules: &Modules| modules.load(Feature::Netem);
        let debian = "kernel/net/sched/sch_netem.ko.xz:\nkernel/net/sched/sch_tbf.ko:\n";
        assert_eq!(load(&with(Some(debian))).as_deref(), Some("modprobe sch_netem"));
        assert_eq!(
            load(&with(Some("kernel/net/sched/sch_tbf.ko.zst:\n"))).as_deref(),
            Some("apt install linux-modules-extra-6.8.0-45-generic && modprobe sch_netem")
        );
        assert_eq!(load(&with(None)).as_deref(), Some("modprobe sch_netem"), "a container has no list");
        assert_eq!(load(&Modules { loadable: false, ..with(Some(debian)) }), None);
    }

    #[test]
    fn what_is_read_here_is_what_the_system_says() {
        let said = std::process::Command::new("uname").arg("-r").output().unwrap();
        let modules = Modules::read();
        assert_eq!(modules.release, String::from_utf8(said.stdout).unwrap().trim());
        assert_eq!(modules.listed.is_some(), Path::new("/lib/modules").join(&modules.release).is_dir());
    }
}
