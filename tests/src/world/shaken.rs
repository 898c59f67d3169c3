//! Signatures of callers, and whoever vouches for them.
//!
//! Owns: making roots, certificates with lists of numbers, and PASSporTs, good ones and bad. Refuses: verifying.
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

/// id-pe-TNAuthList.
const TN_AUTH_LIST: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 26];

/// A root, or what stands between one and its signers.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
}

/// What a certificate says besides its name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grant<'a> {
    /// The code of a service provider.
    pub provider: Option<&'a str>,
    /// The only number.
    pub number: Option<&'a str>,
    /// Numbers in a row, 100 of them.
    pub range: Option<&'a str>,
    /// Whether it has expired.
    pub expired: bool,
    /// Whether its key is for anything but signatures.
    pub no_signatures: bool,
}

/// Whoever signs.
pub struct Signer {
    key: EcdsaKeyPair,
    /// Its certificate.
    pub pem: String,
}

fn params(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

impl Authority {
    /// A root of its own.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn root(name: &str) -> Result<Self> {
        let key = KeyPair::generate()?;
        let params = authority(name)?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// One for which this one vouches.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn intermediate(&self, name: &str) -> Result<Self> {
        let key = KeyPair::generate()?;
        let params = authority(name)?;
        let pem = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// Whoever signs, with a certificate of this authority.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn signer(&self, name: &str, grant: Grant<'_>) -> Result<Signer> {
        let pair = KeyPair::generate()?;
        let mut params = params(name)?;
        params.key_usages =
            vec![if grant.no_signatures { KeyUsagePurpose::KeyAgreement } else { KeyUsagePurpose::DigitalSignature }];
        if grant.expired {
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        let entries = entries(grant);
        if !entries.is_empty() {
            params.custom_extensions.push(CustomExtension::from_oid_content(TN_AUTH_LIST, tlv(0x30, &entries)));
        }
        let pem = params.signed_by(&pair, &self.issuer)?.pem();
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pair.serialize_der(), &random);
        Ok(Signer { key: key.ok().context("a key of its own making")?, pem })
    }
}

fn authority(name: &str) -> Result<CertificateParams> {
    let mut params = params(name)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

/// DER, of short contents.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap_or(u8::MAX)], content].concat()
}

fn entries(grant: Grant<'_>) -> Vec<u8> {
    let text = |text: &str| tlv(0x16, text.as_bytes());
    let provider = grant.provider.map(|code| tlv(0xa0, &text(code)));
    let range = grant.range.map(|start| tlv(0xa1, &tlv(0x30, &[text(start), tlv(2, &[100])].concat())));
    let number = grant.number.map(|number| tlv(0xa2, &text(number)));
    [provider, range, number].into_iter().flatten().flatten().collect()
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Who calls.
    pub caller: &'a str,
    /// Who is called.
    pub callee: &'a str,
    /// Unix seconds.
    pub issued: i64,
    /// Where the certificate is.
    pub url: &'a str,
    /// Who was called before, in a PASSporT of a diversion.
    pub diverted: Option<&'a str>,
}

impl Signer {
    /// An Identity header's value: of SHAKEN with attestation A, or of a diversion.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn identity(&self, words: Words<'_>) -> Result<String> {
        let ppt = if words.diverted.is_some() { "div" } else { "shaken" };
        let head = json!({ "alg": "ES256", "ppt": ppt, "typ": "passport", "x5u": words.url });
        let mut payload = json!({
            "dest": { "tn": [words.callee] }, "iat": words.issued, "orig": { "tn": words.caller },
        });
        match words.diverted {
            Some(number) => payload["div"] = json!({ "tn": number }),
            None => {
                payload["attest"] = json!("A");
                payload["origid"] = json!("123e4567-e89b-12d3-a456-426655440000");
            }
        }
        self.sign(&head, &payload, words.url, &format!(";alg=ES256;ppt={ppt}"))
    }

    /// The compact form of a plain PASSporT.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn compact(&self, words: Words<'_>) -> Result<String> {
        let head = json!({ "alg": "ES256", "typ": "passport", "x5u": words.url });
        let payload = json!({ "dest": { "tn": [words.callee] }, "iat": words.issued, "orig": { "tn": words.caller } });
        let full = self.sign(&head, &payload, words.url, "")?;
        let signature = full.splitn(3, '.').nth(2).context("three parts")?;
        Ok(format!("..{signature}"))
    }

    /// Any words.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn sign(&self, head: &Value, payload: &Value, url: &str, params: &str) -> Result<String> {
        let [head, payload] = [head, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{head}.{payload}");
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).ok().context("signing")?;
        Ok(format!("{text}.{};info=<{url}>{params}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

/// An INVITE with these Identity headers.
pub fn invite(caller: &str, callee: &str, more: &str, identities: &[String]) -> Vec<u8> {
    let headers: String = identities.iter().map(|value| format!("Identity: {value}\r\n")).collect();
    format!(
        "INVITE sip:{callee}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.20:5060;branch=z9hG4bKs1\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{caller}@carrier.example;user=phone>;tag=a1\r\n\
         To: <sip:{callee}@192.0.2.1;user=phone>\r\nCall-ID: signed@carrier.example\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:198.51.100.20:5060>\r\n{more}{headers}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}
