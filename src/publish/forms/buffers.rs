//! Buffers that documents are written in again and again: memory fresh from the system costs more than the writing.

/// Buffers that documents were written in and that are free again.
#[derive(Debug, Default)]
pub struct BufferPool {
    free: Vec<Vec<u8>>,
}

impl BufferPool {
    /// An empty buffer with room for so many bytes.
    pub(super) fn take(&mut self, room: usize) -> Vec<u8> {
        let mut buffer = self.free.pop().unwrap_or_default();
        buffer.clear();
        buffer.reserve(room);
        buffer
    }

    /// Takes back buffers that are free again.
    pub fn give_back(&mut self, free: impl IntoIterator<Item = Vec<u8>>) {
        self.free.extend(free);
    }
}
