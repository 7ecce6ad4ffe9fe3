//! What documents are written on, again and again: memory that is fresh from the system costs more
//! than the writing on it.

/// Buffers that documents were written on and that are free again.
#[derive(Debug, Default)]
pub struct Paper {
    sheets: Vec<Vec<u8>>,
}

impl Paper {
    /// An empty sheet with room for so many bytes.
    pub(super) fn sheet(&mut self, room: usize) -> Vec<u8> {
        let mut sheet = self.sheets.pop().unwrap_or_default();
        sheet.clear();
        sheet.reserve(room);
        sheet
    }

    /// Takes back what is of no more use.
    pub fn take_back(&mut self, sheets: impl IntoIterator<Item = Vec<u8>>) {
        self.sheets.extend(sheets);
    }
}
