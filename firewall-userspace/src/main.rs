//! `sipfw`: the daemon and the command.
use std::process::ExitCode;

fn main() -> ExitCode {
    firewall_userspace::cli::main()
}
