//! How far relays' logs were read, and which letters stand in a relay's queue there by its own names.

use super::{Result, Store, instant, letters::reader_id, millis, query::from_row, sql::fates};
use crate::model::{Instant, ReaderId};

/// A file of a log and how far it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPosition {
    /// Where the file is on the disk.
    pub device: i64,
    /// The same.
    pub inode: i64,
    /// The end of the last whole line.
    pub length: i64,
    /// A fingerprint of its first line; empty if there was none.
    pub first_line: String,
}

from_row!(LogPosition { device, inode, length, first_line });

/// A letter in a relay's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueName {
    /// The relay's name for it.
    pub queue: String,
    /// Its edition, by the store's key.
    pub edition: i64,
    /// Whose it is.
    pub reader: ReaderId,
    /// When the relay named it.
    pub at: Instant,
}

struct Row {
    queue: String,
    edition_id: i64,
    public_id: Vec<u8>,
    named_at: i64,
}

from_row!(Row { queue, edition_id, public_id, named_at });

impl Store {
    /// How far the log of a relay was read, if it was.
    pub async fn log_position(&self, relay: &str) -> Result<Option<LogPosition>> {
        self.read(fates::LOG_POSITION).bind(relay).fetch_optional().await
    }

    /// The letters that stood in its queue there.
    pub async fn queue_names(&self, relay: &str) -> Result<Vec<QueueName>> {
        let rows: Vec<Row> = self.read(fates::QUEUE_NAMES).bind(relay).fetch_all().await?;
        let name = |row: Row| {
            let Row { queue, edition_id, public_id, named_at } = row;
            Ok(QueueName { queue, edition: edition_id, reader: reader_id(public_id)?, at: instant(named_at)? })
        };
        rows.into_iter().map(name).collect()
    }

    /// Writes down how far the log of a relay was read, with the letters that are in its queue there.
    pub async fn note_log_position(&self, relay: &str, position: &LogPosition, names: &[QueueName]) -> Result<()> {
        self.transact(async |mut tx| {
            let query = tx.query(fates::NOTE_LOG_POSITION).bind(relay).bind(position.device).bind(position.inode);
            query.bind(position.length).bind(&position.first_line).execute().await?;
            tx.query(fates::DROP_QUEUE_NAMES).bind(relay).execute().await?;
            for name in names {
                let query = tx.query(fates::ADD_QUEUE_NAME).bind(relay).bind(&name.queue).bind(name.edition);
                query.bind(name.reader.bytes().to_vec()).bind(millis(name.at)).execute().await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Whether an edition that was given to relays after an instant has letters that may or may not have arrived.
    pub async fn has_doubts(&self, after: Instant) -> Result<bool> {
        let doubts: i64 = self.read(fates::HAS_DOUBTS).bind(millis(after)).fetch_one().await?;
        Ok(doubts > 0)
    }
}
