//! The schema and the reference as committed are what the executable prints, and an independent YAML parser with an
//! independent validator takes the topologies that it takes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_iperftester")).arg("schema").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_committed_schema_is_the_one_that_is_printed() {
    let committed = std::fs::read_to_string("docs/topology.schema.json").unwrap();
    let fresh = printed(&[]);
    assert!(committed == fresh, "stale: cargo run -- schema > docs/topology.schema.json");
    let one_line: serde_json::Value = serde_json::from_str(&printed(&["--output", "json"])).unwrap();
    assert_eq!(one_line, serde_json::from_str::<serde_json::Value>(&fresh).unwrap());
}

#[test]
fn the_committed_reference_is_the_one_that_is_printed() {
    let committed = std::fs::read_to_string("docs/guide/reference.md").unwrap();
    assert!(committed == printed(&["--format", "markdown"]), "stale: cargo run -- schema --format markdown");
    for key in ["contract-else-tcp", "behind-nat", "fq-rate", "circuit-id", "time-zone"] {
        assert!(committed.contains(&format!("| `{key}`")), "{key} is missing");
    }
}

#[test]
fn topologies_as_an_editor_reads_them_pass() {
    let schema = serde_json::from_str(&printed(&[])).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "it is no schema itself");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let examples = std::fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().path());
    let examples: Vec<_> = examples.filter(|file| file.extension().is_some_and(|e| e == "yaml")).collect();
    assert!(examples.len() >= 6, "{examples:?}");
    for file in examples.into_iter().chain(["tests/topologies/valid/fleet.yaml".into()]) {
        let file = file.display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{file}: {errors:#?}");
        let mut broken = value;
        broken["probes"].as_object_mut().unwrap().clear();
        assert!(!validator.is_valid(&broken), "{file}");
    }
}
