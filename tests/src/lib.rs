//! What the tests with the loaded kernel program and with real peers share.
//!
//! Owns: packet builders, the harness of BPF_PROG_TEST_RUN, namespaces, the virtual machine with the oldest kernel. Refuses:
//! being part of the product.
pub mod bench;
pub mod harness;
pub mod packets;
pub mod vm;
pub mod world;
