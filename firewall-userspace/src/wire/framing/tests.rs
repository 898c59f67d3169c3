use super::*;

/// What the framer makes of a stream that is there at once.
fn read(framer: &mut Framer, mut bytes: &[u8]) -> Vec<String> {
    let (mut counts, mut found) = (StreamCounts::default(), Vec::new());
    loop {
        let text = |len: usize| String::from_utf8_lossy(&bytes[..len]).into_owned();
        let used = match framer.step(bytes, 1_000, &mut counts) {
            Step::Wait => return found,
            Step::Skip(len) => len,
            Step::Whole(len) | Step::Cut(len) => {
                found.push(text(len));
                len
            }
        };
        bytes = &bytes[used..];
    }
}

#[test]
fn messages_follow_one_another() {
    let one = "OPTIONS sip:a SIP/2.0\r\nl: 2\r\n\r\nab";
    let two = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";
    let mut framer = Framer::new(false, true);
    assert_eq!(read(&mut framer, format!("\r\n\r\n{one}{two}\r\n{one}\r\n").as_bytes()), [one, two, one]);
}

#[test]
fn the_next_message_is_found_at_a_line_or_at_a_segment() {
    let one = "OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n";
    let after_garbage = format!("garbage\r\nOPTIONS sip:a SIP/1.0\r\n{one}");
    assert_eq!(read(&mut Framer::new(false, true), after_garbage.as_bytes()), [one]);
    let mut strict = Framer::new(false, false);
    assert_eq!(read(&mut strict, after_garbage.as_bytes()), [""; 0]);
    assert_eq!(read(&mut strict, one.as_bytes()), [""; 0]);
    strict.segment(0, one.as_bytes());
    assert_eq!(read(&mut strict, one.as_bytes()), [one]);
}

#[test]
fn a_line_that_never_ends_is_not_waited_for() {
    let mut framer = Framer::new(false, true);
    let long = "x".repeat(5_000);
    assert_eq!(read(&mut framer, long.as_bytes()), [""; 0]);
    let one = "OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n";
    assert_eq!(read(&mut framer, format!("xx\n{one}").as_bytes()), [one]);
}
