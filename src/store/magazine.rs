//! Whose the store is: an id that is made with it, so that the configuration of another magazine does
//! not mix with it.

use data_encoding::HEXLOWER;

use super::{Error, Result, Store, instant, millis, on_writing, sql};
use crate::model::Instant;

/// The magazine that a store belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magazine {
    /// 32 hexadecimal digits.
    pub id: String,
    /// As its configuration last called it.
    pub name: String,
    /// Its address, as [`MagazineName::address`].
    pub address: String,
    /// When the store was opened first.
    pub began: Instant,
}

/// Which magazine a configuration is of.
#[derive(Debug, Clone, Copy)]
pub struct MagazineName<'a> {
    /// The id, if the configuration names one.
    pub id: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// Its address without a scheme, and the day that stands in its columns' ids.
    pub address: &'a str,
}

/// A magazine as the store wrote it; none if nothing is written.
pub(super) fn read(
    id: Option<Vec<u8>>,
    name: Option<String>,
    address: Option<String>,
    began: Option<i64>,
) -> Result<Option<Magazine>> {
    match (id, name, address, began) {
        (Some(id), Some(name), Some(address), Some(began)) => {
            Ok(Some(Magazine { id: HEXLOWER.encode(&id), name, address, began: instant(began)? }))
        }
        _ => Ok(None),
    }
}

impl Store {
    /// Whose the store is; nothing before [`Self::belong`].
    pub fn magazine(&self) -> Option<&Magazine> {
        self.magazine.as_ref()
    }

    /// Makes a new store a magazine's, and refuses it to another. Where the configuration names the id, the
    /// magazine may be called otherwise than before.
    pub async fn belong(&mut self, ours: MagazineName<'_>, at: Instant) -> Result<()> {
        if self.magazine.is_none() {
            self.magazine = Some(self.find_magazine(ours, at).await?);
        }
        let Some(magazine) = &mut self.magazine else { return Ok(()) };
        let same = (magazine.name.as_str(), magazine.address.as_str()) == (ours.name, ours.address);
        if ours.id.map_or(!same, |id| !id.eq_ignore_ascii_case(&magazine.id)) {
            return Err(Error::Foreign {
                owner: magazine.name.clone(),
                address: magazine.address.clone(),
                id: magazine.id.clone(),
                name: ours.name.to_owned(),
            });
        }
        if !same {
            (magazine.name, magazine.address) = (ours.name.to_owned(), ours.address.to_owned());
            on_writing!(self, pool => sqlx::query(sql::CALL_MAGAZINE).bind(ours.name).bind(ours.address).execute(pool).await?.rows_affected());
        }
        Ok(())
    }

    async fn find_magazine(&self, ours: MagazineName<'_>, at: Instant) -> Result<Magazine> {
        // An id in the configuration of a store that is new: it was lost, and is made again.
        let named = ours.id.and_then(|id| HEXLOWER.decode(id.to_ascii_lowercase().as_bytes()).ok());
        let id = named.map_or_else(|| Self::random().map(Vec::from), Ok)?;
        let row: (Vec<u8>, String, String, i64) = on_writing!(self, pool => {
            sqlx::query(sql::ADD_MAGAZINE)
                .bind(id)
                .bind(ours.name)
                .bind(ours.address)
                .bind(millis(at))
                .execute(pool)
                .await?;
            // Of two first runs at once, one has written it.
            sqlx::query_as(sql::FIND_MAGAZINE).fetch_one(pool).await?
        });
        Ok(Magazine { id: HEXLOWER.encode(&row.0), name: row.1, address: row.2, began: instant(row.3)? })
    }
}
