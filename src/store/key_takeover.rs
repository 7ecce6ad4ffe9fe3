//! A store that takes the place of another one: with its key, old links and hashes go on meaning the same readers.

use super::{Result, Store, sql::lists};
use crate::model::Key;

impl Store {
    /// Takes the key of another store, if nothing was made with our own yet; gives the store as it works from then
    /// on. None if it is in use. A rehearsal tells the same and changes nothing.
    pub async fn take_over_key(&self, key: &Key, rehearsal: bool) -> Result<Option<Self>> {
        if self.key == *key {
            return Ok(Some(self.clone()));
        }
        let (ours, theirs) = (self.key.expose().to_vec(), key.expose().to_vec());
        let taken: Result<bool> = self
            .transact_alone(async |mut tx| {
                let query = tx.query(lists::TAKE_OVER_KEY).bind(&ours).bind(&theirs);
                let taken = query.execute().await? == 1;
                if !rehearsal {
                    tx.commit().await?;
                }
                Ok(taken)
            })
            .await;
        Ok(taken?.then(|| Self { key: key.clone(), ..self.clone() }))
    }

    /// How many readers hang on the store's key.
    pub async fn reader_count(&self) -> Result<i64> {
        self.read(lists::COUNT_READERS).fetch_one().await
    }
}
