//! Codecs of constant rate, and how many packets a second a media line makes.
//!
//! Owns: what RFC 3551, RFC 3952 and the media line's attributes say of them. Refuses: codecs whose packets vary.
use firewall_common::media::{CODECS, Codec};
use sdp_types::Media;

/// What a packet lasts if nobody says otherwise, in milliseconds (RFC 3551 §4.2).
const PTIME: u32 = 20;
/// Packets a second of what is no audio: a video of several megabits.
const GENEROUS: u32 = 1_000;

/// Formats, and attributes of a kind, of one line that are looked at.
const FORMATS: usize = 32;

/// What stands in a media line, or in its attributes, of its formats.
pub(super) struct Formats<'a> {
    media: &'a Media,
    /// Names and clocks, by payload type: `PCMU/8000`.
    maps: Vec<(u8, &'a str)>,
    params: Vec<(u8, &'a str)>,
}

impl<'a> Formats<'a> {
    /// Those of a media line.
    pub(super) fn of(media: &'a Media) -> Self {
        let values = |name| {
            let all = media.get_attribute_values(name).flatten();
            let split = all.filter_map(|value| value.trim_start().split_once(' '));
            split.filter_map(|(number, rest)| Some((number.parse().ok()?, rest.trim()))).take(FORMATS).collect()
        };
        Self { media, maps: values("rtpmap"), params: values("fmtp") }
    }

    /// The name and clock of the one that is named first.
    pub(super) fn first(&self) -> String {
        let Some(format) = self.media.fmt.split_ascii_whitespace().next() else { return String::new() };
        let known = format.parse().ok().map(|number| self.map(number)).filter(|map| !map.is_empty());
        known.unwrap_or(format).chars().filter(|c| !c.is_control()).take(32).collect()
    }

    /// Codecs of constant rate.
    pub(super) fn constant(&self) -> [Codec; CODECS] {
        let mut codecs = [Codec::default(); CODECS];
        let formats = self.media.fmt.split_ascii_whitespace().take(FORMATS).filter_map(|format| format.parse().ok());
        let known = formats.filter_map(|number| rate(number, self.map(number), self.param(number)));
        codecs.iter_mut().zip(known).for_each(|(slot, codec)| *slot = codec);
        codecs
    }

    /// How many packets a second the line makes at most.
    pub(super) fn packets(&self) -> u32 {
        if !self.media.media.eq_ignore_ascii_case("audio") {
            return GENEROUS;
        }
        let ptime = self.media.get_first_attribute_value("ptime").flatten().and_then(|value| value.trim().parse().ok());
        let least = self.params.iter().filter_map(|(_, params)| number(params, "minptime"));
        let ptime = least.chain(ptime).chain([PTIME]).filter(|ptime| *ptime > 0).min();
        1_000 / ptime.unwrap_or(PTIME)
    }

    fn map(&self, payload_type: u8) -> &'a str {
        let map = self.maps.iter().find(|(number, _)| *number == payload_type);
        map.map_or(static_map(payload_type), |(_, map)| *map)
    }

    fn param(&self, payload_type: u8) -> &'a str {
        self.params.iter().find(|(number, _)| *number == payload_type).map_or("", |(_, params)| *params)
    }
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

fn rate(payload_type: u8, map: &str, params: &str) -> Option<Codec> {
    let (name, clock) = map.split_once('/')?;
    let (bytes, units) = match name.to_ascii_uppercase().as_str() {
        "PCMU" | "PCMA" | "G722" => (1, 1),
        "G729" | "G729A" => (10, 80),
        "GSM" => (33, 160),
        "G726-32" => (40, 80),
        // RFC 3952 §5: 30 ms unless the mode says otherwise.
        "ILBC" if number(params, "mode") == Some(20) => (38, 160),
        "ILBC" => (50, 240),
        _ => return None,
    };
    matches!(clock, "8000" | "8000/1").then_some(Codec { payload_type, bytes, units, reserved: 0 })
}

/// The number of a parameter among those of a fmtp.
fn number(params: &str, name: &str) -> Option<u32> {
    params.split([';', ' ']).find_map(|param| {
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
        let of = |line| Formats::of(&media(line)).constant().map(|it| (it.payload_type, it.bytes, it.units));
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
            assert_eq!(Formats::of(&media(line)).packets(), expected, "{line}");
        }
    }

    #[test]
    fn the_first_codec_has_a_name() {
        let of = |line| Formats::of(&media(line)).first();
        assert_eq!(of("audio 4000 RTP/AVP 8 0"), "PCMA/8000");
        assert_eq!(of("audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2"), "opus/48000/2");
        assert_eq!((of("audio 4000 RTP/AVP 77"), of("image 4000 udptl t38")), ("77".to_owned(), "t38".to_owned()));
    }
}
