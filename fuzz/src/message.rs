//! Whole messages: what is read lies inside the datagram, no byte behind the message has a say, the kernel's look at the
//! start line agrees, and so does a reader that somebody else wrote.
mod oracle;
mod walk;

use firewall_common::sip::message::{Message, Refusal, Start, announced, head_len, parse, parse_head};
use firewall_common::sip::start_line::START_LINE_MAX;
use firewall_common::sip::window::EXAMINED;
use firewall_common::sip::{self, classify};

use crate::{leftovers, window};

/// Takes `payload` as a datagram's.
pub fn check(payload: &[u8]) {
    let (whole, head) = (parse(payload), parse_head(payload));
    assert_eq!((parse(payload), parse_head(payload)), (whole, head), "a second reading differs");
    match head {
        Err(refusal) => {
            assert!(refusal != Refusal::BodyCut, "a body was missed in a head");
            assert_eq!(whole.err(), Some(refusal), "the head was refused for another reason");
        }
        Ok(message) => {
            assert_eq!(whole.err(), (message.missing() > 0).then_some(Refusal::BodyCut));
            walk::everything_lies_inside(payload, &message);
            only_the_message_counts(payload, &message);
            the_stream_ends_there(payload, &message);
            the_kernel_agrees(payload, &message);
        }
    }
    if let Ok(message) = whole {
        oracle::agrees(payload, &message);
    }
}

/// The head is read without its body, not without its last byte; what follows the body is not read.
fn only_the_message_counts(payload: &[u8], message: &Message<'_>) {
    let len = message.head_len();
    let mut alone = parse_head(&payload[..len]).expect("the body was needed");
    assert!(alone.body.is_empty());
    alone.body = message.body;
    assert_eq!(alone, *message, "the body was read");
    assert_eq!(parse_head(&payload[..len - 1]).err(), Some(Refusal::Unfinished), "a cut head was read");
    if message.content_length.is_some() && message.missing() == 0 {
        let other = [&payload[..len + message.body.len()], &leftovers()].concat();
        assert_eq!(parse(&other).as_ref(), Ok(message), "what follows the message was read");
    }
}

fn the_stream_ends_there(payload: &[u8], message: &Message<'_>) {
    let len = message.head_len();
    assert_eq!(head_len(payload, 0), Some(len));
    assert_eq!(head_len(payload, len - 1), Some(len), "searching in pieces finds another end");
    assert_eq!(head_len(&payload[..len - 1], 0), None);
    assert_eq!(announced(&payload[..len]), Ok(message.content_length));
}

/// What is read has passed the kernel, unless its start line is too long for that.
fn the_kernel_agrees(payload: &[u8], message: &Message<'_>) {
    let seen = &payload[..payload.len().min(EXAMINED as usize)];
    let start = seen.chunks(2).take_while(|pair| pair == b"\r\n").count() * 2;
    let Some(cr) = seen[start..].iter().position(|byte| *byte == b'\r') else { return };
    let end = (start + cr + 2) as u32;
    if end > START_LINE_MAX {
        return;
    }
    let want = match message.start {
        Start::Request { method, .. } => sip::Message::Request(method, end),
        Start::Response { .. } => sip::Message::Response(end),
    };
    assert_eq!(classify(&window(seen, &[]), START_LINE_MAX), Some(want), "{:?}", seen.escape_ascii().to_string());
}
