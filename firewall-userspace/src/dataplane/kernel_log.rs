//! What the kernel programs log, where they were loaded to log anything.
//!
//! Owns: the reading end of aya-log's ring. Refuses: formatting and filtering; the process's logger does that.
use std::os::fd::{AsRawFd, RawFd};

use aya_log::EbpfLogger;

/// The records of one program.
pub struct KernelLog(EbpfLogger<&'static dyn log::Log>);

impl KernelLog {
    /// Those of the program `program_id`; nothing when it was loaded without logging.
    pub fn open(program_id: u32) -> Option<Self> {
        EbpfLogger::init_from_id(program_id).ok().map(Self)
    }

    /// Hands all records that are there to the logger.
    pub fn flush(&mut self) {
        self.0.flush();
    }
}

impl AsRawFd for KernelLog {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
