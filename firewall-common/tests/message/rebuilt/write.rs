//! Writing a message.
//!
//! Owns: the order of its parts. Refuses: their spelling.
use super::spelling::Spelling;
use super::{Person, Said};

/// Writes what is said.
pub(super) fn write(said: &Said, spelling: &mut Spelling) -> Vec<u8> {
    let mut message = match said.status {
        Some(status) => format!("SIP/2.0 {status} \r\n"),
        None => format!("{} sip:x@y SIP/2.0\r\n", said.method),
    }
    .into_bytes();
    for field in fields(said, spelling) {
        message.extend(field);
        message.extend(spelling.gap().bytes());
        message.extend(b"\r\n");
    }
    message.extend(b"\r\n");
    message.extend(&said.body);
    message
}

/// The header fields; lists keep their order among themselves.
fn fields(said: &Said, s: &mut Spelling) -> Vec<Vec<u8>> {
    let vias = said.vias.iter().map(|one| via(s, one)).collect();
    let contacts = said.contacts.iter().map(|one| contact(s, one)).collect();
    let credentials = said.credentials.iter().map(|one| credentials(s, one)).collect();
    let mut others = vec![
        [s.name("From", "f").into_bytes(), person(s, &said.from)].concat(),
        [s.name("To", "t").into_bytes(), person(s, &said.to)].concat(),
        format!("{}{}", s.name("Call-ID", "i"), said.call_id).into_bytes(),
        format!("{}{}{}{}", s.name("CSeq", ""), said.cseq, s.blank(), said.method).into_bytes(),
        format!("{}{}", s.name("User-Agent", ""), said.user_agent).into_bytes(),
        format!("{}{}", s.name("Content-Length", "l"), said.body.len()).into_bytes(),
        b"X-Other: ;,\"".to_vec(),
    ];
    let turn = s.choose(others.len());
    others.rotate_left(turn);
    let mut lists = [s.list("Via", "v", vias), s.list("Contact", "m", contacts), credentials, others];
    let turn = s.choose(lists.len());
    lists.rotate_left(turn);
    lists.concat()
}

fn via(s: &mut Spelling, (host, port, branch): &(String, Option<u16>, String)) -> Vec<u8> {
    let port = port.map(|port| format!("{}{port}", s.mark(':'))).unwrap_or_default();
    let protocol = format!("SIP{}2.0{}UDP{}", s.mark('/'), s.mark('/'), s.blank());
    format!("{protocol}{host}{port}{}rport{}branch{}{branch}", s.mark(';'), s.mark(';'), s.mark('=')).into_bytes()
}

fn contact(s: &mut Spelling, (whose, expires): &(Person, u32)) -> Vec<u8> {
    let address = person(s, whose);
    [address, format!("{}expires{}{expires}", s.mark(';'), s.mark('=')).into_bytes()].concat()
}

fn credentials(s: &mut Spelling, values: &[Vec<u8>; 3]) -> Vec<u8> {
    let mut field = format!("{}Digest{}", s.name("Authorization", ""), s.blank()).into_bytes();
    for (name, value) in ["username", "realm", "nonce"].into_iter().zip(values) {
        field.extend(format!("{name}{}", s.mark('=')).bytes());
        field.extend(s.quoted(value));
        field.extend(s.mark(',').bytes());
    }
    field.extend(format!("response{}\"0\"", s.mark('=')).bytes());
    field
}

fn person(s: &mut Spelling, person: &Person) -> Vec<u8> {
    let mut out = Vec::new();
    let uri = format!("sip:{}@{}", person.user, person.host);
    match &person.display {
        None if !person.user.contains([';', '?', ',']) && s.choose(2) == 0 => out.extend(uri.bytes()),
        None => out.extend(format!("<{uri}>").bytes()),
        Some((true, display)) => {
            out.extend(s.quoted(display));
            out.extend(format!("{}<{uri}>", s.gap()).bytes());
        }
        Some((false, display)) => {
            out.extend(display);
            out.extend(format!("{}<{uri}>", s.gap()).bytes());
        }
    }
    if let Some(tag) = &person.tag {
        out.extend(format!("{}x=\"{}\"", s.mark(';'), ["", ";tag=no", ","][s.choose(3)]).bytes());
        out.extend(format!("{}tag{}{tag}", s.mark(';'), s.mark('=')).bytes());
    }
    out
}
