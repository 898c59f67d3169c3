//! The corpus, file by file.
//!
//! What `valid.txt` calls semantic is read, but for three: without From, To and Call-ID (`insuf`), with two of each
//! (`multi01`), and with two Content-Lengths (`mcl01`) nobody can tell what the message says.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use firewall_common::sip::message::{Refusal, parse};

use crate::{fixture, folder};

/// Files that are read.
pub(crate) const READ: &[&str] = &[
    "rfc4475/wsinv.dat",
    "rfc4475/esc01.dat",
    "rfc4475/escnull.dat",
    "rfc4475/esc02.dat",
    "rfc4475/lwsdisp.dat",
    "rfc4475/longreq.dat",
    "rfc4475/dblreq.dat",
    "rfc4475/semiuri.dat",
    "rfc4475/transports.dat",
    "rfc4475/mpart01.dat",
    "rfc4475/unreason.dat",
    "rfc4475/noreason.dat",
    "rfc4475/badbranch.dat",
    "rfc4475/unkscm.dat",
    "rfc4475/novelsc.dat",
    "rfc4475/unksm2.dat",
    "rfc4475/bext01.dat",
    "rfc4475/invut.dat",
    "rfc4475/regaut01.dat",
    "rfc4475/bcast.dat",
    "rfc4475/zeromf.dat",
    "rfc4475/cparam01.dat",
    "rfc4475/cparam02.dat",
    "rfc4475/regescrt.dat",
    "rfc4475/sdp01.dat",
    "rfc4475/inv2543.dat",
    "rfc5118/ipv4-mapped-ipv6.dat",
    "rfc5118/ipv6-bug-abnf-3-colons.dat",
    "rfc5118/ipv6-correct-abnf-2-colons.dat",
    "rfc5118/ipv6-good.dat",
    "rfc5118/ipv6-in-sdp.dat",
    "rfc5118/mult-ip-in-header.dat",
    "rfc5118/mult-ip-in-sdp.dat",
    "rfc5118/port-ambiguous.dat",
    "rfc5118/port-unambiguous.dat",
    "rfc5118/via-received-param-no-delim.dat",
    "rfc5118/via-received-param-with-delim.dat",
    "typical/invite_sdp.dat",
    "typical/options_scan.dat",
    "typical/register_auth.dat",
];

/// Files that are refused, and by which rule.
const REFUSED: &[(&str, Refusal)] = &[
    ("rfc4475/intmeth.dat", Refusal::Nul),
    ("rfc4475/badinv01.dat", Refusal::Parameter),
    ("rfc4475/clerr.dat", Refusal::BodyCut),
    ("rfc4475/ncl.dat", Refusal::ContentLength),
    ("rfc4475/scalar02.dat", Refusal::CSeq),
    ("rfc4475/scalarlg.dat", Refusal::CSeq),
    ("rfc4475/quotbal.dat", Refusal::Quote),
    ("rfc4475/ltgtruri.dat", Refusal::RequestUri),
    ("rfc4475/lwsruri.dat", Refusal::StartLine),
    ("rfc4475/lwsstart.dat", Refusal::StartLine),
    ("rfc4475/trws.dat", Refusal::StartLine),
    ("rfc4475/escruri.dat", Refusal::RequestUri),
    ("rfc4475/baddate.dat", Refusal::Date),
    ("rfc4475/regbadct.dat", Refusal::BareUri),
    ("rfc4475/badaspec.dat", Refusal::Uri),
    ("rfc4475/baddn.dat", Refusal::DisplayName),
    ("rfc4475/baddn-terminated.dat", Refusal::DisplayName),
    ("rfc4475/badvers.dat", Refusal::Version),
    ("rfc4475/mismatch01.dat", Refusal::CSeqMethod),
    ("rfc4475/mismatch02.dat", Refusal::CSeqMethod),
    ("rfc4475/bigcode.dat", Refusal::Status),
    ("rfc4475/insuf.dat", Refusal::MissingHeader),
    ("rfc4475/multi01.dat", Refusal::RepeatedHeader),
    ("rfc4475/mcl01.dat", Refusal::RepeatedHeader),
    ("rfc5118/ipv6-bad.dat", Refusal::RequestUri),
];

#[test]
fn valid_messages_are_read() {
    for path in READ {
        let bytes = fixture(path);
        assert_eq!(parse(&bytes).err(), None, "{path}");
    }
}

#[test]
fn invalid_messages_are_refused_by_the_right_rule() {
    for (path, refusal) in REFUSED {
        let bytes = fixture(path);
        assert_eq!(parse(&bytes).err(), Some(*refusal), "{path}");
    }
}

/// RFC 4475 §3.1.1.2 is valid, but has an escaped zero byte in a display name; with any other it is read.
#[test]
fn a_zero_byte_is_all_that_is_wrong_with_intmeth() {
    let mut bytes = fixture("rfc4475/intmeth.dat");
    bytes.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = 1);
    assert_eq!(parse(&bytes).err(), None);
}

#[test]
fn every_file_is_judged() {
    let judged: BTreeSet<String> =
        READ.iter().chain(REFUSED.iter().map(|(path, _)| path)).map(|p| p.to_string()).collect();
    let files =
        ["rfc4475", "rfc5118", "typical"].into_iter().flat_map(|name| names(&folder().join(name), name)).collect();
    assert_eq!(judged, files);
}

fn names(folder: &Path, name: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the corpus has this folder");
    let names = entries.map(|entry| entry.expect("the folder can be read").file_name().into_string().expect("a name"));
    names.filter(|file| file.ends_with(".dat")).map(|file| format!("{name}/{file}")).collect()
}
