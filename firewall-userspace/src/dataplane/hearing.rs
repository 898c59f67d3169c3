//! Hearing what our side sends: the program on the interface's way out, beside the one on its way in.
//!
//! Owns: its link, which is pinned, replaced and held like the other one, and the switch by which responses are judged only
//! while it is there. Refuses: failing: a kernel that knows no such links (TCX, Linux 6.6) leaves the firewall as it was.
use std::path::Path;

use aya::maps::{Array, MapData};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::tc::{SchedClassifierLink, TcAttachOptions};
use aya::programs::{LinkOrder, ProgramError, TcAttachType};
use firewall_common::maps;
use firewall_common::policy::SWITCH_RESPONSES;

use super::attach::{Held, detach, pin};
use super::clock;
use super::error::{AtPath as _, Context as _, Error, Result, chain};
use super::generation::Draft;
use super::maps::open;
use super::netdev::Device;
use super::place::Place;

/// What became of it.
pub(super) struct Hearing {
    /// The link of an ephemeral instance.
    pub(super) held: Option<Held>,
    /// Why it is not attached, where it is not.
    pub(super) refused: Option<Error>,
}

impl Hearing {
    const fn of(held: Option<Held>) -> Self {
        Self { held, refused: None }
    }

    /// A sentence for whoever started the firewall.
    pub(super) fn warning(&self) -> Option<String> {
        let error = self.refused.as_ref()?;
        Some(format!(
            "what this host sends can't be heard, which takes Linux 6.6: responses are not judged, and failed logins are \
             learned from feeds alone ({})",
            chain(error)
        ))
    }
}

/// Begins to hear, or goes on with a new generation's program where `left`, an earlier run's link, is alive.
pub(super) fn begin(
    place: &Place,
    draft: &mut Draft,
    left: Option<&Path>,
    device: &Device,
    ephemeral: bool,
) -> Hearing {
    if let Some(old) = left.filter(|old| old.exists()) {
        match replace(draft, old).and_then(|()| move_link(old, &place.egress_link())) {
            Ok(()) => return settled(draft, Ok(None)),
            // The interface was made anew, or the link is none of this kind: a new one does.
            Err(_) => drop(detach(old)),
        }
    }
    let attached = attach(draft, device).and_then(|link| keep(place, link, ephemeral));
    settled(draft, attached)
}

/// Goes on with another generation's program; `held` is the link of an ephemeral instance.
pub(super) fn go_on(
    place: &Place,
    draft: &mut Draft,
    held: Option<&mut Held>,
    device: &Device,
    ephemeral: bool,
) -> Hearing {
    let replaced = match held {
        Some(held) => {
            let path = place.held_egress_link();
            held.while_pinned(&path, || replace(draft, &path))
        }
        None if ephemeral => Err(unheard()),
        None if place.egress_link().exists() => replace(draft, &place.egress_link()),
        // It was refused at the start; perhaps what stood in the way is gone.
        None => attach(draft, device).and_then(|link| pin(link, &place.egress_link())).map(drop),
    };
    settled(draft, replaced.map(|()| None))
}

fn unheard() -> Error {
    let detail = "it was refused when the firewall was started".to_owned();
    Error::Kernel { doing: "hear what is sent".to_owned(), detail, errno: None }
}

fn settled(draft: &Draft, attached: Result<Option<Held>>) -> Hearing {
    let judged = attached.and_then(|held| judge_responses(draft, true).map(|()| held));
    match judged {
        Ok(held) => Hearing::of(held),
        Err(error) => {
            // Nobody notes whom our side calls, so nobody's responses may be judged by it.
            let _ = judge_responses(draft, false);
            Hearing { held: None, refused: Some(error) }
        }
    }
}

fn move_link(old: &Path, new: &Path) -> Result<()> {
    if old == new { Ok(()) } else { std::fs::rename(old, new).at(old) }
}

fn keep(place: &Place, link: FdLink, ephemeral: bool) -> Result<Option<Held>> {
    if ephemeral {
        return Held::new(link, &place.held_egress_link()).map(Some);
    }
    pin(link, &place.egress_link()).map(|_| None)
}

/// In front of all others: what they let by or drop has been heard, and a program behind ours decides as before.
fn attach(draft: &mut Draft, device: &Device) -> Result<FdLink> {
    let doing = || format!("attach to what interface {} sends", device.name);
    let program = draft.egress()?;
    let order = TcAttachOptions::TcxOrder(LinkOrder::first());
    let id = program.attach_with_options(&device.name, TcAttachType::Egress, order).doing(doing)?;
    let link = program.take_link(id).doing(doing)?;
    FdLink::try_from(link).doing(doing)
}

fn replace(draft: &mut Draft, link: &Path) -> Result<()> {
    let doing = || format!("replace the program of {}", link.display());
    let pinned = FdLink::from(PinnedLink::from_pin(link).doing(doing)?);
    let link = SchedClassifierLink::try_from(pinned).doing(doing)?;
    let update = |program: &mut aya::programs::SchedClassifier| -> std::result::Result<(), ProgramError> {
        let id = program.attach_to_link(link)?;
        // The file descriptor that the pin gave is a second one: closing it detaches nothing.
        program.take_link(id).map(drop)
    };
    update(draft.egress()?).doing(doing)
}

/// Whom our side called before it was heard may still answer, so judging begins when their time is over.
fn judge_responses(draft: &Draft, heard: bool) -> Result<()> {
    let doing = || "switch the judging of responses".to_owned();
    let mut switches: Array<MapData, u64> = open(&draft.dir(), maps::SWITCHES)?;
    let since = switches.get(&SWITCH_RESPONSES, 0).doing(doing)?;
    let soonest = clock::now().mono_ns + draft.called_for;
    let new = match (heard, since) {
        (false, _) => 0,
        // Where a source has another width, the notes are under other names.
        (true, since) if since == 0 || !draft.same_sources => since.max(soonest),
        (true, since) => since,
    };
    if new == since { Ok(()) } else { switches.set(SWITCH_RESPONSES, new, 0).doing(doing) }
}
