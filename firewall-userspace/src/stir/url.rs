//! Where a certificate is said to be.
//!
//! Owns: which addresses are read at all. Refuses: fetching (see [`super::fetch`]).

/// The longest address.
const URL_MAX: usize = 512;

/// An absolute HTTP address without user, query and fragment (ATIS-1000074 §5.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Url(String);

impl Url {
    /// Reads one; otherwise what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "the certificate's address is none that could be fetched";
        if text.len() > URL_MAX || text.contains(['?', '#', '@', '\\']) {
            return Err(WRONG);
        }
        let uri: ureq::http::Uri = text.parse().map_err(|_| WRONG)?;
        let is_http = matches!(uri.scheme_str(), Some("https" | "http"));
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        if is_http && has_host { Ok(Self(text.to_owned())) } else { Err(WRONG) }
    }

    /// The address.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
