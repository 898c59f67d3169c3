//! One number under judgement. It lies in memory, and what reads it are functions that the verifier follows once; see
//! [`crate::scan`].
//!
//! Owns: looking the number up, and what codes open. Refuses: whose number it is.
use aya_ebpf::maps::lpm_trie::Key;
use firewall_common::number::{
    Dialled, Digits, Number, NumberAction, NumberKey, NumberRule, NumberTerm, Outcome, Scan, code, code_hash, decide,
    longer, opened_cell,
};
use firewall_common::policy::NUMBERS_OFF;
use firewall_common::sip::Window;

use super::{CODES, NUMBERS, OPENED};
use crate::cell;
use crate::constants::{number_plan, policy};
use crate::opaque;
use crate::scan::{self, caller::Caller};

/// Our side receives the request.
pub(super) const RECEIVED: u32 = 0;
/// Our side sends it.
pub(super) const SENT: u32 = 1;
/// For how long a number stays open that was dialled with its code, in nanoseconds.
const OPEN_FOR: u64 = 60_000_000_000;

/// Which lists hold.
#[derive(Clone, Copy)]
pub(super) struct Lists {
    /// [`firewall_common::policy::NUMBERS_OPEN`] and its kin.
    pub(super) policy: u8,
    /// The peer's own list; 0 for none.
    pub(super) list: u32,
    /// The source's; 0 for none.
    pub(super) blocks: u64,
}

impl Lists {
    #[inline(always)]
    pub(super) fn forget(self) -> Self {
        Self {
            policy: opaque::forget(u64::from(self.policy)) as u8,
            list: opaque::forget(u64::from(self.list)) as u32,
            blocks: opaque::forget(self.blocks),
        }
    }
}

/// The memory.
#[repr(C)]
pub(crate) struct Record {
    scan: Scan,
    number: Number,
    /// The hash of the code that was dialled before the number.
    code: u64,
    has_code: u32,
    policy: u32,
    blocks: u64,
    now: u64,
    list: u64,
    direction: u32,
    commits: u32,
    /// What is said of the number.
    term: NumberTerm,
    /// By which list.
    decides: u64,
    /// Who calls, where that is asked.
    caller: Caller,
}

/// This CPU's number under judgement.
#[derive(Clone, Copy)]
pub(crate) struct Case(*mut Record);

impl Case {
    /// The record at this place.
    ///
    /// # Safety
    /// It is a part of a map's value that nobody else uses until the packet has its verdict.
    #[inline(always)]
    pub(crate) const unsafe fn new(record: *mut Record) -> Self {
        Self(record)
    }

    /// Where the number is read to.
    #[inline(always)]
    pub(super) const fn scan(self) -> *mut Scan {
        // SAFETY: see `new`.
        unsafe { &raw mut (*self.0).scan }
    }

    /// What is known of who calls.
    #[inline(always)]
    pub(crate) const fn caller(self) -> *mut Caller {
        // SAFETY: see `new`.
        unsafe { &raw mut (*self.0).caller }
    }

    /// Begins to judge who calls: by everybody's list of callers, and by that of the peer with this number.
    #[inline(always)]
    pub(crate) fn begin_caller(self, caller: Caller, list: u32, now: u64, commits: bool) {
        self.set(Lists { policy: NUMBERS_OFF, list, blocks: 0 }, RECEIVED, now, commits);
        // SAFETY: see `new`.
        unsafe { (*self.0).caller = caller };
    }

    /// Notes what the lists say of the number in the URI at `place`, which is in brackets if its lowest bit is set, as one of the
    /// caller's.
    #[inline(always)]
    pub(crate) fn note_caller(self, window: &Window, place: u64) {
        scan::number::read_at(window, self.scan(), place);
        if opaque::forget(sipfw_number_apply(self.0, 1)) == 0 {
            sipfw_number_apply(self.0, 0);
        }
        sipfw_number_caller(self.0);
    }

    /// Says under which rules it is judged.
    #[inline(always)]
    pub(super) fn set(self, lists: Lists, direction: u32, now: u64, commits: bool) {
        // SAFETY: see `new`.
        let record = unsafe { &mut *self.0 };
        (record.policy, record.list, record.blocks) = (u32::from(lists.policy), lists.list.into(), lists.blocks);
        (record.direction, record.now, record.commits) = (direction, now, u32::from(commits));
    }

    /// What there is to object to, as an [`Outcome`] and the id of the entry in the upper half. A local number that has a
    /// context is two: that of the house, and that of the context. The stricter outcome holds.
    #[inline(always)]
    pub(super) fn judge(self) -> u64 {
        let as_dialled = self.outcome(0);
        // SAFETY: see `new`.
        if !unsafe { &*self.0 }.scan.has_context() {
            return as_dialled;
        }
        let global = self.outcome(1);
        let is_stricter = opaque::forget(global) as u32 > opaque::forget(as_dialled) as u32;
        opaque::forget(if is_stricter { global } else { as_dialled })
    }

    /// Of the number as it was dialled, or behind its context.
    #[inline(always)]
    fn outcome(self, global: u32) -> u64 {
        if sipfw_number_apply(self.0, global) == 0 { 0 } else { opaque::forget(sipfw_number_judge(self.0)) }
    }
}

impl Record {
    /// Notes what a list says, and that it decides.
    #[inline(always)]
    fn decide(&mut self, list: u64, term: NumberTerm) {
        (self.term, self.decides) = (term, opaque::forget(list));
    }
}

/// As [`Case::judge`] says, of the number that was made last.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_judge(record: *mut Record) -> u64 {
    // SAFETY: the verifier lets only a pointer to a whole record or null in.
    let Some(record) = (unsafe { record.as_mut() }) else {
        return 0;
    };
    let everybody = look(record, NumberKey::EVERYBODY);
    record.decide(NumberKey::EVERYBODY, everybody);
    let list = record.list;
    if list != 0 {
        let own = look(record, list);
        if longer(own, record.term) == own {
            record.decide(list, own);
        }
    }
    let mut outcome = outcome(record);
    let blocks = record.blocks;
    if blocks != 0 {
        let block = look(record, blocks);
        if block.action == NumberAction::Deny as u32 {
            record.decide(blocks, block);
            outcome = opaque::forget(Outcome::Denied as u64);
        }
    }
    if opaque::forget(outcome) == Outcome::Pass as u64 || opaque::forget(u64::from(record.term.action)) == 0 {
        return opaque::forget(outcome);
    }
    if record.commits != 0 {
        sipfw_number_look(record, record.decides, 1);
    }
    opaque::forget(outcome | u64::from(record.term.id) << 32)
}

/// As [`Case::note_caller`] says, of the number that was made last.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_caller(record: *mut Record) -> u64 {
    // SAFETY: as above.
    let Some(record) = (unsafe { record.as_mut() }) else {
        return 0;
    };
    let everybody = look(record, NumberKey::CALLERS);
    record.decide(NumberKey::CALLERS, everybody);
    if record.list != 0 {
        let list = NumberKey::CALLERS + record.list;
        let own = look(record, list);
        if longer(own, record.term) == own {
            record.decide(list, own);
        }
    }
    let NumberTerm { action, id, .. } = record.term;
    record.caller.note(action, id);
    if action == NumberAction::Deny as u32 && record.commits != 0 {
        sipfw_number_look(record, record.decides, 1);
    }
    0
}

/// What follows from the lists, and from the code that was dialled.
#[inline(always)]
fn outcome(record: &mut Record) -> u64 {
    if record.policy == u32::from(NUMBERS_OFF) {
        return Outcome::Pass as u64;
    }
    let outcome = decide(record.number, record.term, record.policy as u8, number_plan().extension_max);
    let outcome = opaque::forget(outcome as u64);
    if outcome == Outcome::Code as u64 && sipfw_number_is_open(record, record.term.class) != 0 {
        return Outcome::Pass as u64;
    }
    opaque::forget(outcome)
}

/// Makes a number of what was read: zero if it has no digits, or if it is the same behind its context.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_apply(record: *mut Record, global: u32) -> u64 {
    // SAFETY: as above.
    let Some(record) = (unsafe { record.as_mut() }) else {
        return 0;
    };
    let uri = record.scan.uri();
    let dialled = if global != 0 { uri.global() } else { uri.dialled };
    if global != 0 && dialled == uri.dialled {
        return 0;
    }
    let plan = number_plan();
    record.has_code = 0;
    let rest = match code(dialled, plan.code_digits) {
        Some((code, rest)) => {
            (record.has_code, record.code) = (1, code_hash(code, policy().hash_key));
            rest
        }
        None => dialled,
    };
    record.number = plan.apply_by(forgotten(rest), opaque::forget);
    u64::from(record.number.digits.len)
}

#[inline(always)]
fn forgotten(Dialled { digits: Digits { hi, lo, len, .. }, plus }: Dialled) -> Dialled {
    let [hi, lo, len, plus] = [hi, lo, len.into(), plus.into()].map(opaque::forget);
    Dialled { digits: Digits { hi, lo, len: len as u32, reserved: 0 }, plus: plus as u32 }
}

/// Whether the number's class is open: by the code that was dialled, or because our side calls what a code opened lately.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_is_open(record: *mut Record, class: u32) -> u64 {
    // SAFETY: as above.
    let Some(record) = (unsafe { record.as_mut() }) else {
        return 0;
    };
    let (index, tag) = opened_cell(record.number, policy().hash_key);
    let Some(cell) = OPENED.get_ptr_mut(index) else {
        return 0;
    };
    // SAFETY: the pointer is to a value of the map, two words.
    let (of, until) = unsafe { (&raw mut (*cell)[0], &raw mut (*cell)[1]) };
    // SAFETY: the value is copied at once.
    let classes = unsafe { CODES.get(record.code) }.copied().unwrap_or(0);
    if record.has_code != 0 && classes >> (class & 63) & 1 != 0 {
        if record.direction == RECEIVED && record.commits != 0 {
            cell::store(of, tag);
            cell::store(until, record.now + OPEN_FOR);
        }
        return 1;
    }
    u64::from(record.direction == SENT && cell::load(of) == tag && cell::load(until) > record.now)
}

/// What a list says of the number.
#[inline(always)]
fn look(record: &mut Record, list: u64) -> NumberTerm {
    let packed = sipfw_number_look(record, list, 0);
    let [action, class, len] = [packed, packed >> 8, packed >> 16].map(|number| (number & 0xff) as u32);
    forget(NumberTerm { action, class, id: (packed >> 32) as u32, len })
}

#[inline(always)]
fn forget(NumberTerm { action, class, id, len }: NumberTerm) -> NumberTerm {
    let [action, class, id, len] = [action, class, id, len].map(|number| opaque::forget(u64::from(number)) as u32);
    NumberTerm { action, class, id, len }
}

/// A trie's key begins in the middle of a word, as [`crate::host_key::HostKey`] does.
#[repr(C, align(8))]
struct Place {
    before: u32,
    bits: u32,
    key: NumberKey,
}

/// A term in 64 bits, the id in the upper half; 0 for none. `counts`: notes that it stopped a request, instead.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_look(record: *const Record, list: u64, counts: u32) -> u64 {
    // SAFETY: as above.
    let Some(record) = (unsafe { record.as_ref() }) else {
        return 0;
    };
    let (key, bits) = NumberKey::of(list, record.number);
    let place = Place { before: 0, bits, key };
    // SAFETY: `bits` and `key` follow one another without padding and make up a key, whose alignment is one byte.
    let Some(rule) = NUMBERS.get(unsafe { &*(&raw const place.bits).cast::<Key<NumberKey>>() }) else {
        return 0;
    };
    let rule = core::ptr::from_ref(rule).cast_mut();
    if counts != 0 {
        // SAFETY: the pointer is to a value of the map; one that is deleted meanwhile counts for another.
        cell::count(unsafe { &raw mut (*rule).hits });
        return 0;
    }
    // SAFETY: as above.
    let NumberRule { until, received, sent, .. } = unsafe { *rule };
    let NumberTerm { action, class, id, len } = if record.direction == SENT { sent } else { received };
    if until <= record.now {
        return 0;
    }
    opaque::forget(u64::from(action & 0xff | (class & 0xff) << 8 | (len & 0xff) << 16) | u64::from(id) << 32)
}
