//! Certificates that nobody signed but themselves.
//!
//! Owns: making one with openssl. Refuses: anybody's trust.
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::process::output;

/// A key and its certificate, each in a file.
pub(super) struct Certificate {
    pub(super) key: PathBuf,
    pub(super) cert: PathBuf,
}

/// Makes one for these addresses in a directory.
pub(super) fn make(dir: &Path, addresses: &[IpAddr]) -> Result<Certificate> {
    let [key, cert] = ["edge.key", "edge.crt"].map(|name| dir.join(name));
    let names: Vec<String> = addresses.iter().map(|address| format!("IP:{address}")).collect();
    let names = format!("subjectAltName={}", names.join(","));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=edge", "-addext", &names, "-keyout"]).arg(&key).arg("-out").arg(&cert);
    output(&mut openssl)?;
    Ok(Certificate { key, cert })
}
