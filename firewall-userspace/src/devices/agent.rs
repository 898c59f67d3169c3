//! User-Agents, taken apart.
//!
//! Owns: which vendor writes how. The table's entries are examples of what is common; whoever is not in it is known by name
//! and version if it writes `Name/1.2` or `Name 1.2`. Refuses: believing it.
use serde::Serialize;

/// What a device says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Announced {
    /// Who made it, if the table knows.
    pub vendor: Option<String>,
    /// The model, without the vendor's name.
    pub model: Option<String>,
    /// The version of its firmware.
    pub firmware: Option<String>,
}

impl Announced {
    /// Vendor and model, as patterns in the config name them.
    pub fn product(&self) -> String {
        let parts: Vec<&str> = [&self.vendor, &self.model].into_iter().flatten().map(String::as_str).collect();
        parts.join(" ")
    }
}

/// With what a vendor's User-Agents begin, in any case; the vendor; and how much of that the model does without.
const VENDORS: &[(&str, &str, &str)] = &[
    ("Yealink SIP-", "Yealink", "Yealink SIP-"),
    ("Yealink", "Yealink", "Yealink"),
    ("snom-", "Snom", "snom-"),
    ("snom", "Snom", "snom"),
    ("Grandstream", "Grandstream", "Grandstream"),
    ("Cisco-CP-", "Cisco", "Cisco-CP-"),
    ("Cisco-CP", "Cisco", "Cisco-CP"),
    ("Cisco/", "Cisco", "Cisco/"),
    ("Cisco", "Cisco", "Cisco"),
    ("Linksys/", "Linksys", "Linksys/"),
    ("Sipura/", "Sipura", "Sipura/"),
    ("PolycomVVX-", "Polycom", "PolycomVVX-"),
    ("PolycomSoundPointIP-", "Polycom", "PolycomSoundPointIP-"),
    ("PolycomSoundStationIP-", "Polycom", "PolycomSoundStationIP-"),
    ("PolyEdge-", "Poly", "PolyEdge-"),
    ("Polycom", "Polycom", "Polycom"),
    ("Poly", "Poly", "Poly"),
    ("Fanvil", "Fanvil", "Fanvil"),
    ("Zoiper", "Zoiper", "Zoiper"),
    ("Z 5", "Zoiper", "Z"),
    ("Z 3", "Zoiper", "Z"),
    ("Linphone", "Linphone", "Linphone"),
    ("baresip", "baresip", "baresip"),
    ("MicroSIP", "MicroSIP", "MicroSIP"),
    ("Panasonic_", "Panasonic", "Panasonic_"),
    ("Panasonic-", "Panasonic", "Panasonic-"),
    ("Panasonic", "Panasonic", "Panasonic"),
    ("Gigaset", "Gigaset", "Gigaset"),
    ("C610", "Gigaset", ""),
    ("C430", "Gigaset", ""),
    ("C530", "Gigaset", ""),
    ("S850", "Gigaset", ""),
    ("AVM", "AVM", "AVM"),
    ("FRITZ!", "AVM", ""),
    ("Htek", "Htek", "Htek"),
    ("Akuvox", "Akuvox", "Akuvox"),
    ("Mitel", "Mitel", "Mitel"),
    ("Aastra", "Aastra", "Aastra"),
    ("Obihai/", "Obihai", "Obihai/"),
    ("Bria", "CounterPath", ""),
    ("X-Lite", "CounterPath", ""),
    ("3CX", "3CX", "3CX"),
    ("Asterisk PBX", "Asterisk", "Asterisk PBX"),
    ("FPBX-", "FreePBX", "FPBX"),
    ("FreeSWITCH-mod_sofia", "FreeSWITCH", "FreeSWITCH-mod_sofia"),
];

/// Words between model and version that are neither.
const NOISE: &[&str] = &["-UA", " release", " SIP", " v", " rv"];

/// What a User-Agent says.
pub fn announced(agent: &str) -> Announced {
    let agent = agent.trim();
    let known = VENDORS.iter().find(|(begin, ..)| starts(agent, begin));
    let rest = known.map_or(agent, |(_, _, without)| agent.get(without.len()..).unwrap_or_default());
    let (model, firmware) = parted(rest);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Announced {
        vendor: known.map(|(_, vendor, _)| (*vendor).to_owned()),
        model: text(&model),
        firmware: text(firmware),
    }
}

fn starts(agent: &str, begin: &str) -> bool {
    agent.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin))
}

/// The model and the version behind it. A version begins behind a separator, with a digit, and has a dot; behind a slash it
/// needs none.
fn parted(rest: &str) -> (String, &str) {
    let begins = |at: usize| {
        let before = rest[..at].chars().next_back();
        let is_parted = before.is_none_or(|c| " /-_".contains(c));
        let version = rest[at..].trim_start_matches(['v', 'r', 'V']);
        let digits = version.len() - version.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let dotted = version[digits..].starts_with('.') || before == Some('/') && digits == version.len();
        is_parted && digits > 0 && dotted
    };
    let Some(at) = rest.char_indices().map(|(at, _)| at).find(|at| begins(*at)) else {
        return (tidy(rest.split(['(', ';']).next().unwrap_or_default()), "");
    };
    let version = rest[at..].trim_start_matches(['v', 'r', 'V']);
    let end = version.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_')).unwrap_or(version.len());
    (tidy(&rest[..at]), &version[..end])
}

/// A model without what stands around it.
fn tidy(model: &str) -> String {
    let around = |c: char| " /-_".contains(c);
    let mut model = model.trim_matches(around);
    // Polycom writes the family first: `VVX-VVX_410`.
    if let Some((family, rest)) = model.split_once('-')
        && rest.starts_with(family)
        && !family.is_empty()
    {
        model = rest;
    }
    for noise in NOISE {
        model = model.strip_suffix(noise).unwrap_or(model).trim_end_matches(around);
    }
    model.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What devices write, by captures and manuals that are public.
    #[test]
    fn common_phones_are_told_apart() {
        for (agent, vendor, model, firmware) in [
            ("Yealink SIP-T46S 66.85.0.5", "Yealink", "T46S", "66.85.0.5"),
            ("Yealink W52P 25.80.0.15", "Yealink", "W52P", "25.80.0.15"),
            ("snom821/8.9.3.60", "Snom", "821", "8.9.3.60"),
            ("snomD785/10.1.64.14 000413A00000", "Snom", "D785", "10.1.64.14"),
            ("snom-m700/03.24.0008", "Snom", "m700", "03.24.0008"),
            ("Grandstream GXP2140 1.0.9.26", "Grandstream", "GXP2140", "1.0.9.26"),
            ("Grandstream Wave 1.0.3.34", "Grandstream", "Wave", "1.0.3.34"),
            ("Cisco/SPA504G-7.6.2b(1234)", "Cisco", "SPA504G", "7.6.2b"),
            ("Cisco-CP8841/11.0.1", "Cisco", "8841", "11.0.1"),
            ("Linksys/SPA941-5.1.8", "Linksys", "SPA941", "5.1.8"),
            ("PolycomVVX-VVX_410-UA/5.9.0.9373", "Polycom", "VVX 410", "5.9.0.9373"),
            ("PolycomSoundPointIP-SPIP_335-UA/3.3.4.0085", "Polycom", "SPIP 335", "3.3.4.0085"),
            ("Fanvil X4 2.4.0.6186 0c383e000000", "Fanvil", "X4", "2.4.0.6186"),
            ("Panasonic_KX-HDV230/08.103 (0080f0000000)", "Panasonic", "KX-HDV230", "08.103"),
            ("Gigaset N510 IP PRO/42.250.00.000.000;0000", "Gigaset", "N510 IP PRO", "42.250.00.000.000"),
            ("C610 IP/42.076.00.000.000", "Gigaset", "C610 IP", "42.076.00.000.000"),
            ("AVM FRITZ!Box 7590 154.07.29 TAL (Sep 2021)", "AVM", "FRITZ!Box 7590", "154.07.29"),
            ("Linphone Desktop/4.2.5 (host) Linux LinphoneCore/4.4.19", "Linphone", "Desktop", "4.2.5"),
            ("LinphoneAndroid/4.6.3 (Pixel)", "Linphone", "Android", "4.6.3"),
            ("Bria 5 release 5.5.0 stamp 97576", "CounterPath", "Bria 5", "5.5.0"),
            ("Htek UC926 2.0.4.6.46", "Htek", "UC926", "2.0.4.6.46"),
        ] {
            let told = announced(agent);
            let [told_vendor, told_model, told_firmware] =
                [&told.vendor, &told.model, &told.firmware].map(|it| it.as_deref().unwrap_or("-"));
            assert_eq!((told_vendor, told_model, told_firmware), (vendor, model, firmware), "{agent}");
        }
    }

    #[test]
    fn programs_have_no_model() {
        for (agent, vendor, firmware) in [
            ("Zoiper rv2.10.20.4", "Zoiper", "2.10.20.4"),
            ("Z 5.4.12 v2.10.13.2", "Zoiper", "5.4.12"),
            ("MicroSIP/3.20.6", "MicroSIP", "3.20.6"),
            ("baresip v1.0.0 (x86_64/linux)", "baresip", "1.0.0"),
            ("Asterisk PBX 18.10.0", "Asterisk", "18.10.0"),
        ] {
            let told = announced(agent);
            assert_eq!(
                (told.vendor.as_deref(), told.model, told.firmware.as_deref()),
                (Some(vendor), None, Some(firmware))
            );
        }
    }

    #[test]
    fn whoever_is_unknown_has_a_name_and_a_version() {
        let told = announced("MyPhone/2 (beta)");
        assert_eq!((told.vendor, told.model.as_deref(), told.firmware), (None, Some("MyPhone/2"), None));
        let told = announced("MyPhone/2.1 (beta)");
        assert_eq!((told.product(), told.firmware.as_deref()), ("MyPhone".to_owned(), Some("2.1")));
        assert_eq!(announced(""), Announced::default());
        for odd in ["ü/1.2", "/1.2", "Yealinkü", "v", "snom", "Z 5", "-_/ 1.", "🙂 1.2.3"] {
            let _ = announced(odd);
        }
    }
}
