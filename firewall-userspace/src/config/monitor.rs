//! Which stages only judge.
//!
//! Owns: the value of `monitor`. Refuses: stages that drop nothing, since watching them changes nothing.
use firewall_common::reason::Stage;

use super::reader::{Node, Reader};
use super::value::{Scalar, Shown, Value, read_array};
use super::word::Set;

const HINT: &str = "write true, false, or a list of stages such as [\"signature\", \"limit\"]";

/// The stages whose verdicts are counted and logged, but not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Monitor(Option<Set<Stage>>);

impl Monitor {
    /// The reasons for a drop that are not enforced, as bits.
    pub fn bits(&self) -> u64 {
        self.stages().fold(0, |bits, stage| bits | stage.drop_bits())
    }

    /// The stages that are not enforced.
    pub fn stages(&self) -> impl Iterator<Item = Stage> {
        self.0.iter().flat_map(Set::iter)
    }

    /// Whether nothing at all is enforced.
    pub fn is_all(&self) -> bool {
        self.0 == Some(Set::all())
    }
}

impl Value for Monitor {
    fn read(&mut self, node: &Node<'_>, reader: &mut Reader<'_, '_>) {
        if let Some(all) = node.value.as_bool() {
            reader.note(node);
            self.0 = all.then(Set::all);
        } else if let Some(stages) = read_array(node, reader, HINT, Scalar::parse) {
            self.0 = Set::of(&stages);
        }
    }

    fn show(&self) -> Shown {
        Shown::Inline(match &self.0 {
            None => "false".to_owned(),
            Some(_) if self.is_all() => "true".to_owned(),
            Some(stages) => stages.text(),
        })
    }
}
