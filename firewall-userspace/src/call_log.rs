//! What the call log makes of parties: by which key they are found, which country they are in, what of them is masked, and what
//! calls to them cost.
//!
//! Owns: these. Refuses: following calls (the engine does), and the database.
mod party;
mod rates;

pub use party::{Numbering, Side};
pub use rates::{Cost, Rate, Rates};
