//! Can this machine make what the topology asks for? Everything that it cannot, at once.
#![allow(clippy::disallowed_methods, reason = "an edge: its own rights are in a file")]

use std::time::Duration;

use super::batch::words;
use super::feature::{Feature, Means};
use super::layout::{Layout, Need};
use super::modules::Modules;
use super::rootless::{self, Hindrance};
use super::{Form, Programs};
use crate::backend::BackendError;
use crate::process::{self, ProcessError};

const LIMIT: Duration = Duration::from_secs(10);
/// Bits of capabilities(7): the kernel's `CAP_NET_ADMIN` and `CAP_SYS_ADMIN`.
const NET_ADMIN: u64 = 1 << 12;
const SYS_ADMIN: u64 = 1 << 21;

/// Looks at rights, programs and kernel, in this order; what hides the rest ends the search. Notes in `means` what it finds.
pub(super) async fn check(
    form: Form,
    layout: &Layout,
    programs: &Programs,
    means: &mut Means,
) -> Result<(), Vec<BackendError>> {
    let mut errors: Vec<BackendError> = layout.refusals.iter().map(|(what, hint)| unsupported(what, *hint)).collect();
    errors.extend(match form {
        Form::Machine => rights(&fs_err::read_to_string("/proc/self/status").unwrap_or_default()),
        Form::User => rootless::hindrance(programs).await.map(|Hindrance { why, mend }| {
            unsupported(format!("local probes in user namespaces cannot be made: {why}"), mend)
        }),
    });
    let Programs { ip, tc, unshare, nsenter, .. } = programs;
    let always = [(ip.as_str(), "iproute2"), (tc, "iproute2"), (unshare, "util-linux"), ("sysctl", "procps")];
    let entering = (form == Form::User).then_some((nsenter.as_str(), "util-linux"));
    for (program, package) in always.into_iter().chain(entering) {
        if let Err(error) = process::run(&words(&[program, "-V"]), b"", LIMIT).await {
            errors.push(missing(program, package, &error));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let modules = Modules::read();
    for need in &layout.needs {
        if means.of(need.feature, programs, form == Form::User).await.is_none() {
            errors.push(lacking(need, &modules));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Has this machine IPv6, and is it switched on?
#[must_use]
pub fn has_ipv6() -> bool {
    let off = fs_err::read_to_string("/proc/sys/net/ipv6/conf/all/disable_ipv6");
    std::path::Path::new("/proc/net/if_inet6").exists() && off.is_ok_and(|text| text.trim() == "0")
}

fn unsupported(what: impl Into<String>, hint: impl Into<String>) -> BackendError {
    BackendError::Unsupported { what: what.into(), hint: hint.into() }
}

/// The right to make network namespaces that a process lacks, read from its `/proc/PID/status`; `None` where it has all.
#[must_use]
pub fn lacking_right(status: &str) -> Option<&'static str> {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let held = u64::from_str_radix(effective.trim(), 16).ok()?;
    let rights = [(NET_ADMIN, "CAP_NET_ADMIN"), (SYS_ADMIN, "CAP_SYS_ADMIN")];
    rights.into_iter().find(|(bit, _)| held & bit == 0).map(|(_, name)| name)
}

fn rights(status: &str) -> Option<BackendError> {
    let lacking = lacking_right(status)?;
    Some(unsupported(
        format!("local probes need root, and this process lacks {lacking}"),
        "run it with sudo, or let the host say `local: { isolation: user-namespaces }`, which needs no root",
    ))
}

fn missing(program: &str, package: &str, error: &ProcessError) -> BackendError {
    unsupported(
        format!("local probes need the program `{program}`: {error}"),
        format!("install it: apt install {package}"),
    )
}

pub(super) fn lacking(need: &Need, of: &Modules) -> BackendError {
    let ways: Vec<Feature> = std::iter::once(need.feature).chain(need.feature.substitute()).collect();
    let list = |of: &dyn Fn(Feature) -> String, between| ways.iter().map(|f| of(*f)).collect::<Vec<_>>().join(between);
    let features = list(&|f| f.as_str().to_owned(), " or ");
    let modules = list(&|f| format!("no {}", f.module()), ", ");
    let install = match need.feature.package() {
        Some(package) => format!("install what uses it: apt install {package}; "),
        None => String::new(),
    };
    let load: Vec<String> = ways.iter().filter_map(|feature| of.load(*feature)).collect();
    let hint = if load.is_empty() {
        "this kernel loads no modules: take that out of the topology or deploy on a machine whose kernel has it"
            .to_owned()
    } else {
        format!(
            "load it: {}; if there is no such module, take that out of the topology or deploy on a machine whose kernel has \
             it",
            load.join(" or ")
        )
    };
    unsupported(
        format!("{}, which needs {features}, and this machine has none ({modules})", need.who),
        format!("{install}{hint}"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::modules::tests::with;
    use super::*;

    #[test]
    fn root_has_the_rights_and_a_user_has_not() {
        assert!(rights("Name:\tx\nCapEff:\t000001fffeffffff\n").is_none());
        let told = |status| rights(status).map(|e| e.to_string()).unwrap_or_default();
        assert!(told("CapEff:\t0000000000000000\n").contains("lacks CAP_NET_ADMIN"));
        assert!(told("CapEff:\t0000000000001000\n").contains("lacks CAP_SYS_ADMIN"));
    }

    #[test]
    fn what_lacks_names_who_asks_the_feature_and_the_mend() {
        let need = Need { feature: Feature::Netem, who: "link `adsl` asks for `impair.delay`".to_owned() };
        let BackendError::Unsupported { what, hint } = lacking(&need, &with(None)) else { panic!("another error") };
        assert_eq!(
            what,
            "link `adsl` asks for `impair.delay`, which needs netem, and this machine has none (no sch_netem)"
        );
        assert!(hint.starts_with("load it: modprobe sch_netem;"), "{hint}");
    }

    #[test]
    fn what_mends_a_kernel_is_told_by_its_modules_in_both_languages() {
        use crate::i18n::{Lang, sentences};
        let hint = |feature, modules: &Modules| {
            let need = Need { feature, who: "link `adsl` asks for `impair.delay`".to_owned() };
            let BackendError::Unsupported { hint, .. } = lacking(&need, modules) else { panic!("another error") };
            let spanish = sentences::told(Lang::Es, &hint);
            assert!(spanish.ends_with("núcleo lo tenga") && !spanish.contains("load"), "{spanish}");
            hint
        };
        let closed = Modules { loadable: false, ..with(None) };
        let extra = "load it: apt install linux-modules-extra-6.8.0-45-generic && modprobe sch_netem; if there is no such module,";
        assert!(hint(Feature::Netem, &with(Some("kernel/net/sched/sch_tbf.ko:"))).starts_with(extra));
        assert!(hint(Feature::Netem, &closed).starts_with("this kernel loads no modules: take that out"));
        assert!(
            hint(Feature::Loss, &closed).contains("apt install nftables; this kernel loads no modules: take that out")
        );
        assert!(hint(Feature::Loss, &with(None)).contains("load it: modprobe nft_numgen or modprobe xt_statistic; if"));
    }

    #[test]
    fn what_several_would_serve_names_them_all() {
        let need = Need { feature: Feature::Loss, who: "link `adsl` asks for `impair.loss`".to_owned() };
        let BackendError::Unsupported { what, hint } = lacking(&need, &with(None)) else { panic!("another error") };
        assert!(what.contains("needs nftables random loss or iptables random loss"), "{what}");
        assert!(what.ends_with("(no nft_numgen, no xt_statistic)"), "{what}");
        assert!(
            hint.starts_with("install what uses it: apt install nftables; load it: modprobe nft_numgen or"),
            "{hint}"
        );
    }
}
