//! Whose budget a packet is charged to.
//!
//! Owns: the three classes, and one value for each of them. Refuses: how large the budgets are.
use std::ops::{Index, IndexMut};

use firewall_common::copy::Kind;

/// Sources that share a budget. What one class provokes never takes from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Peers, and sources that the operator allowed.
    Trusted,
    /// Registrants.
    Registrant,
    /// Everybody else.
    Stranger,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Trusted, Self::Registrant, Self::Stranger];

    /// The class of a kind. Who was a registrant once is a stranger here: its address is no secret, and may be forged.
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Peer | Kind::Allowed => Self::Trusted,
            Kind::Registrant => Self::Registrant,
            Kind::Stranger | Kind::Known => Self::Stranger,
        }
    }
}

/// One value for each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerClass<T> {
    /// For [`Class::Trusted`].
    pub trusted: T,
    /// For [`Class::Registrant`].
    pub registrant: T,
    /// For [`Class::Stranger`].
    pub stranger: T,
}

impl<T> PerClass<T> {
    /// The value that `make` makes for each class.
    pub fn new(mut make: impl FnMut(Class) -> T) -> Self {
        Self { trusted: make(Class::Trusted), registrant: make(Class::Registrant), stranger: make(Class::Stranger) }
    }

    /// All three.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.trusted, &self.registrant, &self.stranger].into_iter()
    }
}

impl<T> Index<Class> for PerClass<T> {
    type Output = T;

    fn index(&self, class: Class) -> &T {
        match class {
            Class::Trusted => &self.trusted,
            Class::Registrant => &self.registrant,
            Class::Stranger => &self.stranger,
        }
    }
}

impl<T> IndexMut<Class> for PerClass<T> {
    fn index_mut(&mut self, class: Class) -> &mut T {
        match class {
            Class::Trusted => &mut self.trusted,
            Class::Registrant => &mut self.registrant,
            Class::Stranger => &mut self.stranger,
        }
    }
}
