//! Who may come to the editors' desk. A link or a session names its generation: ending all of somebody's is
//! counting theirs up.

use super::{Result, Store, instant, millis, query::from_row, sql};
use crate::model::Instant;

/// A session at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskSession {
    /// An editor's address, folded; empty for who works at the machine itself.
    pub name: String,
    /// When it began.
    pub began: Instant,
    /// When it ends.
    pub ends: Instant,
    /// From which address, if it is known.
    pub came_from: Option<String>,
}

struct DeskSessionRow {
    name: String,
    began_at: i64,
    ends_at: i64,
    came_from: Option<String>,
}

from_row!(DeskSessionRow { name, began_at, ends_at, came_from });

impl Store {
    /// The generation of somebody's links and sessions.
    pub async fn desk_generation(&self, name: &str) -> Result<i64> {
        let found: Option<i64> = self.read(sql::DESK_GENERATION).bind(name).fetch_optional().await?;
        Ok(found.unwrap_or_default())
    }

    /// Notes whom the configuration names. Who is named no more loses links and sessions for good: named again,
    /// they begin anew.
    pub async fn keep_editors(&self, names: &[String]) -> Result<()> {
        let known: Vec<(String, i64)> = self.read(sql::DESK_EDITORS).fetch_all().await?;
        let is_known = |name: &String| known.iter().any(|(known, is_editor)| known == name && *is_editor == 1);
        let is_left = |(known, is_editor): &(String, i64)| *is_editor == 1 && !names.contains(known);
        if names.iter().all(is_known) && !known.iter().any(is_left) {
            return Ok(());
        }
        self.transact_alone(async |mut tx| {
            for name in names {
                tx.query(sql::ADD_DESK_EDITOR).bind(name).execute().await?;
            }
            for (name, _) in known.iter().filter(|known| is_left(known)) {
                tx.query(sql::DROP_DESK_EDITOR).bind(name).execute().await?;
                tx.query(sql::END_DESK_SESSIONS_OF).bind(name).execute().await?;
            }
            tx.commit().await
        })
        .await
    }

    /// A secret for a session: nobody guesses it.
    pub fn secret(&self) -> Result<Vec<u8>> {
        Ok(Self::random()?.to_vec())
    }

    /// Makes a link that lets who works at the machine in once, before an instant; a browser shows its secret.
    pub async fn add_desk_entry(&self, secret: &[u8], ends: Instant, at: Instant) -> Result<()> {
        let id = self.desk_entry_id(secret);
        self.transact(async |mut tx| {
            tx.query(sql::DROP_OLD_DESK_ENTRIES).bind(millis(at)).execute().await?;
            tx.query(sql::ADD_DESK_ENTRY).bind(&id).bind(millis(ends)).execute().await?;
            tx.commit().await
        })
        .await
    }

    /// Whether such a link still lets somebody in.
    pub async fn is_desk_entry(&self, secret: &[u8], at: Instant) -> Result<bool> {
        let id = self.desk_entry_id(secret);
        let count: i64 = self.read(sql::IS_DESK_ENTRY).bind(id).bind(millis(at)).fetch_one().await?;
        Ok(count == 1)
    }

    /// Uses such a link up; false if it is already.
    pub async fn use_desk_entry(&self, secret: &[u8], at: Instant) -> Result<bool> {
        let id = self.desk_entry_id(secret);
        let used = self.write(sql::USE_DESK_ENTRY).bind(id).bind(millis(at)).execute().await?;
        Ok(used == 1)
    }

    /// Begins a session that a browser names by a secret.
    pub async fn begin_desk_session(&self, secret: &[u8], generation: i64, session: &DeskSession) -> Result<()> {
        let id = self.desk_session_id(secret);
        self.transact(async |mut tx| {
            tx.query(sql::DROP_OLD_DESK_SESSIONS).bind(millis(session.began)).execute().await?;
            tx.query(sql::ADD_DESK_SESSION)
                .bind(&id)
                .bind(&session.name)
                .bind(generation)
                .bind(millis(session.began))
                .bind(millis(session.ends))
                .bind(&session.came_from)
                .execute()
                .await?;
            tx.commit().await
        })
        .await
    }

    /// Whose session a secret names at an instant.
    pub async fn desk_session(&self, secret: &[u8], at: Instant) -> Result<Option<String>> {
        let id = self.desk_session_id(secret);
        self.read(sql::DESK_SESSION).bind(id).bind(millis(at)).fetch_optional().await
    }

    /// Ends one session.
    pub async fn end_desk_session(&self, secret: &[u8]) -> Result<()> {
        let id = self.desk_session_id(secret);
        self.write(sql::END_DESK_SESSION).bind(id).execute().await?;
        Ok(())
    }

    /// All sessions that are open at an instant, the newest last.
    pub async fn desk_sessions(&self, at: Instant) -> Result<Vec<DeskSession>> {
        let rows: Vec<DeskSessionRow> = self.read(sql::DESK_SESSIONS).bind(millis(at)).fetch_all().await?;
        let session = |row: DeskSessionRow| {
            let (began, ends) = (instant(row.began_at)?, instant(row.ends_at)?);
            Ok(DeskSession { name: row.name, began, ends, came_from: row.came_from })
        };
        rows.into_iter().map(session).collect()
    }

    /// Ends somebody's sessions and links, or everybody's; gives how many sessions were open.
    pub async fn revoke_desk(&self, name: Option<&str>, at: Instant) -> Result<usize> {
        let open = self.desk_sessions(at).await?;
        self.transact_alone(async |mut tx| {
            if name.is_none_or(str::is_empty) {
                tx.query(sql::END_DESK_ENTRIES).execute().await?;
            }
            match name {
                Some(name) => {
                    tx.query(sql::REVOKE_DESK).bind(name).execute().await?;
                    tx.query(sql::END_DESK_SESSIONS_OF).bind(name).execute().await?;
                }
                None => {
                    // Who works at the machine has no row before.
                    tx.query(sql::REVOKE_DESK).bind("").execute().await?;
                    tx.query(sql::REVOKE_EDITORS).execute().await?;
                    tx.query(sql::END_DESK_SESSIONS).execute().await?;
                }
            }
            tx.commit().await
        })
        .await?;
        Ok(open.iter().filter(|session| name.is_none_or(|name| session.name == name)).count())
    }

    fn desk_entry_id(&self, secret: &[u8]) -> Vec<u8> {
        self.key.sign("desk entry", secret).to_vec()
    }

    fn desk_session_id(&self, secret: &[u8]) -> Vec<u8> {
        self.key.sign("desk session", secret).to_vec()
    }
}
