//! The layer table: a module of `src` uses modules of lower layers and, within its own layer, only those that stand above it.

use std::path::{Path, PathBuf};

/// The layers from the lowest up, each from top to bottom (`src/lib.rs`, CONTRIBUTING.md).
const LAYERS: [&[&str]; 5] = [
    &["domain"],
    &["i18n", "config", "plan", "tool", "schedule", "protocol", "stats", "verdict", "report"],
    &["process", "image", "backend", "store", "lock"],
    &["deploy", "doctor", "runner", "agent"],
    &["cli"],
];

/// Position in the table; a module may use what stands before it.
fn rank(module: &str) -> Option<usize> {
    LAYERS.concat().iter().position(|m| *m == module)
}

/// Top-level modules that `text` uses, with the line. `depth` is the number of modules around it: 1 for `src/plan.rs`.
fn uses(text: &str, depth: usize) -> Vec<(usize, String)> {
    let code = without_comments_and_texts(text);
    let inner = inline_modules(&code);
    let mut found = Vec::new();
    for root in ["crate::", "iperftester::", "super::"] {
        for (at, _) in code.match_indices(root) {
            // Not the end of a longer word, nor the middle of a chain of `super::`.
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':')) {
                continue;
            }
            let rest = code[at..].trim_start_matches(root);
            let steps = (code.len() - at - rest.len()) / root.len();
            if root == "super::" && steps < depth + inner.iter().filter(|m| m.contains(&at)).count() {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            found.extend(heads(rest).into_iter().map(|module| (line, module)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Where the bodies of modules within the file are, such as `mod tests { … }`.
fn inline_modules(code: &str) -> Vec<std::ops::Range<usize>> {
    let mut bodies = Vec::new();
    for (at, _) in code.match_indices("mod ") {
        let name = code[at + 4..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') || !name.trim_start().starts_with('{') {
            continue;
        }
        let start = code.len() - name.len();
        let mut open = 0;
        let end = name.char_indices().find(|(_, c)| {
            open += i32::from(*c == '{') - i32::from(*c == '}');
            *c == '}' && open == 0
        });
        bodies.push(start..start + end.map_or(name.len(), |(i, _)| i));
    }
    bodies
}

/// First names of a path or of each path in a group: `a::b` gives `a`, `{a::{b, c}, d}` gives `a` and `d`.
fn heads(rest: &str) -> Vec<String> {
    let word = |s: &str| s.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut heads = vec![word(group)];
    let mut open = 1;
    for (i, c) in group.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 1 => heads.push(word(&group[i + 1..])),
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// The code with everything in comments and string literals blanked out, its lines where they were.
fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let skip = skipped(rest);
        let (gone, after) = rest.split_at(skip.max(rest.chars().next().map_or(0, char::len_utf8)));
        if skip == 0 {
            code.push_str(gone);
        } else {
            code.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    code
}

/// Length of the comment, text or character literal that `rest` starts with; 0 for none.
fn skipped(rest: &str) -> usize {
    let to = |end: Option<usize>, length: usize| end.map_or(rest.len(), |at| at + length);
    if rest.starts_with("//") {
        return to(rest.find('\n'), 0);
    }
    if rest.starts_with("/*") {
        return to(rest.find("*/"), 2);
    }
    if let Some(raw) = rest.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            return to(raw[hashes + 1..].find(&close).map(|at| at + hashes + 2), close.len());
        }
    }
    if let Some(text) = rest.strip_prefix('"') {
        let mut escaped = false;
        for (i, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return i + 2,
                _ => {}
            }
        }
        return rest.len();
    }
    // Characters that mean something here; what else a quote starts is a lifetime or does not matter.
    ["'\"'", "'\\\"'", "'{'", "'}'"]
        .iter()
        .find(|literal| rest.starts_with(**literal))
        .map_or(0, |literal| literal.len())
}

/// What breaks the table in a file of `module`.
fn faults(module: &str, file: &str, text: &str, depth: usize) -> Vec<String> {
    // `main` stands above all; `lib` only names the modules.
    let Some(own) = (if module == "main" { Some(usize::MAX) } else { rank(module) }) else {
        return vec![format!("{file}: `{module}` is not in the layer table")];
    };
    let mut faults = Vec::new();
    for (line, used) in uses(text, depth) {
        match rank(&used) {
            _ if used == module => {}
            Some(other) if other < own => {}
            Some(_) => faults.push(format!("{file}:{line}: `{module}` uses `{used}`, which does not stand below it")),
            None => faults.push(format!("{file}:{line}: `{used}` is not in the layer table")),
        }
    }
    faults
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn every_module_uses_only_what_stands_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut broken = Vec::new();
    let mut seen = 0;
    for path in sources(&root) {
        let inner = path.strip_prefix(&root).expect("below src").with_extension("");
        let mut parts: Vec<&str> = inner.iter().map(|p| p.to_str().expect("ASCII")).collect();
        if parts.last() == Some(&"mod") {
            parts.pop();
        }
        if parts == ["lib"] {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).expect("a source");
        let depth = if parts == ["main"] { 0 } else { parts.len() };
        broken.extend(faults(parts[0], &path.display().to_string(), &text, depth));
    }
    assert!(seen > 20, "only {seen} sources seen");
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn the_table_names_the_modules_of_the_library_and_no_others() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("the library");
    let mut declared: Vec<&str> =
        lib.lines().filter_map(|l| l.strip_prefix("pub mod ")).map(|m| m.trim_end_matches(';')).collect();
    let mut table = LAYERS.concat();
    declared.sort_unstable();
    table.sort_unstable();
    assert_eq!(declared, table);
}

#[test]
fn a_use_upwards_is_caught_however_it_is_written() {
    let upward = |text, depth| faults("plan", "plan.rs", text, depth).len();
    assert_eq!(upward("use crate::store::Results;", 1), 1);
    assert_eq!(upward("use iperftester::cli;", 1), 1);
    assert_eq!(upward("use super::runner;", 1), 1);
    assert_eq!(upward("fn f() { super::super::runner::go() }", 2), 1);
    assert_eq!(upward("fn f() { let x: crate::backend::local::X; crate::agent::serve() }", 1), 2);
    assert_eq!(upward("use crate::{domain::{name::Name, path}, store::{self, Head}, lock};", 1), 2);
    assert_eq!(upward("pub(crate) use crate::report as r;", 1), 1, "same layer, further down");
    assert_eq!(upward("use crate::elsewhere::X;", 1), 1, "not in the table");
    assert_eq!(upward("mod tests { fn f() { g('}') } use super::super::store; }", 1), 1, "from within the file");
    let place = faults("plan", "plan.rs", "//! Words.\n\nuse crate::store::Results;\n", 1);
    assert_eq!(place, ["plan.rs:3: `plan` uses `store`, which does not stand below it"]);
    assert_eq!(faults("helpers", "helpers.rs", "", 1).len(), 1, "a module without a layer");
}

#[test]
fn a_use_downwards_and_mere_words_are_let_through() {
    let fine = |text, depth| assert_eq!(faults("report", "report.rs", text, depth), Vec::<String>::new());
    fine("use crate::domain::run::Run;\nuse crate::{config, stats::Summary, domain::{name::Name}};", 1);
    fine("use super::chart::Chart; use crate::report::view;", 2);
    fine("use super::super::domain::name::Name;", 2);
    fine("// like crate::store\n/* crate::cli\n crate::agent */ /// [`crate::runner`]\n", 1);
    fine("const A: &str = \"crate::store \\\" crate::cli\"; const Q: char = '\"'; use crate::domain;", 1);
    fine("const R: &str = r#\"crate::store \" crate::cli\"#; fn f<'a>(s: &'a str) {}", 1);
    fine("mod tests { use super::*; use super::{diff, cli}; use super::super::domain; } fn store() {}", 1);
    fine("use pin_crate::store; use other::crate_::store;", 1);
}
