//! What an error of the store means for who asked.

use super::{Error, open};

impl Error {
    /// Whether another transaction was in the way, so that the same may succeed if it is said again.
    pub(super) fn is_conflict(&self) -> bool {
        use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
        let (Self::Sql(error) | Self::Migrate(Execute(error) | ExecuteMigration(error, _))) = self else {
            return false;
        };
        let sqlx::Error::Database(error) = error else { return false };
        // Postgres: serialization failure, deadlock. SQLite: a snapshot that is out of date. (Where another
        // program is writing, SQLite itself waits.)
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "517"))
    }

    /// Whether nothing can be written where the store lies: the disk is full, or read-only.
    pub fn is_unwritable(&self) -> bool {
        match self {
            Self::Make { source, .. } => source.kind() != std::io::ErrorKind::NotFound,
            Self::Migrate(sqlx::migrate::MigrateError::Execute(error)) => open::is_unwritable(error),
            Self::Migrate(sqlx::migrate::MigrateError::ExecuteMigration(error, _)) => open::is_unwritable(error),
            Self::Open { reason, .. } | Self::Sql(reason) => open::is_unwritable(reason),
            _ => false,
        }
    }

    /// Whether the connection was lost, so that the same may be asked again.
    pub fn is_lost(&self) -> bool {
        use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
        match self {
            Self::Sql(error) | Self::Migrate(Execute(error) | ExecuteMigration(error, _)) => open::is_lost(error),
            Self::Open { reason, .. } => open::is_lost_at_first(reason),
            _ => false,
        }
    }
}
