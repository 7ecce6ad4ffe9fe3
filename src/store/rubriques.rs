//! Rubriques that are called otherwise than they were: what readers chose and what columns belong to follows the
//! configuration, and what it does not know any more is counted.

use std::collections::{BTreeMap, HashMap};

use super::{Result, Store, instant, query::from_row, sql::lists};
use crate::model::{Choice, OrphanRubrique, Rubrique, Slug, column::fingerprint, text};

/// A rubrique that is called otherwise now, and what followed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// As it was called.
    pub from: Slug,
    /// As it is called.
    pub to: Slug,
    /// How many readers had chosen it.
    pub readers: u64,
    /// How many columns belonged to it.
    pub columns: u64,
}

/// A column of a rubrique.
struct RubriqueColumn {
    id: i64,
    published_at: i64,
}

from_row!(RubriqueColumn { id, published_at });

/// What a slug of the store means in the configuration, if that does not have it as it is: a label or a former
/// name, or a former label of what the store calls so.
fn successor<'r>(rubriques: &'r [Rubrique], slug: &str, label: Option<&String>) -> Option<&'r Rubrique> {
    if rubriques.iter().any(|rubrique| rubrique.slug.as_str() == slug) {
        return None;
    }
    let by_label = || {
        let folded = text::fold(label?);
        rubriques.iter().find(|rubrique| rubrique.formerly.iter().any(|name| text::fold(name) == folded))
    };
    Rubrique::find(rubriques, slug).or_else(by_label)
}

impl Store {
    /// Whether the rubriques of a configuration have been compared with the store's.
    pub async fn are_rubriques_checked(&self, configuration: &str) -> Result<bool> {
        let last: Option<String> = self.read(lists::RUBRIQUES_CHECKED).fetch_optional().await?;
        Ok(last.as_deref() == Some(configuration))
    }

    /// Says that they have.
    pub async fn set_rubriques_checked(&self, configuration: &str) -> Result<()> {
        self.write(lists::SET_RUBRIQUES_CHECKED).bind(configuration).execute().await?;
        Ok(())
    }

    /// Lets readers and columns follow the rubriques of the configuration, all in one transaction.
    pub async fn follow_rubriques(&self, rubriques: &[Rubrique]) -> Result<Vec<Followed>> {
        self.transact_alone(async |mut tx| {
            let known: Vec<(String, String)> = tx.query(lists::KNOWN_RUBRIQUES).fetch_all().await?;
            let labels: HashMap<String, String> = known.iter().cloned().collect();
            let choices: Vec<String> = tx.query(lists::ALL_CHOICES).fetch_all().await?;
            let columns: Vec<String> = tx.query(lists::COLUMN_RUBRIQUES).fetch_all().await?;
            let chosen = choices.iter().flat_map(|choice| choice.split(','));
            let slugs =
                chosen.chain(columns.iter().map(String::as_str)).chain(known.iter().map(|(slug, _)| slug.as_str()));
            let mut followed: BTreeMap<Slug, Followed> = BTreeMap::new();
            for slug in slugs {
                let (Ok(from), Some(rubrique)) = (Slug::parse(slug), successor(rubriques, slug, labels.get(slug)))
                else {
                    continue;
                };
                let to = rubrique.slug.clone();
                followed.insert(from.clone(), Followed { from, to, readers: 0, columns: 0 });
            }
            let mut batch = tx.batch(Vec::new()).await?;
            for one in followed.values_mut() {
                let rows: Vec<RubriqueColumn> = tx.query(lists::COLUMNS_IN).bind(one.from.as_str()).fetch_all().await?;
                one.columns = rows.len() as u64;
                for RubriqueColumn { id, published_at } in rows {
                    for rubrique in [&one.from, &one.to] {
                        batch.touch(instant(published_at)?, Some(rubrique));
                    }
                    // Another one than any file gives: a column that is read again is compared whole.
                    let stamp = fingerprint([id.to_string().as_str(), one.from.as_str(), one.to.as_str()]);
                    let query = tx.query(lists::SET_COLUMN_RUBRIQUE).bind(id).bind(one.to.as_str()).bind(stamp);
                    let query = query.bind(batch.revision);
                    query.execute().await?;
                }
                tx.query(lists::DROP_RUBRIQUE).bind(one.from.as_str()).execute().await?;
            }
            tx.put_touched(&batch).await?;
            for choice in &choices {
                let renamed = |slug: &str| followed.get(&Slug::parse(slug).ok()?).map(|one| one.to.clone());
                let own = choice.split(',').filter_map(|slug| renamed(slug).or_else(|| Slug::parse(slug).ok()));
                let now = Choice::of(own).key();
                if now == *choice {
                    continue;
                }
                let query = tx.query(lists::RENAME_CHOICE).bind(choice).bind(&now);
                let readers = query.execute().await?;
                tx.query(lists::RENAME_REQUESTED_CHOICE).bind(choice).bind(&now).execute().await?;
                for slug in choice.split(',').filter_map(|slug| Slug::parse(slug).ok()) {
                    if let Some(one) = followed.get_mut(&slug) {
                        one.readers += readers;
                    }
                }
            }
            tx.commit().await?;
            Ok(followed.into_values().filter(|one| one.readers + one.columns > 0).collect())
        })
        .await
    }

    /// Rubriques that readers chose and the configuration does not have.
    pub async fn orphan_rubriques(&self, rubriques: &[Rubrique]) -> Result<Vec<OrphanRubrique>> {
        let rows: Vec<(String, i64)> = self.read(lists::COUNT_CHOICES).fetch_all().await?;
        let is_known = |slug: &str| rubriques.iter().any(|rubrique| rubrique.slug.as_str() == slug);
        let mut orphans: BTreeMap<Slug, (i64, i64)> = BTreeMap::new();
        for (choice, readers) in &rows {
            let stranded = if choice.split(',').any(is_known) { 0 } else { *readers };
            for slug in choice.split(',').filter(|slug| !is_known(slug)).filter_map(|slug| Slug::parse(slug).ok()) {
                let counts = orphans.entry(slug).or_default();
                *counts = (counts.0 + readers, counts.1 + stranded);
            }
        }
        let orphan = |(slug, (readers, stranded))| OrphanRubrique { slug, readers, stranded };
        Ok(orphans.into_iter().map(orphan).collect())
    }
}
