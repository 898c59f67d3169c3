//! The stages, one file each, each with the maps that only it queries.
pub(crate) mod caller;
pub(crate) mod copy;
pub(crate) mod deny;
pub(crate) mod dialog;
pub(crate) mod fragment;
pub(crate) mod hold;
pub(crate) mod limit;
pub(crate) mod media;
pub(crate) mod number;
pub(crate) mod ports;
pub(crate) mod response;
pub(crate) mod sdp;
pub(crate) mod signature;
pub(crate) mod sip;
pub(crate) mod source;
pub(crate) mod transport;
