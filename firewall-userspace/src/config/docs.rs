//! The commented default config, from the types' documentation.
//!
//! Owns: its layout. A line `#key = value` is a default that can be taken out of its comment; `# ` begins a remark.
//! Refuses: any sentence about a key (those stand at the fields).
use super::Config;
use super::reader::join;
use super::value::{Doc, Entry, Section, Shown};

const HEAD: &str = "\
# The config of sipfw: /etc/sipfw/sipfw.toml
#
# Every key stands here with its default. To change one, remove the # before it. Files in conf.d/*.toml beside this one
# are read after it, in the order of their names: a key there replaces the one here, and lists of [[peer]],
# [[signature]], [[blocklist]], [[feed]] and the like grow. `sipfw check` says what is wrong with a file; `sipfw reload`
# applies it, or changes nothing.
";

/// The text of a config file that says what the built-in config says, each key in a comment.
pub fn default_file() -> String {
    let mut page = HEAD.to_owned();
    keys(&Config::builtin().entries(), &mut page);
    tables("", &Config::builtin().entries(), &mut page);
    page
}

/// Keys of the table itself come first: behind a header they would belong to that.
fn keys(entries: &[Entry], page: &mut String) {
    for entry in entries {
        if let Shown::Inline(value) = &entry.shown {
            page.push('\n');
            remark(entry.doc, page);
            page.push_str(&format!("#{} = {value}\n", entry.key));
        }
    }
}

fn tables(path: &str, entries: &[Entry], page: &mut String) {
    for entry in entries {
        let path = join(path, entry.key);
        match &entry.shown {
            Shown::Table(doc, inner) => {
                page.push('\n');
                remark(if entry.doc.is_empty() { doc } else { entry.doc }, page);
                page.push_str(&format!("[{path}]\n"));
                keys(inner, page);
                tables(&path, inner, page);
            }
            Shown::List(doc, example, remarks) => list(&path, doc, example, remarks, page),
            Shown::Inline(_) | Shown::Nothing => {}
        }
    }
}

/// A list has no default, so it is shown by an example inside a remark.
fn list(path: &str, doc: Doc, example: &[Entry], remarks: &str, page: &mut String) {
    page.push('\n');
    remark(doc, page);
    page.push_str(&format!("#\n#     [[{path}]]\n"));
    for entry in example {
        let value = match &entry.shown {
            Shown::Inline(value) => value.clone(),
            Shown::Table(_, inner) => inline(inner),
            Shown::List(..) | Shown::Nothing => continue,
        };
        page.extend(entry.doc.iter().map(|line| format!("#     #{line}\n")));
        page.push_str(&format!("#     {} = {value}\n", entry.key));
    }
    if !remarks.is_empty() {
        page.push_str("#\n");
        page.extend(remarks.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n"));
    }
}

/// A table in one line, without the keys that set no limit.
fn inline(entries: &[Entry]) -> String {
    let set = entries.iter().filter_map(|entry| match &entry.shown {
        Shown::Inline(value) if value != "\"none\"" => Some(format!("{} = {value}", entry.key)),
        _ => None,
    });
    format!("{{ {} }}", set.collect::<Vec<_>>().join(", "))
}

fn remark(doc: Doc, page: &mut String) {
    page.extend(doc.iter().map(|line| format!("#{line}\n")));
}
