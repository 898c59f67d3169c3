//! Devices in the database.
//!
//! Owns: how many are kept, and what follows for one whose firmware is too old. Refuses: writing down who registers (the
//! ledger does).
use firewall_common::addr::Prefix;
use tracing::warn;

use super::Work;
use super::troubles::Part;
use crate::config::{Loaded, Minimum, OldFirmware, Word as _};
use crate::devices::{may_deny, outdated};
use crate::report::device;
use crate::store::{Block, DEVICE_OUTDATED, Learned, Store, StoreError, StoredDevice};

/// How long the findings about a password are kept that nobody confirms: a year.
const AUDITS_MS: i64 = 366 * 24 * 3_600 * 1_000;

/// What a config says about devices.
#[derive(Default)]
pub(super) struct Rules {
    minimums: Vec<Minimum>,
    peers: Vec<Prefix>,
    keep: u32,
    forget: i64,
}

impl Rules {
    pub(super) fn of(loaded: &Loaded) -> Self {
        let devices = loaded.config.devices();
        Self {
            minimums: devices.minimums().to_vec(),
            peers: loaded.peer_prefixes(),
            keep: devices.keep.get(),
            forget: i64::from(devices.forget.seconds()) * 1_000,
        }
    }
}

impl Work {
    /// Looks at devices that are new, or call themselves something else than before.
    pub(super) fn judge_devices(&mut self, ids: &[i64], now: i64) {
        if self.devices.minimums.is_empty() {
            return;
        }
        let Some(store) = &mut self.store else { return };
        let mut judged = Ok(());
        for id in ids {
            judged = judge(store, *id, &self.devices, now).map(|alarm| {
                if alarm.as_ref().is_some_and(|(_, refused)| *refused) {
                    self.upkeep.compare();
                }
                self.ledger.take_alarms(alarm.map(|(alarm, _)| alarm).into_iter().collect());
            });
            if judged.is_err() {
                break;
            }
        }
        self.troubles.note(Part::Devices, judged.err());
    }

    /// Looks at all of them, by a config that says something else than before.
    pub(super) fn judge_all_devices(&mut self, now: i64) {
        if self.devices.minimums.is_empty() {
            return;
        }
        let Some(store) = &self.store else { return };
        let devices = self.troubles.of(Part::Devices, store.devices()).unwrap_or_default();
        let ids: Vec<i64> = devices.iter().filter(|it| it.blocked.is_none()).map(|it| it.id).collect();
        self.judge_devices(&ids, now);
    }

    /// Forgets devices and findings that are old.
    pub(super) fn sweep_devices(&mut self, now: i64) {
        let Some(store) = &mut self.store else { return };
        let pruned = store.prune_devices(self.devices.keep, self.devices.forget, now);
        let pruned = pruned.and_then(|_| store.prune_audits(AUDITS_MS, now));
        self.troubles.note(Part::Devices, pruned.err());
    }
}

/// What follows for one device: an alarm perhaps, and whether it was refused.
fn judge(store: &mut Store, id: i64, rules: &Rules, now: i64) -> Result<Option<(Learned, bool)>, StoreError> {
    let Some(device) = store.device(id)?.filter(|device| device.blocked.is_none()) else { return Ok(None) };
    let Some(minimum) = outdated(&device.announced, &rules.minimums) else { return Ok(None) };
    let why = device::too_old(&device, minimum);
    // Who registers in somebody else's name must not have him kept out.
    let is_own = device.user == device.account.as_bytes();
    let action = if minimum.action == OldFirmware::Refuse && !is_own { OldFirmware::Alarm } else { minimum.action };
    let refuses = action == OldFirmware::Refuse;
    match action {
        OldFirmware::List => return Ok(None),
        OldFirmware::Alarm => warn!("{}: {why}", device::named(&device)),
        OldFirmware::Refuse => refuse(store, &device, rules, &why, now)?,
    }
    let trouble = format!("{why} ({})", action.word());
    Ok(Some((Learned::concern(DEVICE_OUTDATED, &device::named(&device), &trouble, now), refuses)))
}

fn refuse(store: &mut Store, device: &StoredDevice, rules: &Rules, why: &str, now: i64) -> Result<(), StoreError> {
    let deny = may_deny(store, device, &rules.peers, now)?.is_ok();
    warn!("{} is blocked: {why}", device::named(device));
    let block = Block { reason: Some(why.to_owned()), author: None, deny };
    store.block_device(device.id, &block, now).map(drop)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::path::Path;

    use super::*;
    use crate::config::parse_str;
    use crate::engine::command::{Command, Device};
    use crate::engine::input::Via;

    const NOW: i64 = 1_800_000_000_000;

    fn rules(action: &str) -> Rules {
        let config = format!(
            "[[devices.minimum]]\nmodel = \"Yealink*\"\nfirmware = \"66.86.0.15\"\naction = \"{action}\"\n\
             [[peer]]\nname = \"office\"\nprefixes = [\"203.0.113.0/24\"]\n"
        );
        Rules::of(&parse_str("t.toml", &config).unwrap())
    }

    fn store(dir: &Path, address: [u8; 4]) -> Store {
        let mut store = Store::open(dir).unwrap();
        let device = Device {
            account: "100".to_owned(),
            user: b"100".to_vec(),
            instance: String::new(),
            agent: "Yealink SIP-T46S 66.85.0.5".to_owned(),
            address: Ipv4Addr::from(address).into(),
            port: 5_060,
            via: Via::Udp,
            until: NOW + 1_000,
        };
        let learned = Learned::of(Command::Device(Box::new(device)), NOW, 64, |_| None).unwrap();
        assert_eq!(store.record(&[learned]).unwrap().devices, [1]);
        store
    }

    #[test]
    fn what_follows_for_an_old_firmware_is_what_the_config_says() {
        for (action, alarms, blocked) in [("list", false, false), ("alarm", true, false), ("refuse", true, true)] {
            let dir = tempfile::tempdir().unwrap();
            let mut store = store(dir.path(), [198, 51, 100, 7]);
            let judged = judge(&mut store, 1, &rules(action), NOW).unwrap();
            assert_eq!(judged.map(|(_, refused)| refused), alarms.then_some(blocked), "{action}");
            let device = store.device(1).unwrap().unwrap();
            let why = device.blocked.map(|it| (it.reason.unwrap(), it.author, it.denied.is_some()));
            let reason = "firmware 66.85.0.5 is older than 66.86.0.15".to_owned();
            assert_eq!(why, blocked.then_some((reason, None, true)));
            assert_eq!(judge(&mut store, 1, &rules(action), NOW).unwrap().is_some(), alarms && !blocked, "once");
        }
    }

    #[test]
    fn no_peer_is_cut_off_with_a_refused_device() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path(), [203, 0, 113, 9]);
        judge(&mut store, 1, &rules("refuse"), NOW).unwrap();
        let blocked = store.device(1).unwrap().unwrap().blocked.unwrap();
        assert_eq!((blocked.denied, store.blocked_users().unwrap().len()), (None, 1));
    }
}
