//! The pages of APIBAN's API.
//!
//! Owns: which page is asked for next, and what its answers mean. Refuses: fetching them, and naming the key: it stands in
//! the URL, so nothing here that is shown has it.
//!
//! As its own clients do it (github.com/palner/apiban, clients/go/apiban/apiban.go, November 2023): `GET
//! <root>/<key>/banned/<id>`, beginning with the id 100; an answer is `{"ipaddress": ["192.0.2.1", …], "ID": "1700000000"}`,
//! whose ID is the next page's. The end is the ID `none`, which comes with status 400, or the ID that was asked for. Errors
//! come with 4xx statuses and an ID of `unauthorized`, or `ipaddress` being a sentence such as `rate limit exceeded`.
use serde::Deserialize;
use thiserror::Error;

use super::parse::Parsed;

/// Where the API is, unless it is said otherwise.
pub(super) const ROOT: &str = "https://www.apiban.org/api";
/// The first page.
const FIRST: &str = "100";
/// The most pages; a server that goes on for ever is left.
const PAGES: u32 = 1_000;

/// What an answer of the API came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is another page.
    More,
    /// That was all.
    Done,
}

/// Why the API's answers are of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("APIBAN does not know the key")]
    Key,
    #[error("APIBAN answers fewer requests than were made; a longer `every` makes fewer")]
    TooOften,
    #[error("APIBAN answered status {0}, and nothing that it says of itself")]
    Status(u16),
    #[error("APIBAN's answer is none: {0}")]
    NoAnswer(String),
    #[error("APIBAN has no end: {PAGES} pages were read")]
    Endless,
}

/// A walk through the pages.
pub(super) struct Walk {
    id: String,
    pages: u32,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    ipaddress: Addresses,
    #[serde(rename = "ID", default)]
    id: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Addresses {
    Many(Vec<String>),
    One(String),
}

impl Default for Addresses {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Walk {
    pub(super) fn new() -> Self {
        Self { id: FIRST.to_owned(), pages: 0 }
    }

    /// The page to ask for.
    pub(super) fn url(&self, root: &str, key: &str) -> String {
        format!("{}/{key}/banned/{}", root.trim_end_matches('/'), self.id)
    }

    /// Takes an answer.
    pub(super) fn take(&mut self, status: u16, body: &[u8], parsed: &mut Parsed) -> Result<Step, Refusal> {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| match status {
            200 => Refusal::NoAnswer(error.to_string()),
            status => Refusal::Status(status),
        })?;
        let said = match &answer.ipaddress {
            Addresses::One(sentence) => sentence.as_str(),
            Addresses::Many(list) => list.first().map_or("", String::as_str),
        };
        match answer.id.as_str() {
            _ if said.contains("rate limit") => Err(Refusal::TooOften),
            "unauthorized" => Err(Refusal::Key),
            "none" => Ok(Step::Done),
            _ if status != 200 => Err(Refusal::Status(status)),
            "" => Err(Refusal::NoAnswer("it has no ID".to_owned())),
            _ => self.take_page(answer, parsed),
        }
    }

    fn take_page(&mut self, answer: Answer, parsed: &mut Parsed) -> Result<Step, Refusal> {
        match answer.ipaddress {
            Addresses::Many(list) => list.iter().for_each(|address| parsed.take(address)),
            Addresses::One(address) => parsed.take(&address),
        }
        self.pages += 1;
        // An id becomes part of a path, so it is no more than a number.
        let number = answer.id.bytes().all(|b| b.is_ascii_digit());
        match answer.id == self.id || parsed.overfull {
            true => Ok(Step::Done),
            false if !number => Err(Refusal::NoAnswer("its ID is no number".to_owned())),
            false if self.pages >= PAGES => Err(Refusal::Endless),
            false => {
                self.id = answer.id;
                Ok(Step::More)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(walk: &mut Walk, parsed: &mut Parsed, status: u16, body: &str) -> Result<Step, Refusal> {
        walk.take(status, body.as_bytes(), parsed)
    }

    #[test]
    fn pages_are_followed_to_their_end() {
        let (mut walk, mut parsed) = (Walk::new(), Parsed::up_to(100));
        assert_eq!(walk.url("http://a/api/", "K"), "http://a/api/K/banned/100");
        let page = r#"{"ipaddress":["192.0.2.1","192.0.2.2"],"ID":"1700000000"}"#;
        assert_eq!(take(&mut walk, &mut parsed, 200, page), Ok(Step::More));
        assert_eq!(walk.url("http://a/api", "K"), "http://a/api/K/banned/1700000000");
        let last = r#"{"ipaddress":["no new bans"],"ID":"none"}"#;
        assert_eq!(take(&mut walk, &mut parsed, 400, last), Ok(Step::Done));
        assert_eq!((parsed.prefixes.len(), parsed.unreadable), (2, 0));
        assert_eq!(take(&mut walk, &mut parsed, 200, page), Ok(Step::Done), "the id that was asked for");
    }

    #[test]
    fn errors_are_told_apart() {
        let error = |status, body| take(&mut Walk::new(), &mut Parsed::up_to(9), status, body).unwrap_err();
        assert_eq!(error(403, r#"{"ipaddress":["unauthorized"],"ID":"unauthorized"}"#), Refusal::Key);
        assert_eq!(error(429, r#"{"ipaddress":"rate limit exceeded","ID":"none"}"#), Refusal::TooOften);
        assert_eq!(error(503, "<html>"), Refusal::Status(503));
        assert!(matches!(error(200, "<html>"), Refusal::NoAnswer(_)));
        assert!(matches!(error(200, r#"{"ipaddress":["192.0.2.1"]}"#), Refusal::NoAnswer(_)));
        assert!(matches!(error(200, r#"{"ipaddress":[],"ID":"../x"}"#), Refusal::NoAnswer(_)));
    }

    #[test]
    fn a_server_without_an_end_is_left() {
        let (mut walk, mut parsed) = (Walk::new(), Parsed::up_to(100));
        let end = (0..).map(|n| take(&mut walk, &mut parsed, 200, &format!(r#"{{"ipaddress":[],"ID":"{n}"}}"#)));
        assert_eq!(end.into_iter().find(|step| *step != Ok(Step::More)), Some(Err(Refusal::Endless)));
    }
}
