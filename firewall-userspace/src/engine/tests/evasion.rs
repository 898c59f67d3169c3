//! What guessers do so that their guesses are not seen, or are taken for something else.
use super::world::{Line, Phone, World};
use crate::engine::evidence::Rule;

/// A guess by a nonce, whose request is changed before it is sent.
fn guess(guesser: &mut Phone, nonce: &str, change: impl Fn(&str) -> String) -> Vec<Line> {
    let mut lines = guesser.guess(nonce).0;
    lines[0].text = change(&lines[0].text);
    lines
}

fn challenged() -> (World, Phone, String) {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100"));
    let (lines, nonce) = guesser.challenged();
    world.play(&guesser, &lines);
    (world, guesser, nonce)
}

#[test]
fn the_case_of_the_realm_does_not_matter() {
    let (mut world, mut guesser, nonce) = challenged();
    for _ in 0..5 {
        let lines = guess(&mut guesser, &nonce, |text| text.replace("realm=\"example.com\"", "realm=\"EXAMPLE.com\""));
        world.play(&guesser, &lines);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn a_realm_that_the_server_did_not_name_does_not_help_either() {
    let (mut world, mut guesser, nonce) = challenged();
    for _ in 0..5 {
        let lines = guess(&mut guesser, &nonce, |text| text.replace("realm=\"example.com\"", "realm=\"any\""));
        world.play(&guesser, &lines);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn credentials_behind_many_others_are_seen() {
    for decoys in [1, 3, 12] {
        let (mut world, mut guesser, nonce) = challenged();
        for _ in 0..5 {
            let decoys: String = (0..decoys)
                .map(|n| format!("Authorization: Digest username=\"x{n}\", realm=\"r{n}\", nonce=\"n\", uri=\"sip:x\", response=\"0\"\r\n"))
                .collect();
            let lines = guess(&mut guesser, &nonce, |text| {
                text.replacen("Authorization:", &format!("{decoys}Authorization:"), 1)
            });
            world.play(&guesser, &lines);
        }
        assert_eq!(world.banned(), [Rule::Failures], "{decoys}");
    }
}

#[test]
fn a_decoy_in_the_same_transaction_covers_no_guess() {
    let decoys: [fn(&str) -> String; 3] = [
        |text| text.split("Authorization: ").next().unwrap().to_owned() + "Content-Length: 0\r\n\r\n",
        |text| text.replace("realm=\"example.com\", nonce=\"", "realm=\"other\", nonce=\"x"),
        |text| text.replace("nonce=\"", "nonce=\"x"),
    ];
    for (n, decoy) in decoys.into_iter().enumerate() {
        let (mut world, mut guesser, nonce) = challenged();
        for _ in 0..5 {
            let lines = guesser.guess(&nonce).0;
            let decoy = Line { text: decoy(&lines[0].text), ..lines[0].clone() };
            // Both are there before either is answered.
            world.play(&guesser, &[lines[0].clone(), decoy, lines[1].clone()]);
        }
        assert_eq!(world.banned(), [Rule::Failures], "{n}");
    }
}

#[test]
fn a_datagram_does_not_take_a_guess_from_its_connection() {
    let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "100").tcp());
    let datagrams = Phone { via: crate::engine::input::Via::Udp, ..guesser.clone() };
    for _ in 0..5 {
        let lines = guesser.guess("known-to-all").0;
        world.play(&datagrams, &lines[..1]);
        let other = guess(&mut Phone { sequence: guesser.sequence - 1, ..guesser.clone() }, "known-to-all", |text| {
            text.replace("cnonce=\"c\"", "cnonce=\"d\"")
        });
        world.play(&guesser, &other);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
}

/// What the server lets in without a look at the credentials is no success: neither clears it the score, nor makes it a
/// nonce one whose refusals say nothing.
#[test]
fn what_is_let_in_unseen_is_no_success() {
    for (method, status) in [("OPTIONS", 200), ("INVITE", 180), ("INVITE", 200), ("MESSAGE", 202)] {
        let (mut world, mut guesser, nonce) = challenged();
        for _ in 0..5 {
            let headers = guesser.credentials(&nonce);
            let lines = [guesser.request(method, "open", &headers), guesser.answer(status, method, "open", "")];
            world.play(&guesser, &lines);
            let lines = guesser.guess(&nonce).0;
            world.play(&guesser, &lines);
        }
        assert_eq!(world.banned(), [Rule::Failures], "{method} {status}");
    }
}

#[test]
fn a_challenge_to_one_call_makes_no_success_of_another() {
    let (mut world, mut guesser, _) = challenged();
    for _ in 0..5 {
        let first = guesser.request("INVITE", "pstn", "");
        let open = Line { text: first.text.replace("sip:pstn@", "sip:open@"), ..first.clone() };
        let nonce = guesser.nonce();
        let refusal = guesser.answer(401, "INVITE", "pstn", &guesser.challenge(&nonce));
        world.play(&guesser, &[first, open, refusal.clone(), refusal, guesser.ack("pstn")]);
        let headers = guesser.credentials(&nonce);
        let lines = [guesser.request("INVITE", "open", &headers), guesser.answer(180, "INVITE", "open", "")];
        world.play(&guesser, &lines);
        let lines = guesser.guess(&nonce).0;
        world.play(&guesser, &lines);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn an_account_of_ones_own_covers_no_guess_at_another() {
    for mixed in [false, true] {
        let (mut world, mut guesser) = (World::new(), Phone::new("203.0.113.7", "own"));
        let (lines, nonce) = guesser.challenged();
        world.play(&guesser, &lines);
        let lines = guesser.renew(&nonce, 3_600);
        world.play(&guesser, &lines);
        for n in 0..10 {
            let mut victim = Phone { user: format!("victim{n}"), from: format!("victim{n}"), ..guesser.clone() };
            for _ in 0..3 {
                let own = guesser.credentials(&nonce).replace("example.com\", nonce", "other\", nonce");
                let cover = |text: &str| text.replacen("Authorization:", &format!("{own}Authorization:"), 1);
                let lines = guess(&mut victim, &nonce, |text| if mixed { cover(text) } else { text.to_owned() });
                world.play(&victim, &lines);
            }
            guesser.sequence = victim.sequence;
        }
        assert_eq!(world.banned(), [Rule::Scanning], "{mixed}");
    }
}

#[test]
fn credentials_of_two_accounts_are_nobodys_success() {
    let (mut world, mut guesser, nonce) = challenged();
    let own = guesser.credentials(&nonce).replace("username=\"100\"", "username=\"own\"");
    let victim = guesser.credentials(&nonce).replace("realm=\"example.com\"", "realm=\"other\"");
    let headers = format!("{}{victim}{own}", guesser.contact());
    let lines = [guesser.request("REGISTER", "100", &headers), guesser.answer(200, "REGISTER", "100", "")];
    world.play(&guesser, &lines);
    assert_eq!(world.promotions().len(), 0);
    for _ in 0..5 {
        let lines = guesser.guess(&nonce).0;
        world.play(&guesser, &lines);
    }
    assert_eq!(world.banned(), [Rule::Failures]);
}

#[test]
fn answers_that_are_sent_elsewhere_are_answers() {
    let (mut world, mut guesser, _) = challenged();
    let elsewhere = Phone::new("203.0.113.8", "100");
    for _ in 0..5 {
        let maddr = |text: &str| text.replace(";rport", ";maddr=203.0.113.8;rport");
        let mut lines = guess(&mut guesser, "n-of-elsewhere", maddr);
        lines[1] = Line { text: maddr(&lines[1].text), remote: elsewhere.source, ..lines[1].clone() };
        world.play(&guesser, &lines);
    }
    assert_eq!((world.bans().len(), world.holds().len()), (0, 1), "its sender may be forged");
    assert_eq!(world.holds()[0].source, guesser.source);
}

#[test]
fn credentials_for_no_challenge_answer_none() {
    let (mut world, mut caller) = (World::new(), Phone::new("203.0.113.7", "100"));
    for n in 0..40 {
        let to = format!("{n}");
        let headers = if n % 10 == 5 {
            caller.credentials("made-up").replace("example.com\", nonce", "x\", nonce")
        } else {
            String::new()
        };
        let first = caller.request("INVITE", &to, &headers);
        let refusal = caller.answer(401, "INVITE", &to, &caller.challenge(&caller.nonce()));
        let lines = [first, refusal, caller.ack(&to)];
        world.play(&caller, &lines);
        world.wait(1_000);
    }
    assert_eq!(world.banned(), [Rule::InviteSpray]);
}
