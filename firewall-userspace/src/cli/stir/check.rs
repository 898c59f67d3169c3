//! `sipfw stir check`: the Identity headers of one message.
//!
//! Owns: reading the message, and saying what was found. Refuses: remembering what it fetched.
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueHint;
use firewall_common::number::Plan;
use firewall_common::sip::message::{parse, parse_head};
use serde_json::json;

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::wrong;
use crate::config::Stir;
use crate::dataplane::clock;
use crate::engine::call::{Attestation, Verdict};
use crate::report::table::pairs;
use crate::report::text::plain;
use crate::stir::{Cache, Claim, Clerk, Done, Fetcher, Finding, Limits, Order, answer, chain, claim};

/// The longest message that is read.
const SIZE_MAX: u64 = 64 << 10;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The file with the message or the header's value; - is standard input
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// As of this time, such as 2026-02-03T14:05:06Z, and not of now
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
    /// The signer's certificate, instead of looking for it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    cert: Option<PathBuf>,
    /// The directory of trusted roots, instead of stir.roots
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    roots: Option<PathBuf>,
    /// Fetch the certificate if it is not here
    #[arg(long)]
    fetch: bool,
}

pub(super) fn perform(args: &Args, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let bytes = read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let claim = claimed(&bytes, &config.numbers().plan())?;
    let now = args.at.map_or_else(|| clock::now().wall_ms.div_euclid(1_000), |at| at.as_second());
    let finding = find(args, config.stir(), &claim, now)?;
    tell(&finding, context)?;
    Ok(Exit::of(finding.identity.verdict == Verdict::Valid))
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(SIZE_MAX).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(SIZE_MAX).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A message, one whose lines end as an editor ends them, or a header's value.
fn claimed(bytes: &[u8], plan: &Plan) -> Result<Claim> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.trim_end().replace("\r\n", "\n").replace('\n', "\r\n") + "\r\n\r\n";
    for message in [bytes, lines.as_bytes()] {
        if let Ok(message) = parse(message).or_else(|_| parse_head(message)) {
            let claim = claim(&message, plan);
            return claim.ok_or_else(|| wrong("the message is no request with an Identity header"));
        }
    }
    let value = text.trim();
    let value = value.split_once(':').filter(|(name, _)| !name.contains(['.', ';'])).map_or(value, |(_, value)| value);
    Claim::of_itself(value.trim())
        .map_err(|why| wrong(format!("this is neither a SIP request nor the value of an Identity header: {why}")))
}

fn find(args: &Args, stir: &Stir, claim: &Claim, now: i64) -> Result<Finding> {
    let roots = super::roots(args.roots.as_deref().unwrap_or(stir.roots.as_path()))?;
    let given = args.cert.as_deref().map(|path| chain(path).with_context(|| format!("cannot read {}", path.display())));
    let given = given.transpose()?;
    let cache = Cache::open(given.is_none().then(|| stir.cache.as_path().to_owned()));
    let limits = Limits { fetch: args.fetch || given.is_some(), keep: i64::MAX, ..stir.limits() };
    let (mut clerk, mut out) = (Clerk::new(stir.rules(), limits, roots, cache), Vec::new());
    clerk.take(Order { ticket: (), claim: claim.clone(), at: now }, now, &mut out);
    while let Some(url) = clerk.next_fetch(now) {
        let got = given.clone().map_or_else(|| Fetcher::new(stir.permitted()).fetch(&url), Ok);
        // What could not be kept was verified all the same.
        let _ = clerk.fetched(&url, got, now, &mut out);
    }
    let done: Option<Done<()>> = out.pop();
    done.map(|done| done.finding).context("nothing was found")
}

fn tell(finding: &Finding, context: &mut Context) -> Result<()> {
    let identity = &finding.identity;
    let answer = answer(identity.verdict);
    if context.out.is_json() {
        return context.out.json(&json!({
            "verdict": identity.verdict, "why": finding.why, "signer": identity.signer,
            "attestation": identity.attestation, "origin": finding.origin, "answer": answer.map(|(status, _)| status),
        }));
    }
    let attestation = identity.attestation.map(|attestation| match attestation {
        Attestation::A => "A: the signer knows the caller, and that he may use the number",
        Attestation::B => "B: the signer knows the caller",
        Attestation::C => "C: the signer knows where the call came in",
    });
    let rows = [
        ("verdict", Some(crate::engine::verdict_word(identity.verdict).to_owned())),
        ("why", Some(finding.why.clone())),
        ("signer", Some(identity.signer.clone()).filter(|signer| !signer.is_empty())),
        ("attestation", attestation.map(str::to_owned)),
        ("origin", finding.origin.clone()),
        ("RFC 8224's answer", answer.map(|(status, phrase)| format!("{status} {phrase}"))),
    ];
    let rows: Vec<_> = rows.into_iter().filter_map(|(name, value)| Some((name, plain(&value?)))).collect();
    context.out.text(pairs(&rows))
}
