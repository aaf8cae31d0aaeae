//! Batches of commands, and the programs that carry them out. Pure.

use super::Programs;
use super::feature::Feature;
use crate::process::ProcessError;

/// A program that reads a batch of commands from its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend) enum Program {
    /// ip-route2's `ip -batch -`.
    Ip,
    /// `tc -batch -`.
    Tc,
    /// `nft -f -`.
    Nft,
    /// `iptables-restore --noflush`.
    Iptables,
    /// `ip6tables-restore --noflush`.
    Ip6tables,
}

/// A batch of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::backend) struct Batch {
    /// Who carries it out.
    pub(in crate::backend) program: Program,
    /// In which namespace; `None` for the one we run in.
    pub(super) namespace: Option<String>,
    /// One command a line.
    pub(in crate::backend) lines: String,
    /// Another way to the same.
    pub(in crate::backend) otherwise: Option<Otherwise>,
}

/// How to come to the same on a machine that lacks a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::backend) struct Otherwise {
    /// The feature that the batch itself is made with.
    pub(super) lacking: Feature,
    /// Who carries it out, and one command a line.
    pub(in crate::backend) instead: Vec<(Program, String)>,
}

impl Batch {
    /// A batch without another way.
    pub(in crate::backend) const fn new(program: Program, namespace: Option<String>, lines: String) -> Self {
        Self { program, namespace, lines, otherwise: None }
    }

    /// The same with another way, for machines that lack `lacking`; without one where that would be no other.
    pub(in crate::backend) fn or(self, lacking: Feature, instead: Vec<(Program, String)>) -> Self {
        if matches!(instead.as_slice(), [(program, lines)] if (*program, lines) == (self.program, &self.lines)) {
            return self;
        }
        Self { otherwise: Some(Otherwise { lacking, instead }), ..self }
    }

    /// The other way, where there is one.
    pub(super) fn other_way(&self) -> Option<Vec<Self>> {
        let Otherwise { instead, .. } = self.otherwise.clone()?;
        Some(instead.into_iter().map(|(program, lines)| Self::new(program, self.namespace.clone(), lines)).collect())
    }

    /// The command that reads it.
    pub(super) fn argv(&self, programs: &Programs) -> Vec<String> {
        let Programs { ip, tc, nft, iptables_restore, ip6tables_restore, .. } = programs;
        let reader: &[&str] = match self.program {
            Program::Ip => &[ip, "-batch", "-"],
            Program::Tc => &[tc, "-batch", "-"],
            Program::Nft => &[nft, "-f", "-"],
            // -w: the older iptables has one lock for all namespaces.
            Program::Iptables => &[iptables_restore, "--noflush", "-w"],
            Program::Ip6tables => &[ip6tables_restore, "--noflush", "-w"],
        };
        let mut argv = words(reader);
        match (self.program, &self.namespace) {
            (_, None) => {}
            (Program::Ip | Program::Tc, Some(here)) => drop(argv.splice(1..1, words(&["-n", here]))),
            (Program::Nft | Program::Iptables | Program::Ip6tables, Some(here)) => {
                drop(argv.splice(0..0, words(&[ip, "netns", "exec", here])));
            }
        }
        argv
    }

    /// Names of the devices that it sets up.
    pub(super) fn devices(&self) -> impl Iterator<Item = &str> {
        let lines = self.lines.lines().filter(|_| self.program == Program::Ip);
        lines.filter_map(|line| line.strip_prefix("link set dev ")?.split(' ').next())
    }

    /// The settings that it makes: in which namespace, and each with its value.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, Vec<(&str, &str)>)> {
        let lines = self.lines.lines().filter(|_| self.program == Program::Ip && self.namespace.is_none());
        lines.filter_map(|line| {
            let (here, pairs) = line.strip_prefix("netns exec ")?.split_once(" sysctl -q -w ")?;
            Some((here, pairs.split(' ').filter_map(|pair| pair.split_once('=')).collect()))
        })
    }

    /// A failed batch names its line instead of its program: the programs themselves only count (`Command failed -:3`).
    pub(super) fn name_line(&self, error: ProcessError) -> ProcessError {
        let ProcessError::Failed { command, complaint } = error else { return error };
        let number =
            complaint.rsplit_once("Command failed -:").and_then(|(said, n)| Some((said, n.trim().parse().ok()?)));
        let named =
            number.and_then(|(said, n): (&str, usize)| Some((said, self.lines.lines().nth(n.checked_sub(1)?)?)));
        match named {
            None => ProcessError::Failed { command, complaint },
            Some((said, line)) => {
                let program = if self.program == Program::Tc { "tc" } else { "ip" };
                let place = self.namespace.iter().map(|n| format!(" -n {n}")).collect::<String>();
                ProcessError::Failed { command: format!("{program}{place} {line}"), complaint: said.trim().to_owned() }
            }
        }
    }
}

/// The word behind `key`.
pub(super) fn after<'a>(words: &[&'a str], key: &str) -> Option<&'a str> {
    words.iter().position(|w| *w == key).and_then(|at| words.get(at + 1)).copied()
}

/// An argument list.
pub(super) fn words(argv: &[&str]) -> Vec<String> {
    argv.iter().map(|a| (*a).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process;

    fn named(complaint: &str) -> String {
        let lines = "link set dev lo up\naddr add 10.0.0.1/20 dev lan\n".to_owned();
        let batch = Batch::new(Program::Ip, Some("iperftester.t.a".to_owned()), lines);
        let failed = ProcessError::Failed { command: "ip -batch -".to_owned(), complaint: complaint.to_owned() };
        batch.name_line(failed).to_string()
    }

    #[test]
    fn a_failed_batch_names_its_line() {
        assert_eq!(
            named("Cannot find device \"lan\"\nCommand failed -:2"),
            "`ip -n iperftester.t.a addr add 10.0.0.1/20 dev lan` failed: Cannot find device \"lan\""
        );
        assert_eq!(named("Command failed -:9"), "`ip -batch -` failed: Command failed -:9");
        assert_eq!(named("killed"), "`ip -batch -` failed: killed");
    }

    #[tokio::test]
    async fn the_real_ip_counts_its_lines_so() {
        let argv = words(&["ip", "-batch", "-"]);
        let failed = process::check(&argv, b"link show lo\nlink show dev no-such-device\n", Duration::from_secs(10))
            .await
            .unwrap_err();
        assert!(failed.to_string().trim_end().ends_with("Command failed -:2"), "{failed}");
    }
}
