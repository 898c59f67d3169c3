//! Digests of guesses (RFC 2069, RFC 2617, RFC 7616, RFC 8760).
//!
//! Owns: whether one of some passwords makes a sample's response. Refuses: telling which.
use firewall_common::sip::message::Algorithm;
use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};

use super::sample::{Covers, Sample};

impl Sample {
    /// Whether any of these passwords is the account's; how many were tried is told too.
    pub fn is_any_of<P: AsRef<[u8]>>(&self, guesses: impl Iterator<Item = P>) -> (bool, usize) {
        match self.algorithm {
            Algorithm::Md5 | Algorithm::Md5Sess => Trial::<Md5>::new(self).any(guesses),
            Algorithm::Sha256 | Algorithm::Sha256Sess => Trial::<Sha256>::new(self).any(guesses),
            Algorithm::Sha512T256 | Algorithm::Sha512T256Sess => Trial::<Sha512_256>::new(self).any(guesses),
            Algorithm::Other => (false, 0),
        }
    }
}

/// What is the same for all guesses at a sample.
struct Trial<D> {
    /// A hash into which the user and the realm have gone.
    head: D,
    /// What goes behind the hash of a password where that is good for a session.
    session: Option<Vec<u8>>,
    /// What goes behind the secret.
    tail: Vec<u8>,
    /// What must come out; nothing where the response is of another length.
    wanted: Option<Vec<u8>>,
}

impl<D: Digest + Clone> Trial<D> {
    fn new(sample: &Sample) -> Self {
        let head = D::new().chain_update(&sample.username).chain_update(":").chain_update(&sample.realm);
        let in_session =
            matches!(sample.algorithm, Algorithm::Md5Sess | Algorithm::Sha256Sess | Algorithm::Sha512T256Sess);
        let session = in_session.then(|| joined(&[b"", &sample.nonce, &sample.cnonce]));
        let mut request = D::new().chain_update(&sample.method).chain_update(":").chain_update(&sample.uri);
        if sample.covers == Covers::Body {
            request = request.chain_update(":").chain_update(hexadecimal(&D::digest(&sample.body)));
        }
        let request = hexadecimal(&request.finalize());
        let tail = match sample.covers {
            Covers::Bare => joined(&[b"", &sample.nonce, &request]),
            _ => joined(&[b"", &sample.nonce, &sample.nc, &sample.cnonce, &sample.qop, &request]),
        };
        let wanted = binary(&sample.response).filter(|wanted| wanted.len() == <D as Digest>::output_size());
        Self { head: head.chain_update(":"), session, tail, wanted }
    }

    fn any<P: AsRef<[u8]>>(&self, guesses: impl Iterator<Item = P>) -> (bool, usize) {
        let Some(wanted) = &self.wanted else { return (false, 0) };
        let mut tried = 0;
        for guess in guesses {
            tried += 1;
            if self.response(guess.as_ref()) == *wanted {
                return (true, tried);
            }
        }
        (false, tried)
    }

    fn response(&self, password: &[u8]) -> Vec<u8> {
        let mut secret = hexadecimal(&self.head.clone().chain_update(password).finalize());
        if let Some(session) = &self.session {
            secret = hexadecimal(&D::new().chain_update(&secret).chain_update(session).finalize());
        }
        D::new().chain_update(&secret).chain_update(&self.tail).finalize().to_vec()
    }
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.join(&b':')
}

/// In lower-case digits, as digests have it.
fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

fn binary(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use firewall_common::addr::Addr;
    use firewall_common::sip::message::parse;

    use super::*;
    use crate::audit::Circumstances;
    use crate::engine::input::Via;

    /// The sample of a REGISTER with these credentials.
    pub(in crate::audit) fn sample(method: &str, credentials: &str, body: &str) -> Option<Sample> {
        let text = format!(
            "{method} sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:100@example.org>;tag=f\r\n\
             To: <sip:100@example.org>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\nAuthorization: {credentials}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let message = parse(text.as_bytes()).unwrap();
        let around = Circumstances {
            account: "100",
            method: method.as_bytes(),
            body: message.body,
            nonce_hash: 1,
            source: Addr::from_v4([198, 51, 100, 7]),
            via: Via::Udp,
            md5_only: None,
        };
        let credentials = message.credentials().next().unwrap();
        Sample::of(&credentials, around)
    }

    fn fits(credentials: &str, body: &str, password: &str) -> bool {
        sample("GET", credentials, body).unwrap().is_any_of(["x", password].iter()).0
    }

    /// RFC 7616 §3.9.1 (MD5 and SHA-256), RFC 2617 §3.5.
    #[test]
    fn the_rfcs_examples_come_out() {
        let rfc7616 = |algorithm: &str, response: &str| {
            format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
                 cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\""
            )
        };
        let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        for (algorithm, response) in [("MD5", "8ca523f5e9506fed4657c9700eebdbec"), ("SHA-256", sha256)] {
            let credentials = rfc7616(algorithm, response);
            assert!(fits(&credentials, "", "Circle of Life"), "{algorithm}");
            assert!(!fits(&credentials, "", "circle of life"), "{algorithm}");
        }
        assert!(fits(&rfc7616("SHA-256", &sha256.to_uppercase()), "", "Circle of Life"));
        assert!(
            !fits(&rfc7616("SHA-256", "8ca523f5e9506fed4657c9700eebdbec"), "", "Circle of Life"),
            "of another length"
        );
        let rfc2617 = "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
                       nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, nc=00000001, \
                       cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\"";
        assert!(fits(rfc2617, "", "Circle Of Life"));
    }

    /// Responses by hand, where no RFC has an example.
    #[test]
    fn every_form_of_digest_is_tried() {
        fn of<D: Digest>(text: &str) -> String {
            String::from_utf8(hexadecimal(&D::digest(text))).unwrap()
        }
        fn told<D: Digest + Clone>(algorithm: &str, qop: Option<&str>, body: &str) {
            let session = algorithm.ends_with("-sess");
            let mut secret = of::<D>("100:pbx:s3cret");
            if session {
                secret = of::<D>(&format!("{secret}:n:c"));
            }
            let request = match qop {
                Some("auth-int") => of::<D>(&format!("REGISTER:sip:pbx:{}", of::<D>(body))),
                _ => of::<D>("REGISTER:sip:pbx"),
            };
            let (response, more) = match qop {
                Some(qop) => (
                    of::<D>(&format!("{secret}:n:0000000A:c:{qop}:{request}")),
                    format!(", qop={qop}, nc=0000000A, cnonce=\"c\""),
                ),
                None => (of::<D>(&format!("{secret}:n:{request}")), ", cnonce=\"c\"".to_owned()),
            };
            let credentials = format!(
                "Digest username=\"100\", realm=\"pbx\", nonce=\"n\", uri=\"sip:pbx\", algorithm={algorithm}, \
                 response=\"{response}\"{more}"
            );
            let sample = sample("REGISTER", &credentials, body).unwrap();
            assert_eq!(sample.is_any_of(["a", "s3cret", "b"].iter()), (true, 2), "{credentials}");
            assert_eq!(sample.is_any_of(["a", "b"].iter()), (false, 2));
        }
        for qop in [None, Some("auth"), Some("auth-int")] {
            for session in ["", "-sess"] {
                for body in ["", "v=0\r\n"] {
                    told::<Md5>(&format!("MD5{session}"), qop, body);
                    told::<Sha256>(&format!("SHA-256{session}"), qop, body);
                    told::<Sha512_256>(&format!("SHA-512-256{session}"), qop, body);
                }
            }
        }
    }

    #[test]
    fn what_can_not_be_audited_is_no_sample() {
        let digest = |more: &str| {
            sample("REGISTER", &format!("Digest username=\"100\", realm=\"r\", nonce=\"n\", uri=\"sip:r\"{more}"), "")
        };
        assert!(digest(", response=\"00\"").is_some());
        for more in [
            "",
            ", response=\"00\", algorithm=MD6",
            ", response=\"00\", qop=auth-conf",
            ", response=\"00\", qop=auth, nc=00000001",
            ", response=\"00\", algorithm=MD5-sess",
        ] {
            assert!(digest(more).is_none(), "{more}");
        }
        let long = "x".repeat(300);
        assert!(digest(&format!(", response=\"00\", qop=auth, nc=00000001, cnonce=\"{long}\"")).is_none());
    }

    #[test]
    fn a_sample_does_not_show_its_digest() {
        let credentials = "Digest username=\"100\", realm=\"secretrealm\", nonce=\"secretnonce\", uri=\"sip:r\", \
                           response=\"abcdef0123456789abcdef0123456789\"";
        let said = format!("{:?}", sample("REGISTER", credentials, "").unwrap());
        assert!(said.contains("100") && !said.contains("abcdef") && !said.contains("secret"), "{said}");
    }
}
