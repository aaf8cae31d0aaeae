//! `include`: other files whose maps are merged with those of the file that names them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::codes::Code;
use super::fault::{Fault, Faults, Quoted, Span, Spanned};
use super::read;
use super::tree::{Entry, Node};
use super::variable::Expander;
use super::{LARGEST_BYTES, Source, Surroundings};

/// The key.
const INCLUDE: &str = "include";

/// Most files that a topology may consist of.
const MOST_FILES: usize = 256;

/// Most bytes that they may have together.
const MOST_BYTES: usize = 4 * LARGEST_BYTES;

/// Reads a file with all that it includes to one tree; `None` where a part of it is missing, which has been reported.
pub(crate) fn tree(source: &Source, around: &dyn Surroundings, faults: &mut Faults<'_>) -> Option<Spanned<Node>> {
    if source.bytes.len() > LARGEST_BYTES {
        faults.add(too_large(Fault::of_file(Code::TooLarge, size(&source.file))));
        return None;
    }
    let text = read::text(&source.bytes, 0).map_err(|fault| faults.add(*fault)).ok()?;
    let variable = |name: &str| around.variable(name);
    let mut includer = Includer {
        around,
        faults,
        expander: Expander::new(&variable),
        chain: vec![(around.identity(&source.file), source.file.clone())],
        seen: HashSet::new(),
        bytes: source.bytes.len(),
        complete: true,
    };
    let root = includer.file((0, text), &source.file);
    root.filter(|_| includer.complete)
}

fn size(file: &Path) -> String {
    format!("{} is larger than {} MiB", file.display(), LARGEST_BYTES >> 20)
}

fn too_large(fault: Fault) -> Fault {
    fault.fix("look whether this is the right file; a topology of ten thousand probes has 1 MiB")
}

struct Includer<'a, 's> {
    around: &'a dyn Surroundings,
    faults: &'a mut Faults<'s>,
    expander: Expander<'a>,
    /// The files that include each other down to here: what they are, and their names.
    chain: Vec<(PathBuf, PathBuf)>,
    /// Files that are merged already; a file that two others include is read once.
    seen: HashSet<PathBuf>,
    bytes: usize,
    complete: bool,
}

impl Includer<'_, '_> {
    /// One file with what it includes: that first, as if it stood in the place of `include`.
    fn file(&mut self, (number, text): (u32, &str), file: &Path) -> Option<Spanned<Node>> {
        let mut root = read::tree((number, text), &mut self.expander, self.faults)?;
        let Node::Map(entries) = &mut root.value else {
            if number == 0 {
                return Some(root);
            }
            let message = format!("an included file must be a map, not {}", root.value.kind());
            let fault = Fault::new(Code::WrongType, root.span, message).label(format!("this is {}", root.value.kind()));
            self.faults.add(fault.fix("write keys of the topology, for example `probes: { alpha: { host: here } }`"));
            return None;
        };
        let Some(at) = entries.iter().position(|(key, _)| key.value == INCLUDE) else { return Some(root) };
        let (key, value) = entries.remove(at);
        let own = std::mem::take(entries);
        let mut whole = vec![];
        for path in self.paths(&key, value) {
            if let Some(included) = self.include(&path, file) {
                merge(&mut whole, included, "", 1, self.faults);
            }
        }
        merge(&mut whole, own, "", 1, self.faults);
        root.value = Node::Map(whole);
        Some(root)
    }

    /// The paths under `include`.
    fn paths(&mut self, key: &Spanned<String>, value: Spanned<Node>) -> Vec<Spanned<String>> {
        let items = match value.value {
            Node::List(items) => items,
            Node::Scalar(_) => vec![value],
            Node::Null | Node::Map(_) => {
                self.wrong(if value.value == Node::Null { key.span } else { value.span }, value.value.kind());
                return vec![];
            }
        };
        let mut paths = vec![];
        for item in items {
            match item.value {
                Node::Scalar(_) if self.faults.is_lost(item.span) => self.complete = false,
                Node::Scalar(path) => paths.push(Spanned::new(path, item.span)),
                _ => self.wrong(item.span, item.value.kind()),
            }
        }
        paths
    }

    fn wrong(&mut self, span: Span, found: &str) {
        self.complete = false;
        let fault = Fault::new(Code::WrongType, span, format!("`include` takes paths of files, not {found}"));
        self.faults.add(fault.label(format!("this is {found}")).fix("for example `include: [sites.yaml]`"));
    }

    /// The entries of an included file; `None` where it cannot be had or is merged already.
    fn include(&mut self, path: &Spanned<String>, from: &Path) -> Option<Vec<Entry>> {
        // Without the `.` that stand in it.
        let file: PathBuf = from.parent().unwrap_or(Path::new("")).join(&path.value).components().collect();
        let identity = self.around.identity(&file);
        if let Some(at) = self.chain.iter().position(|(known, _)| *known == identity) {
            let names = self.chain[at..].iter().map(|(_, name)| name).chain([&file]);
            let names: Vec<String> = names.map(|name| name.display().to_string()).collect();
            let message = format!("these files include each other: {}", names.join(" -> "));
            self.refuse(Fault::new(Code::IncludeCycle, path.span, message).fix("remove this include"));
            return None;
        }
        if !self.seen.insert(identity.clone()) {
            return None;
        }
        if self.faults.files() >= MOST_FILES {
            let message = format!("a topology cannot consist of more than {MOST_FILES} files");
            self.refuse(Fault::new(Code::BadInclude, path.span, message).fix("join some of them"));
            return None;
        }
        let bytes = match self.around.read(&file) {
            Ok(bytes) => bytes,
            Err(refused) => {
                let message = format!("cannot include {}: {}", Quoted(&file.display().to_string()), refused.message);
                self.refuse(Fault::new(Code::BadInclude, path.span, message).fix(refused.fix));
                return None;
            }
        };
        self.bytes += bytes.len();
        if bytes.len() > LARGEST_BYTES {
            self.refuse(too_large(Fault::new(Code::TooLarge, path.span, size(&file))));
            return None;
        }
        if self.bytes > MOST_BYTES {
            let message = format!("the files of this topology have more than {} MiB", MOST_BYTES >> 20);
            self.refuse(too_large(Fault::new(Code::TooLarge, path.span, message)));
            return None;
        }
        let source = Rc::new(Source { file: file.clone(), bytes });
        let number = self.faults.include(Rc::clone(&source));
        let text = match read::text(&source.bytes, number) {
            Ok(text) => text,
            Err(fault) => {
                self.refuse(*fault);
                return None;
            }
        };
        self.chain.push((identity, file.clone()));
        let root = self.file((number, text), &file);
        self.chain.pop();
        let Some(Spanned { value: Node::Map(entries), .. }) = root else {
            self.complete = false;
            return None;
        };
        Some(entries)
    }

    fn refuse(&mut self, fault: Fault) {
        self.complete = false;
        self.faults.add(fault);
    }
}

/// Adds entries to a map. Maps merge down to `depth` levels below: by name in `probes` and the like, by key in
/// `defaults`. What is said twice is a fault.
fn merge(into: &mut Vec<Entry>, from: Vec<Entry>, path: &str, depth: usize, faults: &mut Faults<'_>) {
    let mut index: HashMap<String, usize> =
        into.iter().enumerate().map(|(at, (key, _))| (key.value.clone(), at)).collect();
    for (key, node) in from {
        let Some(&at) = index.get(&key.value) else {
            index.insert(key.value.clone(), into.len());
            into.push((key, node));
            continue;
        };
        let (first_key, first) = &mut into[at];
        let path = if path.is_empty() { key.value.clone() } else { format!("{path}.{}", key.value) };
        let deeper = if path == "defaults" { 2 } else { depth };
        match (&mut first.value, node.value) {
            (Node::Map(first), Node::Map(second)) if deeper > 0 => {
                merge(first, second, &path, deeper - 1, faults);
            }
            (_, Node::Null) => {}
            (Node::Null, value) => into[at] = (key, Spanned::new(value, node.span)),
            _ => {
                let message = format!("{} is said in two files", Quoted(&path));
                let fault = Fault::new(Code::IncludeClash, key.span, message).label("second time");
                faults.add(fault.related(first_key.span, "first time").fix("keep one of the two"));
            }
        }
    }
}
