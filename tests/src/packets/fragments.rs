//! A datagram in parts.
//!
//! Owns: cutting a datagram at given places, and single fragments as a test wants them. Refuses: putting them together.
use super::frame::Frame;

/// Which part of its datagram a fragment is.
#[derive(Clone, Copy, Debug)]
pub struct Fragment {
    /// The datagram's identification.
    pub id: u32,
    /// Offset in bytes; the wire has multiples of eight.
    pub offset: u16,
    /// Whether more follow.
    pub more: bool,
}

impl Frame {
    /// The datagram in fragments of at most `size` bytes each, in order; `size` is a multiple of eight.
    pub fn fragments(&self, id: u32, size: usize) -> Vec<Vec<u8>> {
        assert!(size.is_multiple_of(8) && size > 0);
        let datagram = self.datagram();
        let parts = datagram.chunks(size).enumerate();
        parts
            .map(|(index, data)| {
                let offset = index * size;
                let more = offset + data.len() < datagram.len();
                self.around(data, Some(Fragment { id, offset: offset as u16, more }))
            })
            .collect()
    }

    /// One fragment with the bytes `from..to` of the datagram, placed at `from`.
    pub fn slice(&self, id: u32, from: usize, to: usize) -> Vec<u8> {
        let datagram = self.datagram();
        let more = to < datagram.len();
        self.around(&datagram[from..to], Some(Fragment { id, offset: from as u16, more }))
    }

    /// One fragment with any bytes.
    pub fn fragment(&self, part: Fragment, data: &[u8]) -> Vec<u8> {
        self.around(data, Some(part))
    }
}
