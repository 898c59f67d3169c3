//! Transcripts with a clock of their own: what the engine makes of whole stories.
mod bans;
mod calls;
mod distributed;
mod evasion;
mod feeds;
mod flood;
mod framing;
mod honest;
mod inventory;
mod office;
mod peers;
mod probing;
mod restart;
mod size;
mod trust;
mod world;
