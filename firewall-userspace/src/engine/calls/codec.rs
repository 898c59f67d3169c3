//! Codecs of constant rate, and how many packets a second a media line makes.
//!
//! Owns: what RFC 3551, RFC 3952 and the media line's attributes say of them. Refuses: codecs whose packets vary.
use firewall_common::media::{CODECS, Codec};
use sdp_types::Media;

/// What a packet lasts if nobody says otherwise, in milliseconds (RFC 3551 §4.2).
const PTIME: u32 = 20;
/// Packets a second of what is no audio: a video of several megabits.
const GENEROUS: u32 = 1_000;

/// What stands of a payload type in a media line.
struct Format<'a> {
    payload_type: u8,
    /// Its name and clock: `PCMU/8000`.
    map: &'a str,
    params: &'a str,
}

/// The name and clock of the codec that a media line names first.
pub(super) fn first(media: &Media) -> String {
    let Some(format) = media.fmt.split_ascii_whitespace().next() else { return String::new() };
    let known = format.parse().ok().map(|number| of(media, number).map).filter(|map| !map.is_empty());
    known.unwrap_or(format).chars().filter(|c| !c.is_control()).take(32).collect()
}

/// Those of constant rate.
pub(super) fn constant(media: &Media) -> [Codec; CODECS] {
    let mut codecs = [Codec::default(); CODECS];
    let formats = media.fmt.split_ascii_whitespace().filter_map(|format| format.parse().ok());
    let known = formats.take(64).filter_map(|number| rate(&of(media, number)));
    codecs.iter_mut().zip(known).for_each(|(slot, codec)| *slot = codec);
    codecs
}

/// How many packets a second it makes at most.
pub(super) fn packets(media: &Media) -> u32 {
    if !media.media.eq_ignore_ascii_case("audio") {
        return GENEROUS;
    }
    let value = |name| media.get_first_attribute_value(name).flatten().and_then(|value| value.trim().parse().ok());
    let least = media.get_attribute_values("fmtp").flatten().filter_map(|fmtp| param(fmtp, "minptime"));
    let ptime = least.chain(value("ptime")).chain([PTIME]).filter(|ptime| *ptime > 0).min();
    1_000 / ptime.unwrap_or(PTIME)
}

fn of(media: &Media, payload_type: u8) -> Format<'_> {
    let number = payload_type.to_string();
    let value = |name| {
        let mut all = media.get_attribute_values(name).flatten();
        all.find_map(|value| value.trim_start().strip_prefix(number.as_str())?.strip_prefix(' '))
    };
    let map = value("rtpmap").map(str::trim).unwrap_or(static_map(payload_type));
    Format { payload_type, map, params: value("fmtp").unwrap_or_default() }
}

/// Payload types that need no rtpmap (RFC 3551 §6).
const fn static_map(payload_type: u8) -> &'static str {
    match payload_type {
        0 => "PCMU/8000",
        3 => "GSM/8000",
        8 => "PCMA/8000",
        9 => "G722/8000",
        18 => "G729/8000",
        _ => "",
    }
}

fn rate(format: &Format<'_>) -> Option<Codec> {
    let (name, clock) = format.map.split_once('/')?;
    let is_mono = matches!(clock, "8000" | "8000/1");
    let (bytes, units) = match name.to_ascii_uppercase().as_str() {
        "PCMU" | "PCMA" | "G722" => (1, 1),
        "G729" | "G729A" => (10, 80),
        "GSM" => (33, 160),
        "G726-32" => (40, 80),
        // RFC 3952 §5: 30 ms unless the mode says otherwise.
        "ILBC" if param(format.params, "mode") == Some(20) => (38, 160),
        "ILBC" => (50, 240),
        _ => return None,
    };
    is_mono.then_some(Codec { payload_type: format.payload_type, bytes, units, reserved: 0 })
}

/// A parameter's number among those of a fmtp.
fn param(fmtp: &str, name: &str) -> Option<u32> {
    fmtp.split([';', ' ']).find_map(|param| {
        let (key, value) = param.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(line: &str) -> Media {
        let text = format!("v=0\r\nm={line}");
        sdp_types::Session::parse(text.as_bytes()).unwrap().medias.remove(0)
    }

    #[test]
    fn codecs_of_constant_rate_are_known_by_number_and_by_name() {
        let of = |line| constant(&media(line)).map(|it| (it.payload_type, it.bytes, it.units));
        let none = (0, 0, 0);
        assert_eq!(of("audio 4000 RTP/AVP 0 8 9 18 3"), [(0, 1, 1), (8, 1, 1), (9, 1, 1), (18, 10, 80)]);
        let ilbc = "audio 4000 RTP/AVP 97 98 111 96\r\na=rtpmap:97 iLBC/8000\r\na=rtpmap:98 iLBC/8000\r\na=fmtp:98 mode=20\r\n\
            a=rtpmap:111 opus/48000/2\r\na=rtpmap:96 G726-32/8000";
        assert_eq!(of(ilbc), [(97, 50, 240), (98, 38, 160), (96, 40, 80), none]);
        assert_eq!(
            of("audio 4000 RTP/AVP 0 13 101\r\na=rtpmap:0 opus/48000/2\r\na=rtpmap:101 telephone-event/8000"),
            [none; 4]
        );
        assert_eq!(of("audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/16000"), [none; 4]);
    }

    #[test]
    fn packets_follow_the_shortest_time_that_is_spoken_of() {
        for (line, expected) in [
            ("audio 4000 RTP/AVP 0", 50),
            ("audio 4000 RTP/AVP 0\r\na=ptime:30", 50),
            ("audio 4000 RTP/AVP 0\r\na=ptime:10", 100),
            ("audio 4000 RTP/AVP 0\r\na=ptime:0", 50),
            ("audio 4000 RTP/AVP 111\r\na=fmtp:111 useinbandfec=1;minptime=5", 200),
            ("video 4000 RTP/AVP 96", 1_000),
        ] {
            assert_eq!(packets(&media(line)), expected, "{line}");
        }
    }

    #[test]
    fn the_first_codec_has_a_name() {
        let of = |line| first(&media(line));
        assert_eq!(of("audio 4000 RTP/AVP 8 0"), "PCMA/8000");
        assert_eq!(of("audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2"), "opus/48000/2");
        assert_eq!((of("audio 4000 RTP/AVP 77"), of("image 4000 udptl t38")), ("77".to_owned(), "t38".to_owned()));
    }
}
