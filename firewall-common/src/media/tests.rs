//! What is told of media packets, and whom flows are for.
