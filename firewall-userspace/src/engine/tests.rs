//! Transcripts with a clock of their own: what the engine makes of whole stories.
mod bans;
mod calls;
mod distributed;
mod evasion;
mod feeds;
mod flood;
mod framing;
mod fraud;
mod honest;
mod office;
mod peers;
mod probing;
mod restart;
mod signs;
mod size;
mod trust;
mod world;
