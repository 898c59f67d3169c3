//! Bringing a list here: from a file or over HTTP.
//!
//! Owns: every request, and the bounds on their time, size and redirects. Refuses: reading what it brought, and showing
//! a URL that has a key in it.
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use thiserror::Error;
use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};

use super::apiban::{ROOT, Refusal, Step, Walk};
use super::parse::{Parsed, parse};
use super::spec::{Format, ListSpec, Location};
use crate::store::Validators;

/// The largest list.
const SIZE_MAX: u64 = 16 << 20;
/// The longest that a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const REDIRECTS_MAX: u32 = 5;
/// The longest key of APIBAN's API, in bytes.
const KEY_MAX: u64 = 256;

/// What a look came to.
#[derive(Debug)]
pub(super) enum Got {
    /// The list is as it was.
    Same,
    /// Another version.
    New(Parsed, Validators),
}

/// Why a list could not be brought here.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("cannot read {path}: {source}")]
    File { path: String, source: io::Error },
    #[error("{0} is larger than the {size} MiB that a list may have", size = SIZE_MAX >> 20)]
    TooLarge(String),
    #[error("{host} does not answer as it should: {source}")]
    Http { host: String, source: ureq::Error },
    #[error("{host} answered {status}")]
    Status { host: String, status: StatusCode },
    #[error(transparent)]
    Apiban(#[from] Refusal),
    #[error("{0} holds no key: one line of letters, digits, `-` and `_`")]
    Key(String),
    #[error("the list is of APIBAN's form, and key_file names no file with the key of its API")]
    NoKey,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// One request, redirects and all.
    pub request: Duration,
    /// Between two pages of one list, so that a server that counts requests has no reason to refuse them.
    pub pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { request: Duration::from_secs(60), pause: Duration::from_secs(1) }
    }
}

/// Whoever fetches.
pub struct Fetcher {
    agent: Agent,
    pause: Duration,
}

impl Fetcher {
    /// One that keeps to this pace.
    pub fn new(pace: Pace) -> Self {
        // The system's certificates, so that a company's own authority counts.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .timeout_global(Some(pace.request))
            .timeout_connect(Some(CONNECT_MAX))
            .max_redirects(REDIRECTS_MAX)
            .http_status_as_error(false)
            .user_agent(concat!("sipfw/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Self { agent: config.into(), pause: pace.pause }
    }

    /// Looks at a list whose last version had these validators.
    pub(super) fn fetch(&self, spec: &ListSpec, known: &Validators) -> Result<Got, FetchError> {
        match (&spec.location, spec.format) {
            (Location::File(path), _) => from_file(path, spec, known),
            (Location::Url(root), Format::Apiban) => self.ask_apiban(root, spec),
            (Location::Url(url), _) => self.ask(url, spec, known),
        }
    }

    fn ask(&self, url: &str, spec: &ListSpec, known: &Validators) -> Result<Got, FetchError> {
        let answer = self.get(url, known)?;
        match answer.status {
            StatusCode::NOT_MODIFIED => Ok(Got::Same),
            StatusCode::OK => Ok(Got::New(parse(&answer.body, spec.format, spec.max_entries), answer.validators)),
            status => Err(FetchError::Status { host: host(url), status }),
        }
    }

    /// All pages each time: the API tells what is new, but never what was taken off.
    fn ask_apiban(&self, root: &str, spec: &ListSpec) -> Result<Got, FetchError> {
        let key = key(spec.key_file.as_deref().ok_or(FetchError::NoKey)?)?;
        let (mut walk, mut parsed) = (Walk::new(), Parsed::up_to(spec.max_entries));
        loop {
            let answer = self.get(&walk.url(root, &key), &Validators::default())?;
            match walk.take(answer.status.as_u16(), &answer.body, &mut parsed)? {
                Step::Done => return Ok(Got::New(parsed, Validators::default())),
                Step::More => std::thread::sleep(self.pause),
            }
        }
    }

    fn get(&self, url: &str, known: &Validators) -> Result<Answer, FetchError> {
        let failed = |source| match source {
            ureq::Error::BodyExceedsLimit(_) => FetchError::TooLarge(host(url)),
            source => FetchError::Http { host: host(url), source: without_url(source) },
        };
        let mut request = self.agent.get(url);
        for (name, value) in [(header::IF_NONE_MATCH, &known.etag), (header::IF_MODIFIED_SINCE, &known.modified)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        // Who asks by HTTPS is not sent on to HTTP.
        let request = request.config().https_only(url.starts_with("https:")).build();
        let mut response = request.call().map_err(failed)?;
        let body = response.body_mut().with_config().limit(SIZE_MAX).read_to_vec().map_err(failed)?;
        Ok(Answer { status: response.status(), validators: validators(response.headers()), body })
    }
}

struct Answer {
    status: StatusCode,
    validators: Validators,
    body: Vec<u8>,
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Validators { etag: text(header::ETAG), modified: text(header::LAST_MODIFIED) }
}

/// Errors that quote the URL may quote a key.
fn without_url(error: ureq::Error) -> ureq::Error {
    match error {
        ureq::Error::BadUri(_) => ureq::Error::BadUri("the URL".to_owned()),
        ureq::Error::RequireHttpsOnly(_) => ureq::Error::RequireHttpsOnly("the server's redirect".to_owned()),
        error => error,
    }
}

/// The part of a URL that may be shown.
fn host(url: &str) -> String {
    let rest = url.split("://").nth(1).unwrap_or_default();
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

fn from_file(path: &Path, spec: &ListSpec, known: &Validators) -> Result<Got, FetchError> {
    let failed = |source| FetchError::File { path: path.display().to_string(), source };
    let file = open(path).map_err(failed)?;
    let version = version(&file).map_err(failed)?;
    if version.is_some() && version == known.modified {
        return Ok(Got::Same);
    }
    let mut bytes = Vec::new();
    file.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(FetchError::TooLarge(path.display().to_string()));
    }
    Ok(Got::New(parse(&bytes, spec.format, spec.max_entries), Validators { etag: None, modified: version }))
}

/// A pipe or a device would be waited for without end.
fn open(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() { File::open(path) } else { Err(io::Error::other("it is no regular file")) }
}

/// What changes when a file is written: its time and its size.
fn version(file: &File) -> io::Result<Option<String>> {
    let meta = file.metadata()?;
    let time = meta.modified()?.duration_since(UNIX_EPOCH).ok();
    Ok(time.map(|time| format!("{}-{}", time.as_nanos(), meta.len())))
}

/// It becomes a part of a path.
fn key(path: &Path) -> Result<String, FetchError> {
    let name = || path.display().to_string();
    let mut text = String::new();
    let read = open(path).and_then(|file| file.take(KEY_MAX).read_to_string(&mut text));
    read.map_err(|source| FetchError::File { path: name(), source })?;
    let key = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if key.is_empty() || !key.chars().all(plain) { Err(FetchError::Key(name())) } else { Ok(key.to_owned()) }
}

impl ListSpec {
    /// Where APIBAN's API is.
    pub(crate) fn apiban() -> Location {
        Location::Url(ROOT.to_owned())
    }
}
