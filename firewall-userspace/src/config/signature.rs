//! Scanners' signatures: which token of which field gives a scanner away.
//!
//! Owns: the keys of `[[signature]]` and the built-in list. Refuses: tokens that the kernel's tokenizer would cut.
use std::fmt;

use firewall_common::sip::signature::{Field, is_token};
use toml::de::DeValue;

use super::problem::Fault;
use super::section::section;
use super::value::{Item, Scalar, quoted, text};

const HINT: &str = "write one token: letters, digits, '-', '_' and '.'";
/// The longest token. The kernel looks at more of a value than this.
const TOKEN_MAX: usize = 64;

/// The built-in signatures.
const DEFAULTS: &[(Field, &str)] = &[
    (Field::UserAgent, "friendly-scanner"),
    (Field::UserAgent, "sipvicious"),
    (Field::UserAgent, "sipcli"),
    (Field::UserAgent, "pplsip"),
    (Field::UserAgent, "VaxSIPUserAgent"),
    (Field::UserAgent, "VaxIPUserAgent"),
    (Field::UserAgent, "sundayddr"),
    (Field::UserAgent, "sip-scan"),
    (Field::UserAgent, "iWar"),
    (Field::UserAgent, "SIVuS"),
    (Field::UserAgent, "Gulp"),
    (Field::UserAgent, "sipv"),
    (Field::UserAgent, "smap"),
    (Field::UserAgent, "friendly-request"),
    (Field::UserAgent, "siparmyknife"),
    (Field::FromDisplay, "sipvicious"),
    (Field::FromHost, "1.1.1.1"),
];

/// A token: what the kernel compares as a whole, without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token, as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for Token {
    fn parse(value: &DeValue<'_>) -> Result<Self, Fault> {
        let token = text(value, HINT)?;
        if token.is_empty() || token.len() > TOKEN_MAX {
            return Err(Fault::new(format!("is not 1 to {TOKEN_MAX} characters long"), HINT));
        }
        match token.chars().find(|c| !u8::try_from(*c).is_ok_and(is_token)) {
            None => Ok(Self(token.to_owned())),
            Some(c) => Err(Fault::new(format!("{c:?} parts tokens, so no token contains it"), HINT)),
        }
    }

    fn text(&self) -> String {
        quoted(&self.0)
    }
}

section! {
    /// A scanner's mark: a request that carries the token in the field is dropped. A value is taken apart into tokens of
    /// letters, digits, "-", "_" and "."; a whole token must match, in upper or lower case.
    Signature {
        /// Where to look: "user-agent", "from-display" (the name before From's address), "from-user", "from-host".
        pub field: Field = Field::UserAgent;
        /// The token.
        pub token: Token = Token(String::new());
    }
}

impl Item for Signature {
    const REQUIRED: &'static [&'static str] = &["field", "token"];

    fn blank() -> Self {
        Self::default()
    }

    fn example() -> Self {
        Self { field: Field::UserAgent, token: Token("sipsak".to_owned()) }
    }

    fn remarks() -> String {
        let lines = defaults().map(|s| format!("    {:<12} {}", s.field.word(), s.token));
        format!("The built-in ones (signature_defaults):\n\n{}", lines.collect::<Vec<_>>().join("\n"))
    }
}

/// The built-in signatures.
pub(super) fn defaults() -> impl Iterator<Item = Signature> {
    DEFAULTS.iter().map(|(field, token)| Signature { field: *field, token: Token((*token).to_owned()) })
}
