//! What the tests with the loaded kernel program and with real peers share.
//!
//! Owns: packet builders, the harness of BPF_PROG_TEST_RUN, namespaces. Refuses: being part of the product.
pub mod vm;
pub mod world;
