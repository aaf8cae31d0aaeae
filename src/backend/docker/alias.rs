//! The machine behind an ssh endpoint, as ssh's own configuration has it: the name in the endpoint may be known to nobody else.

use std::time::Duration;

use super::endpoint::Destination;
use crate::process::{self, ProcessError};

/// ssh reads its configuration and goes nowhere, but a `Match exec` in it may start programs.
const WITHIN: Duration = Duration::from_secs(5);

/// The host name or address at which `ssh` looks for `to` (ssh(1), `-G`): its `HostName`, else the name as it was written.
///
/// # Errors
/// [`ProcessError`].
pub(super) async fn host_name(ssh: &[String], to: &Destination) -> Result<String, ProcessError> {
    let argv: Vec<String> = ssh.iter().cloned().chain(["-G".to_owned()]).chain(to.arguments()).collect();
    let said = process::check(&argv, b"", WITHIN).await?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let name = said.lines().find_map(|line| line.strip_prefix("hostname "));
    Ok(name.unwrap_or(&to.host).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(host: &str) -> Destination {
        Destination { user: Some("ops".into()), host: host.into(), port: Some(2222), socket: "/run/x.sock".into() }
    }

    /// An ssh of which this script is the whole.
    fn ssh(script: &str) -> Vec<String> {
        ["sh", "-c", script, "ssh"].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn the_name_is_that_of_the_configuration() {
        let asked =
            ssh(r#"[ "$*" = "-G -l ops -p 2222 -- edge" ] && printf 'user ops\nhostname 192.0.2.7\nport 2222\n'"#);
        assert_eq!(host_name(&asked, &to("edge")).await.unwrap(), "192.0.2.7");
        assert_eq!(host_name(&ssh("echo user ops"), &to("edge")).await.unwrap(), "edge");
        let fault = host_name(&ssh("echo 'Bad configuration option' >&2; exit 255"), &to("edge")).await.unwrap_err();
        assert!(fault.to_string().ends_with("failed: Bad configuration option"), "{fault}");
    }
}
