//! What can go wrong between user space and the kernel, each with what to do about it.
//!
//! Owns: the errors' sentences, and telling the kernel's codes apart. Refuses: retrying.
use std::io;
use std::path::{Path, PathBuf};

use aya::maps::MapError;
use aya::programs::ProgramError;
use aya::programs::xdp::XdpError;
use firewall_common::media::FLOWS_OF_PORT;
use thiserror::Error;

use crate::store::StoreError;

/// What the data plane's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the data plane.
#[derive(Debug, Error)]
pub enum Error {
    /// The kernel let nobody without the rights do this.
    #[error("not allowed to {doing}: run sipfw as root")]
    NotPermitted {
        /// What was tried.
        doing: String,
    },
    /// No such interface.
    #[error("there is no interface {name}: `ip link` lists those that there are")]
    NoInterface {
        /// The name.
        name: String,
    },
    /// The default route names no interface.
    #[error("there is no default route to take the interface from: name one with --iface or `interface` in the config")]
    NoDefaultRoute,
    /// Another XDP program is there.
    #[error(
        "interface {iface} already has the XDP program {program} (id {id}), which is not sipfw's: remove it \
         (`ip link set dev {iface} xdp off`, or end what attached it) and start again"
    )]
    Foreign {
        /// The interface.
        iface: String,
        /// The program's id.
        id: u32,
        /// The program's name.
        program: String,
    },
    /// A daemon protects the interface already.
    #[error("sipfw already runs on interface {iface} (process {pid}): stop that one first, or use `sipfw reload`")]
    Running {
        /// The interface.
        iface: String,
        /// Its process; 0 when it is not known.
        pid: u32,
    },
    /// An ephemeral daemon holds the link, so nobody else can change its program.
    #[error("interface {iface} is held by an ephemeral sipfw (process {pid}): send that one a SIGHUP to reload")]
    HeldByProcess {
        /// The interface.
        iface: String,
        /// Its process.
        pid: u32,
    },
    /// Nothing is loaded.
    #[error("sipfw is not loaded on interface {iface}: start it with `sipfw run --iface {iface}`")]
    NotLoaded {
        /// The interface.
        iface: String,
    },
    /// What is loaded was pinned by another version.
    #[error(
        "what is loaded on interface {iface} was loaded by another version of sipfw (layout {layout}): restart the daemon \
         with this version, which takes over without a gap"
    )]
    OtherLayout {
        /// The interface.
        iface: String,
        /// The layout of its maps.
        layout: u32,
    },
    /// The directory for pins is on no BPF file system.
    #[error(
        "{path} is not on a BPF file system: mount one (`mount -t bpf bpf /sys/fs/bpf`) or change paths.bpf in the config"
    )]
    NoBpffs {
        /// The directory.
        path: PathBuf,
    },
    /// A directory or file can't be used.
    #[error("cannot use {path}: {source}; check `[paths]` in the config and the rights of that directory")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel had no memory for the maps.
    #[error(
        "the kernel has no memory for the maps ({detail}): lower `[capacity]` in the config, or raise the limit on locked \
         memory (`ulimit -l unlimited`, LimitMEMLOCK=infinity)"
    )]
    NoMemory {
        /// What was refused.
        detail: String,
    },
    /// The kernel refused the program.
    #[error(
        "this kernel ({kernel}) refused program {program}: sipfw needs Linux 6.1 or newer; on one that is, please report this \
         with the following\n{detail}"
    )]
    Refused {
        /// The program.
        program: String,
        /// The kernel's release.
        kernel: String,
        /// What the verifier said, its end.
        detail: String,
    },
    /// The interface took the program in no mode.
    #[error("interface {iface} (MTU {mtu}) takes no XDP program: {detail}; `sipfw doctor` says what stands in the way")]
    NotAttached {
        /// The interface.
        iface: String,
        /// Its MTU.
        mtu: u32,
        /// What the kernel said, mode by mode.
        detail: String,
    },
    /// More entries than a map holds.
    #[error("{wanted} entries do not fit: the kernel's map holds {capacity}; raise {key} in the config")]
    Full {
        /// The key of the config.
        key: &'static str,
        /// How many there are.
        wanted: usize,
        /// How many fit.
        capacity: u32,
    },
    /// More flows than one media port has room for.
    #[error(
        "media port {port} has {FLOWS_OF_PORT} pinholes already, all of them in use: one more of a call that was negotiated stays \
         closed"
    )]
    PortFull {
        /// The port.
        port: u16,
    },
    /// The pinned link belongs to another interface now.
    #[error(
        "what was loaded on interface {iface} is attached to {other} now, since interfaces were renamed: `sipfw unload --iface \
         {iface}` removes it from there; start again after that"
    )]
    Renamed {
        /// The interface's name then.
        iface: String,
        /// Its name now.
        other: String,
    },
    /// An ephemeral run would end what was meant to stay.
    #[error(
        "interface {iface} is already protected by what an earlier run left loaded: `sipfw unload --iface {iface}` removes it; \
         or run without --ephemeral to take over"
    )]
    Permanent {
        /// The interface.
        iface: String,
    },
    /// The database is needed and can't be used.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// What the running policy says of itself is gone.
    #[error("what is known of the running policy is missing ({path}): `sipfw reload` writes it anew")]
    NoPolicy {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that the kernel refused.
    #[error("the kernel refused to {doing}: {detail}")]
    Kernel {
        /// What was tried.
        doing: String,
        /// What the kernel said.
        detail: String,
        /// Its error number.
        errno: Option<i32>,
    },
}

impl Error {
    /// An error that aya reports, while `doing` something.
    pub(super) fn kernel(doing: impl Into<String>, error: &(dyn std::error::Error + 'static)) -> Self {
        let (doing, errno, detail) = (doing.into(), errno(error), chain(error));
        match errno {
            Some(libc::EPERM | libc::EACCES) => Self::NotPermitted { doing },
            Some(libc::ENOMEM) => Self::NoMemory { detail: format!("{doing}: {detail}") },
            _ => Self::Kernel { doing, detail, errno },
        }
    }

    /// An error of a file or directory.
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied && !rustix::process::geteuid().is_root() {
            return Self::NotPermitted { doing: format!("use {}", path.display()) };
        }
        Self::File { path: path.to_owned(), source }
    }
}

/// The system's error number behind an error.
pub(super) fn errno(error: &(dyn std::error::Error + 'static)) -> Option<i32> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(errno) = errno_itself(error) {
            return Some(errno);
        }
        next = error.source();
    }
    None
}

/// Some of aya's errors are transparent: their source is their content's source.
fn errno_itself(error: &(dyn std::error::Error + 'static)) -> Option<i32> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.raw_os_error();
    }
    match error.downcast_ref::<ProgramError>() {
        Some(ProgramError::XdpError(XdpError::NetlinkError(error)) | ProgramError::NetlinkError(error)) => {
            error.raw_os_error()
        }
        Some(ProgramError::IOError(error) | ProgramError::MapError(MapError::IoError(error))) => error.raw_os_error(),
        _ => match error.downcast_ref::<MapError>() {
            Some(MapError::IoError(error)) => error.raw_os_error(),
            _ => None,
        },
    }
}

/// An error and what it stems from, on one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = vec![error.to_string()];
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ")
}

/// Puts errors into words.
pub(super) trait Context<T> {
    /// Names what was tried.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: std::error::Error + 'static> Context<T> for std::result::Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::kernel(doing(), &error))
    }
}

/// Names the file or directory at which it happened.
pub(super) trait AtPath<T> {
    /// Names it.
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|source| Error::file(path, source))
    }
}
