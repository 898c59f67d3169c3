//! Devices, told to people.
//!
//! Owns: their sentences, their table, and one device at length. Refuses: judging them.
use comfy_table::Table;

use super::table::{self, pairs};
use super::text::{plain, shorten};
use super::time::{end, instant, span};
use crate::config::Minimum;
use crate::devices::outdated;
use crate::entries::prefix_text;
use crate::store::StoredDevice;

/// The widest that an account or a model is shown.
const WIDEST: usize = 32;

/// A device in a sentence: `device 7 (Yealink T46S, account 100)`.
pub(crate) fn named(device: &StoredDevice) -> String {
    let product = device.announced.product();
    let product = if product.is_empty() { "of no known make" } else { &product };
    format!("device {} ({}, account {})", device.id, shorten(&plain(product), WIDEST), account(device))
}

fn account(device: &StoredDevice) -> String {
    shorten(&plain(&device.account), WIDEST)
}

/// Why a device is out of date.
pub(crate) fn too_old(device: &StoredDevice, minimum: &Minimum) -> String {
    let has = device.announced.firmware.as_deref().unwrap_or("none");
    let least = minimum.firmware.version().map(ToString::to_string).unwrap_or_default();
    format!("firmware {} is older than {}", shorten(&plain(has), WIDEST), plain(&least))
}

/// Devices in their order.
pub(crate) fn table(devices: &[StoredDevice], minimums: &[Minimum], now: i64) -> Table {
    let mut table = table::table(&[">ID", "ACCOUNT", "DEVICE", "FIRMWARE", "ADDRESS", "VIA", "SEEN", "ENDS", "STATE"]);
    for device in devices {
        let product = device.announced.product();
        let what = if product.is_empty() { &device.agent } else { &product };
        table.add_row([
            device.id.to_string(),
            account(device),
            said(what),
            said(device.announced.firmware.as_deref().unwrap_or_default()),
            device.address.to_string(),
            plain(&device.transport),
            format!("{} ago", span(now.saturating_sub(device.seen))),
            end(Some(device.until), now),
            state(device, minimums).to_owned(),
        ]);
    }
    table
}

fn said(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { shorten(&plain(text), WIDEST) }
}

/// In a word: `blocked`, `outdated`, or nothing.
pub(crate) fn state(device: &StoredDevice, minimums: &[Minimum]) -> &'static str {
    match (&device.blocked, outdated(&device.announced, minimums)) {
        (Some(_), _) => "blocked",
        (None, Some(_)) => "outdated",
        (None, None) => "",
    }
}

/// All that is known of a device.
pub(crate) fn story(device: &StoredDevice, minimums: &[Minimum], now: i64) -> String {
    let text = |text: &Option<String>| said(text.as_deref().unwrap_or_default());
    let mut facts = vec![
        ("account", plain(&device.account)),
        ("calls itself", if device.agent.is_empty() { "-".to_owned() } else { plain(&device.agent) }),
        ("vendor", text(&device.announced.vendor)),
        ("model", text(&device.announced.model)),
        ("firmware", text(&device.announced.firmware)),
        ("address", format!("{} port {} over {}", device.address, device.port, plain(&device.transport))),
        ("first seen", instant(device.first)),
        ("last seen", format!("{} ({} ago)", instant(device.seen), span(now.saturating_sub(device.seen)))),
        ("registration", format!("{} ({})", instant(device.until), end(Some(device.until), now))),
    ];
    if let Some(minimum) = outdated(&device.announced, minimums) {
        facts.push(("outdated", too_old(device, minimum)));
    }
    facts.extend(device.blocked.iter().flat_map(|blocked| {
        let by = blocked.author.as_ref().map_or_else(|| "the firewall".to_owned(), |author| plain(author));
        let why = blocked.reason.as_ref().map_or_else(String::new, |reason| format!(": {}", plain(reason)));
        let address =
            blocked.denied.map_or_else(|| "not denied with it".to_owned(), |it| format!("{} denied", prefix_text(it)));
        [("blocked", format!("since {} by {by}{why}", instant(blocked.since))), ("its address", address)]
    }));
    format!("device {}\n{}", device.id, pairs(&facts))
}
