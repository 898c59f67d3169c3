//! `cargo xtask demo`.
use std::process::ExitCode;

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    if std::path::Path::new(&called).file_name().is_some_and(|name| name == "sipfw") {
        return firewall_userspace::cli::main();
    }
    ExitCode::SUCCESS
}
