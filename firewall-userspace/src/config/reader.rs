//! A walk over a parsed file that remembers where everything stood.
//!
//! Owns: the path and the place of each value, and the list of problems. Refuses: knowing any key.
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;
use toml::de::DeValue;

use super::problem::{Fault, Position, Problem, Severity};

/// The longest piece of a value that a problem quotes, in characters.
const QUOTED: usize = 60;

/// A value, its path, and the bytes it was written in.
pub(super) struct Node<'a> {
    pub(super) path: String,
    pub(super) value: &'a DeValue<'a>,
    pub(super) span: Range<usize>,
}

impl<'a> Node<'a> {
    pub(super) fn new(path: String, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self { path, value: value.get_ref(), span: value.span() }
    }

    /// An element of this array, counted from 1.
    pub(super) fn element(&self, number: usize, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self::new(format!("{}[{number}]", self.path), value)
    }
}

/// The path of a key in a table.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Where a value stands, and how it is written.
#[derive(Clone)]
struct Place {
    file: Rc<str>,
    position: Position,
    value: String,
}

/// What was found in all files of a config so far.
#[derive(Default)]
pub(super) struct Findings {
    problems: Vec<Problem>,
    places: HashMap<String, Place>,
    files: Vec<Rc<str>>,
}

impl Findings {
    /// A problem of the value that was read at `path`, however long ago.
    pub(super) fn add(&mut self, severity: Severity, path: &str, fault: Fault) {
        let place = self.places.get(path);
        self.problems.push(Problem {
            severity,
            file: place.map_or("built-in defaults", |p| &p.file).to_owned(),
            position: place.map(|p| p.position),
            key: path.to_owned(),
            value: place.map(|p| p.value.clone()).unwrap_or_default(),
            message: fault.message,
            hint: fault.hint,
        });
    }

    /// A problem of a file as a whole.
    pub(super) fn add_file(&mut self, file: &str, fault: Fault, position: Option<Position>) {
        let (key, value) = Default::default();
        let Fault { message, hint } = fault;
        let severity = Severity::Error;
        self.problems.push(Problem { severity, file: file.to_owned(), position, key, value, message, hint });
    }

    /// Whether a file said anything at `path`.
    pub(super) fn is_given(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    /// `file:line` of the value at `path`, for a sentence about another one.
    pub(super) fn place(&self, path: &str) -> String {
        self.places.get(path).map_or("built in".to_owned(), |p| format!("{}:{}", p.file, p.position.line))
    }

    /// Whether the value at `path` was read without an error, so that what it means can be compared with others.
    pub(super) fn is_sound(&self, path: &str) -> bool {
        !self.problems.iter().any(|p| p.is_error() && p.key.starts_with(path))
    }

    /// The problems in the order of the files and lines.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let Self { mut problems, files, .. } = self;
        let rank = |p: &Problem| files.iter().position(|f| **f == *p.file);
        problems.sort_by_cached_key(|p| (rank(p), p.position));
        problems
    }
}

/// One file while it is read.
pub(super) struct Reader<'t, 'f> {
    file: Rc<str>,
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// Where bytes stand that begin no character, so that columns of one long line need no walk along it.
    inner: Vec<usize>,
    findings: &'f mut Findings,
}

impl<'t, 'f> Reader<'t, 'f> {
    pub(super) fn new(file: &str, text: &'t str, findings: &'f mut Findings) -> Self {
        let file: Rc<str> = file.into();
        findings.files.push(Rc::clone(&file));
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let inner = (0..text.len()).filter(|at| !text.is_char_boundary(*at)).collect();
        Self { file, text, lines, inner, findings }
    }

    /// Remembers where a value stands.
    pub(super) fn note(&mut self, node: &Node<'_>) {
        let place = self.locate(&node.span);
        self.findings.places.insert(node.path.clone(), place);
    }

    /// An error of the value at `node`.
    pub(super) fn error(&mut self, node: &Node<'_>, fault: Fault) {
        self.error_at(node.path.clone(), &node.span, fault);
    }

    /// An error of the bytes at `span`.
    pub(super) fn error_at(&mut self, key: String, span: &Range<usize>, fault: Fault) {
        let Place { file, position, value } = self.locate(span);
        let (file, position, severity) = (file.to_string(), Some(position), Severity::Error);
        let Fault { message, hint } = fault;
        self.findings.problems.push(Problem { severity, file, position, key, value, message, hint });
    }

    /// An error of a key at `span`, whatever its value.
    pub(super) fn key_error(&mut self, key: String, span: &Range<usize>, fault: Fault) {
        self.error_at(key, &(span.start..span.start), fault);
    }

    /// Which line a byte stands in, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// Forgets this file's problems of the lines for which `spoiled` says so.
    pub(super) fn forget_lines(&mut self, spoiled: impl Fn(usize) -> bool) {
        let file = &self.file;
        let forget = |p: &Problem| *p.file == **file && p.position.is_some_and(|at| spoiled(at.line));
        self.findings.problems.retain(|p| !forget(p));
    }

    fn locate(&self, span: &Range<usize>) -> Place {
        let line = self.line(span.start);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let inner = |at: usize| self.inner.partition_point(|inner| *inner < at);
        let column = (span.start - inner(span.start)) - (start - inner(start)) + 1;
        let value = self.text.get(span.clone()).map(quote).unwrap_or_default();
        Place { file: Rc::clone(&self.file), position: Position { line, column }, value }
    }
}

/// A piece of the file, short enough to stand in a line.
fn quote(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let cut = line.char_indices().nth(QUOTED).map_or(line.len(), |(at, _)| at);
    let mark = if cut < text.trim_end().len() { "…" } else { "" };
    format!("{}{mark}", &line[..cut])
}
