//! What becomes of a call's flows when others are wanted.
//!
//! Owns: which of them stay, change, come and go, and what of a flow the kernel has noted. Refuses: maps.
use firewall_common::addr::Addr;
use firewall_common::media::Flow;

use super::Placed;

/// The four parts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// They stay as they are.
    pub(super) kept: Vec<Placed>,
    /// They stay where they are, on these terms.
    pub(super) changed: Vec<Placed>,
    /// They are new.
    pub(super) added: Vec<Flow>,
    /// They go.
    pub(super) removed: Vec<Placed>,
}

impl Plan {
    /// From what a call has to what it is to have.
    pub(super) fn new(mut has: Vec<Placed>, call: u64, wanted: &[Flow]) -> Self {
        let mut plan = Self::default();
        for flow in wanted {
            let flow = Flow { call, ..terms(flow) };
            match has.iter().position(|one| between_the_same(&one.flow, &flow)) {
                Some(at) if terms(&has[at].flow) == flow => plan.kept.push(has.swap_remove(at)),
                Some(at) => plan.changed.push(Placed { flow, ..has.swap_remove(at) }),
                None => plan.added.push(flow),
            }
        }
        plan.removed = has;
        plan
    }
}

/// Whether two flows are one, on whatever terms.
fn between_the_same(a: &Flow, b: &Flow) -> bool {
    (a.local, a.local_port, a.remote, a.remote_port, a.signalling)
        == (b.local, b.local_port, b.remote, b.remote_port, b.signalling)
}

/// A flow without the kernel's notes: what the daemon says of it.
pub(super) const fn terms(flow: &Flow) -> Flow {
    Flow {
        seen: 0,
        lock: 0,
        locked: Addr::NONE,
        checked: [0; 2],
        stream: [0; 2],
        cell: 0,
        packets: 0,
        bytes: 0,
        mismatches: 0,
        changes: 0,
        plain: 0,
        ..*flow
    }
}

/// A flow on new terms, with the notes of the old one. That it was negotiated anew counts as a sign of life, so that what was
/// silent on hold is not closed by a shorter silence than it was allowed.
pub(super) const fn continued(flow: &Flow, noted: &Flow, now: u64) -> Flow {
    Flow {
        local: flow.local,
        remote: flow.remote,
        signalling: flow.signalling,
        call: flow.call,
        ice: flow.ice,
        silence: flow.silence,
        limit: flow.limit,
        codecs: flow.codecs,
        remote_port: flow.remote_port,
        local_port: flow.local_port,
        flags: flow.flags,
        seen: now,
        ..*noted
    }
}

/// Whether nothing has passed for longer than it allows, so that nothing passes any more.
pub(super) const fn is_silent(flow: &Flow, now: u64) -> bool {
    now.saturating_sub(flow.seen) > flow.silence
}

#[cfg(test)]
mod tests {
    use firewall_common::limiter::Limit;
    use firewall_common::media::{CODECS, Codec, FLOW_RTP, FLOW_SRTP};

    use super::*;

    fn flow(local_port: u16, remote_port: u16) -> Flow {
        Flow {
            local: Addr::from_v4([192, 0, 2, 10]),
            remote: Addr::from_v4([198, 51, 100, 7]),
            signalling: Addr::from_v4([198, 51, 100, 7]),
            call: 1,
            ice: 0,
            silence: 60,
            limit: Limit::per_second(200, 50),
            codecs: [Codec::default(); CODECS],
            remote_port,
            local_port,
            flags: FLOW_RTP | FLOW_SRTP,
            seen: 5,
            lock: 6,
            locked: Addr::from_v4([198, 51, 100, 7]),
            checked: [7; 2],
            stream: [8; 2],
            cell: 9,
            packets: 10,
            bytes: 11,
            mismatches: 12,
            changes: 13,
            plain: 14,
        }
    }

    #[test]
    fn flows_stay_change_come_and_go() {
        let placed = |slot, flow| Placed { slot, flow };
        let has = vec![placed(3, flow(10_000, 1)), placed(4, flow(10_001, 2)), placed(5, flow(10_002, 3))];
        let held = Flow { silence: 7_200, ..flow(10_001, 2) };
        let plan = Plan::new(has, 1, &[flow(10_000, 1), held, flow(10_002, 4)]);
        assert_eq!(plan.kept, [placed(3, flow(10_000, 1))]);
        assert_eq!(plan.changed, [placed(4, terms(&held))]);
        assert_eq!(plan.added, [terms(&flow(10_002, 4))]);
        assert_eq!(plan.removed, [placed(5, flow(10_002, 3))]);
    }

    #[test]
    fn two_flows_between_the_same_are_two() {
        let plan = Plan::new(vec![Placed { slot: 3, flow: flow(1, 1) }], 1, &[flow(1, 1), flow(1, 1)]);
        assert_eq!((plan.kept.len(), plan.added.len(), plan.removed.len()), (1, 1, 0));
    }

    #[test]
    fn new_terms_keep_the_notes_and_count_as_life() {
        let wanted = Flow { flags: FLOW_RTP, silence: 7_200, ice: 99, ..terms(&flow(1, 1)) };
        let after = continued(&wanted, &flow(1, 1), 1_000);
        assert_eq!(after, Flow { flags: FLOW_RTP, silence: 7_200, ice: 99, seen: 1_000, ..flow(1, 1) });
        assert_eq!(terms(&after), wanted);
    }
}
