//! Numbers in user space: what lists say of them, and which country they belong to.
//!
//! Owns: the lists as the daemon and the command look numbers up in them. Refuses: the kernel's map, which says the same.
use std::sync::Arc;

use firewall_common::number::{Directions, Number, NumberAction};

/// The lists of dialled numbers and of callers, for looking numbers up.
#[derive(Clone, Debug, Default)]
pub struct Numbers {}

/// What a list says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What is done with it.
    pub action: NumberAction,
    /// The name of its class, if it has one.
    pub class: Option<Arc<str>>,
    /// The id of its entry.
    pub id: u32,
}

impl Numbers {
    /// What the longest prefix of `number` says that holds in a direction; `list` as in
    /// [`firewall_common::number::NumberKey`].
    pub fn look(&self, _list: u64, _direction: Directions, _number: Number) -> Option<Listed> {
        None
    }
}

/// The country of an international number: two letters of ISO 3166-1, or a word for what is no country (`satellite`).
pub fn country(_number: Number) -> Option<&'static str> {
    None
}
