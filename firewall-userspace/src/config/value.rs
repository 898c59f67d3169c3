//! How a config type takes over what a file says, and how it shows what it holds.
//!
//! Owns: the traits of values, tables and lists of tables, and reading them. Refuses: knowing any key by name.
use toml::de::{DeTable, DeValue};

use super::problem::Fault;
use super::reader::{Node, Reader, join};
use super::suggest::unknown_key;

/// Anything that stands behind a key.
pub(super) trait Value {
    /// Takes over what the file says. What is wrong is reported, and leaves the value as it was.
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>);
    /// The value as a file would say it.
    fn show(&self) -> Shown;
}

/// Documentation, line by line.
pub(super) type Doc = &'static [&'static str];

/// A value in the form of a file.
pub(super) enum Shown {
    /// Behind the key's equals sign.
    Inline(String),
    /// A table of its own: its documentation and its keys.
    Table(Doc, Vec<Entry>),
    /// A list of tables, which has no default: its documentation, an example of one, and the remarks that follow it.
    List(Doc, Vec<Entry>, String),
    /// Not at all: a key that this table does without.
    Nothing,
}

/// A key with its documentation and its value.
pub(super) struct Entry {
    pub(super) key: &'static str,
    pub(super) doc: Doc,
    pub(super) shown: Shown,
}

/// A value that is read in one go: it is right or wrong as a whole.
pub(super) trait Scalar: Sized {
    /// The value, or what is wrong with it.
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault>;
    /// TOML that reads back as this value.
    fn text(&self) -> String;
}

impl<T: Scalar> Value for T {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        reader.note(node);
        match T::parse(node.value) {
            Ok(value) => *self = value,
            Err(fault) => reader.error(node, fault),
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(self.text())
    }
}

impl Scalar for bool {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        value.as_bool().ok_or_else(|| wrong_type(value, "write true or false"))
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// A table whose keys are known.
pub(super) trait Section {
    /// The value of a key.
    fn slot(&mut self, key: &str) -> Option<&mut dyn Value>;
    /// All keys.
    fn entries(&self) -> Vec<Entry>;
    /// What the table is for.
    fn doc(&self) -> Doc;
}

/// A table that a list holds any number of.
pub(super) trait Item: Section {
    /// Keys that must be there.
    const REQUIRED: &'static [&'static str];
    /// One whose required keys are yet to be read. It never leaves the reader: without them there is an error.
    fn blank() -> Self;
    /// One to show in the documentation.
    fn example() -> Self;
    /// What the documentation says after the example.
    fn remarks() -> String;
}

impl<T: Item> Value for Vec<T> {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        let name = &node.path;
        let Some(array) = node.value.as_array() else {
            return reader.error(node, wrong_type(node.value, &format!("begin each one with a line [[{name}]]")));
        };
        for value in array {
            // Files append, so the count goes on from one file to the next.
            let node = node.element(self.len() + 1, value);
            reader.note(&node);
            let mut item = T::blank();
            read_table(&mut item, &node, reader);
            require(T::REQUIRED, &node, reader);
            self.push(item);
        }
    }

    fn show(&self) -> Shown {
        let example = T::example();
        Shown::List(example.doc(), example.entries(), T::remarks())
    }
}

fn require(keys: &[&str], node: &Node<'_>, reader: &mut Reader<'_, '_>) {
    let Some(table) = node.value.as_table() else { return };
    for key in keys.iter().filter(|key| !table.contains_key(**key)) {
        let fault = Fault::new(format!("the key {key} is missing"), format!("add a line {key} = …"));
        reader.key_error(join(&node.path, key), &node.span, fault);
    }
}

/// Reads every key of a table; keys that nobody knows are errors.
pub(super) fn read_table(section: &mut dyn Section, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
    match node.value.as_table() {
        Some(table) => read_keys(section, table, &node.path, reader),
        None => reader.error(node, wrong_type(node.value, &format!("write a table: [{}]", node.path))),
    }
}

/// Reads every key of the table at `path`.
pub(super) fn read_keys<'a>(
    section: &mut dyn Section,
    table: &'a DeTable<'a>,
    path: &str,
    reader: &mut Reader<'_, '_>,
) {
    for (key, value) in table {
        let node = Node::new(join(path, key.get_ref()), value);
        match section.slot(key.get_ref()) {
            Some(slot) => slot.read(&node, reader),
            None => {
                let known: Vec<_> = section.entries().iter().map(|e| e.key).collect();
                reader.key_error(node.path, &key.span(), unknown_key(key.get_ref(), path, &known));
            }
        }
    }
}

/// Reads an array of values that are right or wrong one by one; nothing if any is wrong.
pub(super) fn read_array<T>(
    node: &Node<'_>,
    reader: &mut Reader<'_, '_>,
    hint: &str,
    parse: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
) -> Option<Vec<T>> {
    reader.note(node);
    let Some(array) = node.value.as_array() else {
        reader.error(node, wrong_type(node.value, hint));
        return None;
    };
    let element = |(number, value)| {
        let node = node.element(number, value);
        reader.note(&node);
        parse(node.value).map_err(|fault| reader.error(&node, fault)).ok()
    };
    // All of them are read before the first wrong one makes the whole list worthless.
    let elements: Vec<Option<T>> = (1..).zip(array.iter()).map(element).collect();
    elements.into_iter().collect()
}

/// The fault of a value that is no text, or none of the right kind.
pub(super) fn wrong_type(value: &DeValue<'_>, hint: &str) -> Fault {
    Fault::new(format!("is {}", article(value.type_str())), hint)
}

/// The text of a string.
pub(super) fn text<'a>(value: &'a DeValue<'_>, hint: &str) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| wrong_type(value, hint))
}

/// Text in quotes, as TOML wants it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'i']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
