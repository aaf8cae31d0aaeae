//! The words that users meet first, as stored.

use std::process::Command;

#[test]
fn every_help_text_is_as_stored() {
    let verbs = [
        "", "init", "validate", "plan", "deploy", "status", "run", "list", "report", "destroy", "doctor", "schema",
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
