//! Digest credentials (RFC 2617, RFC 7616, RFC 8760), for the peers that this crate plays itself.
//!
//! Owns: reading a challenge and answering it, rightly or wrongly. Refuses: messages.
use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use sha2::Sha256;

/// A hash that digests use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// 128 bits.
    Md5,
    /// 256 bits.
    Sha256,
}

impl Hash {
    /// In lower-case hexadecimal digits, as digests have it.
    fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => hexadecimal(&Md5::digest(text)),
            Self::Sha256 => hexadecimal(&Sha256::digest(text)),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// What a server asks to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Whose users.
    pub realm: String,
    /// What the answer must carry.
    pub nonce: String,
    /// The hash.
    pub hash: Hash,
    /// The quality of protection, if any: "auth" or "auth-int".
    pub quality: Option<String>,
    /// Whether only the nonce of the last answer was wrong.
    pub stale: bool,
}

impl Challenge {
    /// The first one of a response that this crate understands.
    pub fn of(response: &str) -> Option<Self> {
        response.lines().filter_map(challenge_line).find_map(Self::parse)
    }

    fn parse(line: &str) -> Option<Self> {
        let hash = match parameter(line, "algorithm") {
            None | Some("MD5") => Hash::Md5,
            Some("SHA-256") => Hash::Sha256,
            Some(_) => return None,
        };
        Some(Self {
            realm: parameter(line, "realm")?.to_owned(),
            nonce: parameter(line, "nonce")?.to_owned(),
            hash,
            quality: parameter(line, "qop").map(|list| list.split(',').next().unwrap_or(list).trim().to_owned()),
            stale: parameter(line, "stale").is_some_and(|word| word.eq_ignore_ascii_case("true")),
        })
    }
}

fn challenge_line(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(':')?;
    let known = ["www-authenticate", "proxy-authenticate"].contains(&name.trim().to_ascii_lowercase().as_str());
    known.then(|| value.trim().strip_prefix("Digest"))?
}

/// The value of a parameter, without its quotation marks.
fn parameter<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.match_indices(name).find_map(|(at, _)| {
        let whole = line[..at].ends_with([' ', ',']);
        let rest = line[at + name.len()..].strip_prefix('=').filter(|_| whole)?;
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split([',', ' ', '\r']).next(),
        }
    })
}

/// Who answers, and what about.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The account.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The request's URI.
    pub uri: &'a str,
    /// The request's body, which `auth-int` protects.
    pub body: &'a str,
    /// How often this nonce has been answered, from 1.
    pub count: u32,
}

impl Answer<'_> {
    /// The value of the Authorization field.
    pub fn to(&self, challenge: &Challenge) -> String {
        self.with(challenge, "c0ffee")
    }

    fn with(&self, challenge: &Challenge, client: &str) -> String {
        let Challenge { realm, nonce, hash, quality, .. } = challenge;
        let Self { user, method, uri, count, .. } = *self;
        let secret = hash.of(&format!("{user}:{realm}:{}", self.password));
        let mut request = format!("{method}:{uri}");
        if quality.as_deref() == Some("auth-int") {
            let _ = write!(request, ":{}", hash.of(self.body));
        }
        let request = hash.of(&request);
        let (response, rest) = match quality {
            Some(qop) => (
                hash.of(&format!("{secret}:{nonce}:{count:08x}:{client}:{qop}:{request}")),
                format!(", qop={qop}, nc={count:08x}, cnonce=\"{client}\""),
            ),
            None => (hash.of(&format!("{secret}:{nonce}:{request}")), String::new()),
        };
        let algorithm = hash.word();
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={algorithm}{rest}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616, 3.9.1.
    #[test]
    fn the_rfcs_examples_come_out() {
        let answer = Answer {
            user: "Mufasa",
            password: "Circle of Life",
            method: "GET",
            uri: "/dir/index.html",
            body: "",
            count: 1,
        };
        let expected = [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ];
        for (algorithm, response) in expected {
            let challenge = Challenge::of(&format!(
                "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"http-auth@example.org\", \
                 qop=\"auth, auth-int\", algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"\r\n"
            ));
            let said = answer.with(&challenge.expect("a challenge"), "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
            assert!(said.contains(&format!("response=\"{response}\"")), "{said}");
        }
    }

    #[test]
    fn the_first_challenge_understood_is_taken() {
        let response = "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"1\", \
                        algorithm=SHA-512-256\r\nWWW-Authenticate: Digest realm=\"a\",nonce=\"2\",algorithm=SHA-256,stale=TRUE\r\n\
                        WWW-Authenticate: Digest realm=\"a\", nonce=\"3\"\r\n\r\n";
        let challenge = Challenge::of(response).expect("a challenge");
        assert_eq!((challenge.nonce.as_str(), challenge.hash, challenge.stale), ("2", Hash::Sha256, true));
        assert_eq!(Challenge::of("SIP/2.0 200 OK\r\n\r\n"), None);
    }
}
