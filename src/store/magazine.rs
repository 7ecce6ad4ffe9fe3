//! Whose the store is: an id that is made with it, so that the configuration of another magazine does
//! not mix with it.

use data_encoding::HEXLOWER;

use super::{Error, Result, Store, instant, millis, query::from_row, sql};
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

struct MagazineRow {
    id: Vec<u8>,
    name: String,
    address: String,
    began_at: i64,
}

from_row!(MagazineRow { id, name, address, began_at });

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
            self.write(sql::CALL_MAGAZINE).bind(ours.name).bind(ours.address).execute().await?;
        }
        Ok(())
    }

    async fn find_magazine(&self, ours: MagazineName<'_>, at: Instant) -> Result<Magazine> {
        // An id in the configuration of a store that is new: it was lost, and is made again.
        let named = ours.id.and_then(|id| HEXLOWER.decode(id.to_ascii_lowercase().as_bytes()).ok());
        let id = named.map_or_else(|| Self::random().map(Vec::from), Ok)?;

        self.write(sql::ADD_MAGAZINE).bind(id).bind(ours.name).bind(ours.address).bind(millis(at)).execute().await?;
        // Of two first runs at once, one has written it.
        let row: MagazineRow = self.write(sql::FIND_MAGAZINE).fetch_one().await?;
        let began = instant(row.began_at)?;
        Ok(Magazine { id: HEXLOWER.encode(&row.id), name: row.name, address: row.address, began })
    }
}
