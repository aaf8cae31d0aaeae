//! Suites: opened to the tests they hold, each test once, in order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{built_in, unknown};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Span, Spanned};
use crate::config::raw;
use crate::domain::name::Name;
use crate::domain::test::TestDefinition;

/// What the suite `auto` runs.
const AUTO: [&str; 5] = ["ping", "traceroute", "path-mtu", "tcp", "udp"];

/// Names and places of a suite's items.
type Items = Vec<Spanned<Name>>;

/// The suites of the file and, unless it has its own, `auto`.
pub(super) fn suites(
    raw: &raw::Topology,
    tests: &BTreeMap<Name, TestDefinition>,
    faults: &mut Faults<'_>,
) -> BTreeMap<Name, Vec<Name>> {
    let written: HashMap<&str, Span> = raw.tests.entries.iter().map(|(n, _)| (n.value.as_str(), n.span)).collect();
    let auto = built_in("auto");
    let mut suites: Vec<(Name, Items)> = vec![];
    for (name, items) in &raw.suites.entries {
        if let Some(&test) = written.get(name.value.as_str()) {
            let (first, second) = if test < name.span { (test, name.span) } else { (name.span, test) };
            let fault = Fault::new(Code::NameUsedTwice, second, format!("`{}` names a test and a suite", name.value))
                .label("second use")
                .related(first, "first use")
                .fix("rename one of the two: tests and suites share their names");
            faults.add(fault);
        }
        suites.push((name.value.clone(), items.value().cloned().unwrap_or_default()));
    }
    if !suites.iter().any(|(name, _)| *name == auto) && !written.contains_key("auto") {
        let items = AUTO.iter().map(|test| Spanned::new(built_in(test), Span::START)).collect();
        suites.push((auto, items));
    }
    Opener::new(raw, tests, &suites, faults).open()
}

/// The names that `run:` and suites can use.
pub(super) fn runnable<'n>(
    raw: &'n raw::Topology,
    tests: impl Iterator<Item = &'n Name>,
    suites: impl Iterator<Item = &'n Name>,
) -> Vec<&'n str> {
    let mut names: Vec<&str> = tests.chain(suites).map(Name::as_str).chain(raw.tests.names()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Opens suites without recursion, so that no file can make the stack overflow.
struct Opener<'o, 's> {
    raw: &'o raw::Topology,
    tests: &'o BTreeMap<Name, TestDefinition>,
    suites: &'o [(Name, Items)],
    index: HashMap<&'o str, usize>,
    faults: &'o mut Faults<'s>,
    open: Vec<Option<Vec<Name>>>,
}

/// A suite that is being opened.
struct Visit {
    suite: usize,
    next: usize,
    found: Vec<Name>,
    seen: HashSet<Name>,
}

impl Visit {
    fn of(suite: usize) -> Self {
        Self { suite, next: 0, found: vec![], seen: HashSet::new() }
    }

    fn add(&mut self, tests: &[Name]) {
        self.found.extend(tests.iter().filter(|test| self.seen.insert((*test).clone())).cloned());
    }
}

impl<'o, 's> Opener<'o, 's> {
    fn new(
        raw: &'o raw::Topology,
        tests: &'o BTreeMap<Name, TestDefinition>,
        suites: &'o [(Name, Items)],
        faults: &'o mut Faults<'s>,
    ) -> Self {
        let index = suites.iter().enumerate().map(|(i, (name, _))| (name.as_str(), i)).collect();
        Self { raw, tests, suites, index, faults, open: vec![None; suites.len()] }
    }

    fn open(mut self) -> BTreeMap<Name, Vec<Name>> {
        for suite in 0..self.suites.len() {
            if self.open[suite].is_none() {
                self.visit(suite);
            }
        }
        let names = self.suites.iter().map(|(name, _)| name.clone());
        names.zip(self.open).map(|(name, tests)| (name, tests.unwrap_or_default())).collect()
    }

    fn visit(&mut self, suite: usize) {
        let mut path = vec![Visit::of(suite)];
        while let Some(top) = path.last_mut() {
            let (name, items) = &self.suites[top.suite];
            let Some(item) = items.get(top.next) else {
                self.open[top.suite] = Some(std::mem::take(&mut top.found));
                path.pop();
                continue;
            };
            let inner = self.index.get(item.value.as_str()).copied();
            if let Some(inner) = inner {
                if let Some(tests) = &self.open[inner] {
                    top.add(tests);
                } else if let Some(start) = path.iter().position(|v| v.suite == inner) {
                    self.cycle(name, item, &path[start..]);
                } else {
                    path.push(Visit::of(inner));
                    continue;
                }
            } else if self.tests.contains_key(&item.value) {
                top.add(std::slice::from_ref(&item.value));
            } else if !self.raw.tests.names().any(|t| t == item.value.as_str()) {
                let known = runnable(self.raw, self.tests.keys(), self.suites.iter().map(|(n, _)| n));
                unknown(Code::UnknownTest, "test or suite", item, known.into_iter(), self.faults);
            }
            if let Some(top) = path.last_mut() {
                top.next += 1;
            }
        }
    }

    fn cycle(&mut self, suite: &Name, item: &Spanned<Name>, path: &[Visit]) {
        let mut names: Vec<&str> = path.iter().map(|v| self.suites[v.suite].0.as_str()).collect();
        names.push(item.value.as_str());
        let message = format!("`{}` contains itself: {}", item.value, names.join(" → "));
        let fault = Fault::new(Code::CyclicSuite, item.span, message).label("closes the circle");
        self.faults.add(fault.fix(format!("remove `{}` from `{suite}`", item.value)));
    }
}
