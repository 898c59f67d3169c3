//! Attaching a program to an interface, and replacing one that is attached.
//!
//! Owns: the choice of mode and of the program (one buffer or several), and the guarantee that it is held by a link, which
//! can be pinned and replaced in one step. Refuses: detaching anybody else's program.
use std::path::Path;

use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::xdp::{XdpLink, XdpMode};
use aya::programs::{ProgramError, Xdp, loaded_links, loaded_programs};
use firewall_common::maps::program;

use super::error::{Context as _, Error, Result, chain, errno};
use super::generation::Draft;
use super::instance::AttachMode;
use super::netdev::{self, Device};

/// How a program came to be attached.
#[derive(Debug)]
pub(super) struct Manner {
    pub(super) mode: AttachMode,
    /// The program's name.
    pub(super) program: &'static str,
    /// What was tried before, and why it did not go.
    pub(super) not_native: Option<String>,
}

impl Manner {
    pub(super) fn frags(&self) -> bool {
        self.program == program::INGRESS_FRAGS
    }
}

/// Attaches to an interface that nobody has attached to: natively in one buffer, natively in several, or generically.
pub(super) fn attach(draft: &mut Draft, device: &Device) -> Result<(FdLink, Manner)> {
    let mut refusals = Vec::new();
    for (mode, name) in candidates(device, None) {
        if name == program::INGRESS_FRAGS && !may_have_frags(&refusals) {
            continue;
        }
        let program = draft.program(name)?;
        match create_link(program, device, mode) {
            Ok(link) => return Ok((link, Manner { mode, program: name, not_native: summary(mode, &refusals) })),
            Err(error) if is_final(&error) => return Err(refused(device, &error)),
            Err(error) => refusals.push(Refusal { mode, name, errno: errno(&error), text: chain(&error) }),
        }
    }
    Err(not_attached(device, &refusals))
}

/// Puts a program in the place of the one that the pinned link holds. The mode stays.
pub(super) fn replace(draft: &mut Draft, link: &Path, device: &Device, mode: AttachMode) -> Result<Manner> {
    let mut refusals = Vec::new();
    for (mode, name) in candidates(device, Some(mode)) {
        let program = draft.program(name)?;
        match update_link(program, link) {
            Ok(()) => return Ok(Manner { mode, program: name, not_native: None }),
            Err(error) => refusals.push(Refusal { mode, name, errno: errno(&error), text: chain(&error) }),
        }
    }
    Err(not_attached(device, &refusals))
}

/// The name of a loaded program.
pub(super) fn program_name(id: u32) -> String {
    let name =
        |info: aya::programs::ProgramInfo| (info.id() == id).then(|| info.name_as_str().unwrap_or("?").to_owned());
    loaded_programs().filter_map(std::result::Result::ok).find_map(name).unwrap_or_else(|| "?".to_owned())
}

struct Refusal {
    mode: AttachMode,
    name: &'static str,
    errno: Option<i32>,
    text: String,
}

/// Packets in several buffers are declared only where one buffer does not do, and never on a loopback or in generic mode:
/// kernel panics were reported for both.
fn candidates(device: &Device, only: Option<AttachMode>) -> Vec<(AttachMode, &'static str)> {
    let mut all = vec![(AttachMode::Native, program::INGRESS)];
    if device.name != "lo" {
        all.push((AttachMode::Native, program::INGRESS_FRAGS));
    }
    all.push((AttachMode::Generic, program::INGRESS));
    all.retain(|(mode, _)| only.is_none_or(|only| only == *mode));
    all
}

/// A driver without XDP needs not be asked twice.
fn may_have_frags(refusals: &[Refusal]) -> bool {
    !refusals.iter().any(|refusal| refusal.errno == Some(libc::EOPNOTSUPP))
}

fn create_link(program: &mut Xdp, device: &Device, mode: AttachMode) -> std::result::Result<FdLink, ProgramError> {
    let flags = match mode {
        AttachMode::Native => XdpMode::Driver,
        AttachMode::Generic => XdpMode::Skb,
    };
    let id = program.attach_to_if_index(device.index, flags)?;
    let link = program.take_link(id)?;
    // aya falls back in silence to an attachment without a link, which nobody could replace in one step. Dropping it
    // detaches.
    if has_link(program)? { FdLink::try_from(link).map_err(|_| no_link()) } else { Err(no_link()) }
}

fn has_link(program: &Xdp) -> std::result::Result<bool, ProgramError> {
    let id = program.info()?.id();
    Ok(loaded_links().filter_map(std::result::Result::ok).any(|link| link.program_id() == id))
}

fn no_link() -> ProgramError {
    std::io::Error::from_raw_os_error(libc::EINVAL).into()
}

/// The file descriptor that the pin gives is a second one: closing it when the update fails detaches nothing.
fn update_link(program: &mut Xdp, link: &Path) -> std::result::Result<(), ProgramError> {
    let other = |error: aya::programs::links::LinkError| match error {
        aya::programs::links::LinkError::SyscallError(error) => ProgramError::SyscallError(error),
        _ => no_link(),
    };
    let link = XdpLink::try_from(FdLink::from(PinnedLink::from_pin(link).map_err(other)?)).map_err(other)?;
    let id = program.attach_to_link(link)?;
    program.take_link(id).map(drop)
}

/// Errors that another mode would meet too.
fn is_final(error: &ProgramError) -> bool {
    matches!(errno(error), Some(libc::EBUSY | libc::EEXIST | libc::EPERM | libc::ENOMEM | libc::ENODEV))
}

fn refused(device: &Device, error: &ProgramError) -> Error {
    let now = netdev::find(&device.name).ok().flatten();
    match (errno(error), now.and_then(|device| device.xdp)) {
        (Some(libc::EBUSY | libc::EEXIST), Some(xdp)) => {
            Error::Foreign { iface: device.name.clone(), id: xdp.program_id, program: program_name(xdp.program_id) }
        }
        (Some(libc::ENODEV), _) => Error::NoInterface { name: device.name.clone() },
        _ => Error::kernel(format!("attach to interface {}", device.name), error),
    }
}

fn summary(mode: AttachMode, refusals: &[Refusal]) -> Option<String> {
    (mode == AttachMode::Generic && !refusals.is_empty()).then(|| told(refusals))
}

fn not_attached(device: &Device, refusals: &[Refusal]) -> Error {
    Error::NotAttached { iface: device.name.clone(), mtu: device.mtu, detail: told(refusals) }
}

fn told(refusals: &[Refusal]) -> String {
    let tell = |refusal: &Refusal| {
        let buffers = if refusal.name == program::INGRESS_FRAGS { " in several buffers" } else { "" };
        format!("{}{buffers}: {}", refusal.mode.word(), refusal.text)
    };
    refusals.iter().map(tell).collect::<Vec<_>>().join("; ")
}

/// The id of the program that a pinned link holds.
pub(super) fn linked_program(link: &Path) -> Result<u32> {
    let doing = || format!("read the link {}", link.display());
    let pinned = PinnedLink::from_pin(link).doing(doing)?;
    FdLink::from(pinned).info().map(|info| info.program_id()).doing(doing)
}

/// Unpins a link and lets go of it. It is detached when this returns: with the pin alone removed that would happen some
/// time later.
pub(super) fn detach(link: &Path) -> Result<()> {
    let pinned = PinnedLink::from_pin(link).doing(|| format!("open the link {}", link.display()))?;
    pinned.unpin().map(drop).map_err(|error| Error::file(link, error))
}

/// The link of an ephemeral instance: it ends with the process that holds it.
pub(super) struct Held {
    _keep: FdLink,
    /// A second descriptor of the same link, to pin it by: a descriptor that fails to be pinned is lost.
    spare: Option<FdLink>,
}

impl Held {
    /// Holds a link; `path` is where it is pinned for a moment.
    pub(super) fn new(link: FdLink, path: &Path) -> Result<Self> {
        let keep = pin(link, path)?;
        let spare = reopen(path);
        let keep = keep.unpin().map_err(|error| Error::file(path, error))?;
        Ok(Self { _keep: keep, spare: Some(spare?) })
    }

    /// Has the link pinned at `path` while `change` runs.
    pub(super) fn while_pinned<T>(&mut self, path: &Path, change: impl FnOnce() -> Result<T>) -> Result<T> {
        let spare = self.spare.take().ok_or_else(|| Error::Kernel {
            doing: "replace the program".to_owned(),
            detail: "an earlier attempt failed half-way; restart sipfw".to_owned(),
            errno: None,
        })?;
        drop(pin(spare, path)?);
        let result = change();
        self.spare = reopen(path).ok();
        super::place::remove_file(path)?;
        result
    }
}

/// Pins a link.
pub(super) fn pin(link: FdLink, path: &Path) -> Result<PinnedLink> {
    link.pin(path).doing(|| format!("pin the link at {}", path.display()))
}

fn reopen(path: &Path) -> Result<FdLink> {
    PinnedLink::from_pin(path).map(FdLink::from).doing(|| format!("open the link {}", path.display()))
}
