//! The words that users meet first, as stored.

use std::process::Command;

#[test]
fn every_help_text_is_as_stored() {
    let verbs = [
        "",
        "init",
        "validate",
        "campaigns",
        "build",
        "plan",
        "deploy",
        "status",
        "run",
        "list",
        "report",
        "logs",
        "export",
        "import",
        "prune",
        "exec",
        "destroy",
        "doctor",
        "completions",
        "man",
        "schema",
        "parse",
        "agent",
    ];
    let mut named: Vec<String> = iperftester::cli::command()
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .map(|verb| verb.get_name().to_owned())
        .collect();
    named.insert(0, String::new());
    assert_eq!(named, verbs, "a verb without a stored help");
    for verb in verbs {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iperftester"));
        // The terminal's width is none of the test's business.
        command.env("COLUMNS", "100").env_remove("IPERFTESTER_TOPOLOGY");
        let arguments: &[&str] = if verb.is_empty() { &["--help"] } else { &[verb, "--help"] };
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success());
        let name = if verb.is_empty() { "iperftester" } else { verb };
        insta::assert_snapshot!(format!("help-{name}"), String::from_utf8(output.stdout).unwrap());
    }
}

#[test]
fn bad_arguments_are_bad_input() {
    for arguments in
        [&["rnu"][..], &["run", "--duration", "3"], &["run", "--from", "alpha"], &["report", "--format", "pdf"]]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_iperftester")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn every_help_has_an_example() {
    for verb in iperftester::cli::command().get_subcommands_mut().filter(|verb| !verb.is_hide_set()) {
        let help = verb.render_long_help().to_string();
        assert!(help.contains("Example"), "`{} --help` has no example", verb.get_name());
    }
}

#[test]
fn bad_arguments_are_told_as_json_where_json_is_asked_for() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iperftester"));
    let output = command.args(["vaildate", "--output", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(told["error"], "unrecognized subcommand 'vaildate'");
    assert_eq!(told["hint"], "a similar subcommand exists: 'validate'");
}

#[test]
fn every_verb_has_a_manual_page_and_every_shell_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_iperftester");
    let done = Command::new(program).args(["man", "--out"]).arg(folder.path()).output().unwrap();
    assert!(done.status.success());
    for verb in iperftester::cli::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let page = std::fs::read_to_string(folder.path().join(format!("iperftester-{}.1", verb.get_name()))).unwrap();
        assert!(page.contains(".SH EXAMPLES") && page.contains(".TH iperftester-"), "{page}");
    }
    let whole = folder.path().join("iperftester.1");
    // Where there is a formatter it has nothing to complain of.
    if let Ok(read) = Command::new("groff").args(["-man", "-ww", "-z", "-Tutf8"]).arg(whole).output() {
        assert!(read.status.success() && read.stderr.is_empty(), "{}", String::from_utf8_lossy(&read.stderr));
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Command::new(program).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(script.stdout).unwrap();
        assert!(script.contains("--older-than") || script.contains("older-than"), "{shell}");
    }
}
