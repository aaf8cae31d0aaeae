//! What README and guide show is what there is: their topologies load, their commands exist, their links lead somewhere.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the tests of the reports")]
#[path = "support/campaign_run.rs"]
mod campaign_run;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use iperftester::config::{Source, load, render};

/// README, CONTRIBUTING, the guide and the decisions, with their text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages: Vec<PathBuf> = ["docs/guide", "docs/decisions"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.extend(["README.md", "README.es.md", "CONTRIBUTING.md"].map(PathBuf::from));
    pages.sort();
    assert!(pages.len() > 15, "{pages:?}");
    pages.into_iter().map(|page| (page.clone(), std::fs::read_to_string(page).unwrap())).collect()
}

/// The blocks fenced as `yaml`, in order.
fn yaml_blocks(text: &str) -> Vec<&str> {
    text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_topology_in_the_docs_loads() {
    let mut seen = 0;
    for (page, text) in pages() {
        let mut whole = String::new();
        for block in yaml_blocks(&text) {
            // A block without a name is a part: it goes on where the one before it ended.
            if block.lines().any(|line| line.starts_with("name:")) {
                whole.clear();
            }
            assert!(
                !whole.is_empty() || block.contains("name:"),
                "{}: a part without a whole:\n{block}",
                page.display()
            );
            whole.push_str(block);
            let source = Source { file: page.clone(), bytes: whole.clone().into_bytes() };
            let loaded = load(&source);
            let said = render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, false);
            assert!(loaded.diagnostics.is_empty(), "{}:\n{said}", page.display());
            seen += 1;
        }
    }
    assert!(seen >= 3, "only {seen} topologies were found");
}

/// Commands of `iperftester` in indented or fenced code: the words after it, without comment and pipe.
fn commands(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| line.starts_with("    "));
    let told = lines.filter_map(|line| line.trim().trim_start_matches("sudo ").strip_prefix("iperftester "));
    told.map(|line| {
        let line = line.split(['#', '|', '>', '<']).next().unwrap_or_default();
        // What follows `--` is another program's.
        line.split_whitespace().take_while(|word| *word != "--").map(str::to_owned).collect()
    })
    .collect()
}

#[test]
fn every_command_in_the_docs_is_one() {
    let mut seen = 0;
    for (page, text) in pages() {
        for words in commands(&text) {
            // `--help` is answered before anything is done, and after all the words before it were understood.
            let output = Command::new(env!("CARGO_BIN_EXE_iperftester")).args(&words).arg("--help").output().unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            let shown = format!("{}: iperftester {}", page.display(), words.join(" "));
            assert!(output.status.success(), "{shown}");
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(option.as_str()), "{shown}: no {option}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} commands were found");
}

#[test]
fn every_verb_is_in_the_readme() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    for verb in iperftester::cli::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
        assert!(readme.contains(&format!("| `{}` |", verb.get_name())), "{} is not in the table", verb.get_name());
    }
}

#[test]
fn every_verb_has_its_example_in_the_guide() {
    let guide: Vec<(PathBuf, String)> =
        pages().into_iter().filter(|(page, _)| page.starts_with("docs/guide")).collect();
    let lines: Vec<&str> =
        guide.iter().flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with("    ")).collect();
    for verb in iperftester::cli::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let name = verb.get_name();
        let shown = lines.iter().any(|line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "iperftester").skip(1);
            let first = words.next();
            let first = if first == Some("-t") { words.nth(1) } else { first };
            first == Some(name)
        });
        assert!(shown, "no chapter shows `iperftester {name}`");
    }
}

/// What GitHub calls a heading in an address.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

#[test]
fn links_into_a_page_name_one_of_its_headings() {
    let mut seen = 0;
    for (page, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, wanted)) = target.split_once('#').filter(|_| !target.contains("://")) else { continue };
            let there = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let text = std::fs::read_to_string(&there).unwrap();
            let found = text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == wanted);
            assert!(found, "{} links to {target}", page.display());
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} links into pages were found");
}

/// What the source says mends a switch of the kernel is what the chapter says.
#[test]
fn the_chapter_without_root_has_every_switch_with_its_command() {
    let chapter = std::fs::read_to_string("docs/guide/rootless.md").unwrap();
    let source = std::fs::read_to_string("src/backend/local/rootless.rs").unwrap();
    let commands: BTreeSet<&str> = source.split('"').filter(|text| text.starts_with("sudo sysctl -w ")).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        assert!(chapter.contains(&format!("`{command}`")), "docs/guide/rootless.md lacks {command}");
    }
}

#[test]
fn every_decision_is_in_the_index_under_its_own_title() {
    let index = std::fs::read_to_string("docs/decisions/README.md").unwrap();
    let mut seen = 0;
    for (page, text) in pages().into_iter().filter(|(page, _)| page.starts_with("docs/decisions")) {
        let file = page.file_name().unwrap().to_str().unwrap();
        if file == "README.md" {
            continue;
        }
        let (number, title) = text.lines().next().unwrap().trim_start_matches("# ").split_once(' ').unwrap();
        assert!(file.starts_with(&format!("{number}-")), "{file} calls itself {number}");
        assert!(index.contains(&format!("| [{number}]({file}) | {title} |")), "the index lacks {file}: {title}");
        seen += 1;
    }
    assert!(seen >= 20, "only {seen} decisions were found");
}

#[test]
fn the_probe_image_has_the_tools_of_the_tests() {
    let image = std::fs::read_to_string("Dockerfile").unwrap();
    let words: BTreeSet<&str> = image.split_whitespace().collect();
    for package in ["iperf3", "iperf", "iproute2", "iputils-ping", "iputils-tracepath", "mtr-tiny", "traceroute"] {
        assert!(words.contains(package), "the image lacks {package}");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for (page, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            let file = target.split('#').next().unwrap_or_default();
            let there = page.parent().unwrap_or(Path::new("")).join(file);
            assert!(there.exists(), "{} links to {target}", page.display());
        }
    }
}

/// Keys of `value`, of a list's items, and of what stands under the keys in `into`.
fn keys(value: &Value, into: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, into, found)),
        Value::Object(members) => {
            for (key, inner) in members {
                found.insert(key.clone());
                if into.contains(&key.as_str()) {
                    keys(inner, into, found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_of_the_json_report_is_explained() {
    let guide = std::fs::read_to_string("docs/guide/json.md").unwrap();
    let report = iperftester::report::json(&campaign_run::everything());
    let mut found = BTreeSet::new();
    let into = ["runs", "measurement", "reverse", "intervals", "hops", "judgements", "causes", "source_counters"];
    keys(&serde_json::from_str(&report).unwrap(), &into, &mut found);
    assert!(found.len() > 70, "{found:?}");
    let missing: Vec<&String> = found.iter().filter(|key| !guide.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/guide/json.md does not name {missing:?}");
}

#[test]
fn every_event_of_a_run_is_explained() {
    let guide = std::fs::read_to_string("docs/guide/json.md").unwrap();
    let source = std::fs::read_to_string("src/cli/run/events.rs").unwrap();
    let named =
        ["\"event\": \"", "with_job(\""].map(|lead| source.split(lead).skip(1).map(|rest| rest.split('"').next()));
    let events: BTreeSet<&str> = named.into_iter().flatten().flatten().chain(["ended"]).collect();
    assert!(events.len() >= 8, "{events:?}");
    for event in events {
        assert!(guide.contains(&format!("| `{event}` |")), "docs/guide/json.md does not name the event {event}");
    }
}

/// What `doctor` calls missing where it is not there, without an alternative, is what `make demo` has to install.
#[test]
fn the_demo_installs_all_that_doctor_asks_for() {
    let doctor = std::fs::read_to_string("src/doctor/judge/programs.rs").unwrap();
    let script = std::fs::read_to_string("scripts/deps.sh").unwrap();
    let installed = script.lines().find_map(|line| line.strip_prefix("packages=\"")).unwrap();
    let installed: BTreeSet<&str> = installed.trim_end_matches('"').split(' ').collect();
    let asked = doctor.lines().filter_map(|line| line.trim().strip_suffix("\", None),")?.split("=> (\"").nth(1));
    let asked: BTreeSet<&str> = asked.collect();
    assert!(asked.len() >= 3, "{asked:?}");
    assert!(asked.is_subset(&installed), "deps.sh lacks {:?}", asked.difference(&installed).collect::<Vec<_>>());
}

#[test]
fn both_readmes_say_the_same() {
    // Commands without their comments and language, chapters, rows of tables, links.
    let outline = |page: &str| {
        let text = std::fs::read_to_string(page).unwrap();
        let commands: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .map(|line| line.split(" # ").next().unwrap().replace(" --lang es", "").trim().to_owned())
            .collect();
        let verbs: Vec<String> = text
            .lines()
            .filter_map(|l| l.strip_prefix("| `"))
            .map(|l| l.split('`').next().unwrap().to_owned())
            .collect();
        let mut links: Vec<String> = text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap().to_owned())
            .filter(|link| !link.starts_with("README"))
            .collect();
        links.sort();
        let chapters = text.lines().filter(|line| line.starts_with("## ")).count();
        let topologies: Vec<String> = yaml_blocks(&text).into_iter().map(str::to_owned).collect();
        (commands, verbs, links, chapters, topologies)
    };
    assert_eq!(outline("README.md"), outline("README.es.md"));
}
