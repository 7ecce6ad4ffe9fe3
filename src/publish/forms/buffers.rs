//! What documents are written on, again and again: memory that is fresh from the system costs more
//! than the writing on it.

/// Buffers that documents were written on and that are free again.
#[derive(Debug, Default)]
pub struct BufferPool {
    free: Vec<Vec<u8>>,
}

impl BufferPool {
    /// An empty sheet with room for so many bytes.
    pub(super) fn take(&mut self, room: usize) -> Vec<u8> {
        let mut buffer = self.free.pop().unwrap_or_default();
        buffer.clear();
        buffer.reserve(room);
        buffer
    }

    /// Takes back what is of no more use.
    pub fn give_back(&mut self, free: impl IntoIterator<Item = Vec<u8>>) {
        self.free.extend(free);
    }
}
