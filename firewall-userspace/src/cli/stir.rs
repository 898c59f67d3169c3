//! `sipfw stir`: signatures of callers, and the certificates that are here for them.
//!
//! Owns: the verb. Refuses: verifying (see [`crate::stir`]), and fetching unless it is told to.
mod check;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::wrong;
use crate::config::Stir;
use crate::dataplane::clock;
use crate::report::table::table;
use crate::report::text::{plain, shorten};
use crate::report::time::instant;
use crate::stir::{Cached, Certificate, Roots, certificates, chain};

const EXAMPLES: &str = "\
Examples:
  sipfw stir check invite.txt                   does the caller's signature hold, and why not
  sipfw stir check - --fetch < invite.txt       the same, and fetch the certificate if it is missing
  sipfw stir certs                              the certificates that are here

[stir] in the config says whose signatures are verified, by which roots, and what follows;
docs/stir.md says what that can do.";

/// The widest that a subject and an address are in a table.
const WIDTH: usize = 60;

/// Check signatures of callers (STIR/SHAKEN), and show certificates
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Verify the Identity headers of a message; exit code 1 if they do not hold, 2 if there is nothing to verify
    #[command(after_help = "\
Examples:
  sipfw stir check invite.txt
  sipfw stir check invite.txt --at 2026-02-03T14:05:06Z
  sipfw stir check identity.txt --cert carrier.pem --roots /etc/sipfw/stir/roots

The file has a SIP request, or the value of one Identity header: then whom it is for is not
compared, since nobody is known to call. Without --at, a signature must be of now.")]
    Check(check::Args),
    /// List the certificates that are here, and whether a trusted root vouches for them
    #[command(after_help = "\
Examples:
  sipfw stir certs
  sipfw stir certs --json

They lie in stir.cache: PEM files whose first line is \"# \" and the address.")]
    Certs,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::Check(args) => check::perform(args, context),
        Action::Certs => certs(context),
    }
}

/// The roots of a directory; what is wrong with some is told on standard error.
fn roots(directory: &std::path::Path) -> Result<Roots> {
    let said = || format!("cannot read the trusted roots in {}", directory.display());
    match Roots::read(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(wrong(format!("there is no directory {} with trusted roots", directory.display())))
        }
        roots => {
            let (roots, problems) = roots.with_context(said)?;
            problems.iter().for_each(|problem| eprintln!("sipfw: {problem}"));
            Ok(roots)
        }
    }
}

fn certs(context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let stir = config.stir();
    let directory = stir.cache.as_path();
    let files = certificates(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let roots = Roots::read(stir.roots.as_path()).map(|(roots, _)| roots).unwrap_or_default();
    let now = clock::now().wall_ms.div_euclid(1_000);
    let all: Vec<(Cached, Result<Certificate, String>)> = files
        .into_iter()
        .map(|file| {
            let read = chain(&file.path).map_err(|error| error.to_string());
            let certificate = read.and_then(|pem| Certificate::read(&pem, &roots, now));
            (file, certificate)
        })
        .collect();
    show(&all, stir, context).map(|()| Exit::Yes)
}

fn show(all: &[(Cached, Result<Certificate, String>)], stir: &Stir, context: &mut Context) -> Result<()> {
    if context.out.is_json() {
        let rows = all.iter().map(|(file, certificate)| {
            let good = certificate.as_ref().ok();
            json!({
                "url": file.url, "path": file.path, "written": file.written,
                "subject": good.map(Certificate::subject), "until": good.map(Certificate::until),
                "providers": good.map(Certificate::providers), "trouble": certificate.as_ref().err(),
            })
        });
        return context.out.json(&rows.collect::<Vec<_>>());
    }
    if all.is_empty() {
        return context.out.line(format!("no certificates in {}", stir.cache.as_path().display()));
    }
    let mut table = table(&["ADDRESS", "SUBJECT", "UNTIL", "FETCHED", "TRUSTED"]);
    for (file, certificate) in all {
        let time = |seconds: i64| instant(seconds.saturating_mul(1_000));
        let (subject, until, trusted) = match certificate {
            Ok(good) => (good.subject().to_owned(), time(good.until()), "yes".to_owned()),
            Err(why) => (String::new(), String::new(), format!("no: {why}")),
        };
        let cells = [plain(&file.url), subject].map(|text| shorten(&text, WIDTH));
        table.add_row(cells.into_iter().chain([until, time(file.written), trusted]));
    }
    context.out.line(table)
}
