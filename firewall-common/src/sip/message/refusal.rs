//! The closed vocabulary of what makes a message unreadable.
//!
//! Owns: each refusal's word and its sentence. Refuses: finding faults.
use core::fmt;

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal;)+) => {
        /// Why a message is not read: the first rule that it breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Refusal { $($(#[doc = $doc])+ $name,)+ }

        impl Refusal {
            /// Every refusal.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word by which it is counted.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// The rule, for an operator.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

refusals! {
    /// The empty line that ends the headers is missing.
    Unfinished = "unfinished";
    /// The start line and headers are longer than 65,535 bytes.
    HeadTooLong = "head_too_long";
    /// More than 128 lines before the body, folded ones counted.
    TooManyLines = "too_many_lines";
    /// More than 256 elements of lists and parameters in the header fields that are read.
    TooManyParts = "too_many_parts";
    /// A CR without LF or a LF without CR in the start line or the headers.
    LineEnd = "line_end";
    /// A zero byte in the start line or the headers.
    Nul = "nul";
    /// The first line is neither `METHOD URI SIP/2.0` nor `SIP/2.0 STATUS REASON`, parted by single spaces.
    StartLine = "start_line";
    /// The request is of another version than SIP/2.0.
    Version = "version";
    /// The Request-URI cannot be read, or carries header fields.
    RequestUri = "request_uri";
    /// The status code is no number from 100 to 699.
    Status = "status";
    /// A header line does not begin with a name and a colon.
    HeaderName = "header_name";
    /// One of Via, From, To, Call-ID and CSeq is missing.
    MissingHeader = "missing_header";
    /// A header field that may stand once stands twice.
    RepeatedHeader = "repeated_header";
    /// A quoted string does not end.
    Quote = "quote";
    /// What stands before a URI in angle brackets is no display name: one with a comma must be quoted.
    DisplayName = "display_name";
    /// A URI cannot be read.
    Uri = "uri";
    /// A URI with a question mark stands without angle brackets.
    BareUri = "bare_uri";
    /// A parameter without a name or with a value that cannot be read, or something behind the last parameter.
    Parameter = "parameter";
    /// A parameter that may stand once stands twice.
    RepeatedParameter = "repeated_parameter";
    /// A list has an empty element, or something between an element and the next comma.
    List = "list";
    /// A Via does not begin with SIP/2.0, a transport and a host.
    Via = "via";
    /// The Call-ID is empty or has white space in it.
    CallId = "call_id";
    /// The CSeq is no number below 2³¹ followed by a method.
    CSeq = "cseq";
    /// The CSeq's method is not the request's.
    CSeqMethod = "cseq_method";
    /// The parameters of Digest credentials or of a Digest challenge cannot be read.
    Digest = "digest";
    /// The Date is not in GMT.
    Date = "date";
    /// The Content-Length is no number.
    ContentLength = "content_length";
    /// The Content-Length announces more than there is.
    BodyCut = "body_cut";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.explanation())
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_sentences_end() {
        for (i, refusal) in Refusal::ALL.iter().enumerate() {
            assert!(Refusal::ALL[..i].iter().all(|other| other.word() != refusal.word()));
            assert!(refusal.to_string().ends_with('.'), "{refusal}");
        }
    }
}
