//! Many columns and files, none of them twice, written at once. SQLite takes some rows to a statement; Postgres takes
//! an array for each field, because it plans a statement anew for each time that its parameters are rows.

use sqlx::{Postgres, Transaction};

use super::{
    Result, Tx,
    apply::bind_file,
    column_entry::{Address, ColumnValues, bind_column},
    column_lists::Lists,
    millis,
    query::Query,
    sources::SourceFile,
    sql,
};
use crate::model::{Draft, Image, Slug};

/// A column that is to be added with others.
pub(super) struct AddedColumn<'a> {
    pub(super) draft: &'a Draft,
    pub(super) fingerprint: String,
    pub(super) content: String,
    pub(super) updated: i64,
    pub(super) revision: i64,
}

/// The steps that write many rows.
impl Tx<'_> {
    pub(super) async fn add_columns(&mut self, columns: &[AddedColumn<'_>]) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.add_column_rows(columns).await,
            Self::Postgres(tx) => add_column_arrays(tx, columns).await,
        }
    }

    pub(super) async fn put_files(&mut self, files: &[&SourceFile]) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.put_file_rows(files).await,
            Self::Postgres(tx) => put_file_arrays(tx, files).await,
        }
    }

    async fn add_column_rows(&mut self, columns: &[AddedColumn<'_>]) -> Result<()> {
        let (chunks, rest) = columns.as_chunks::<{ sql::ROWS }>();
        fn bind<'c>(query: Query<'c>, column: &AddedColumn<'_>) -> Query<'c> {
            let AddedColumn { draft, fingerprint, content, updated, revision } = column;
            let query = query.bind(&draft.source).bind(&draft.key).bind(&draft.guid);
            let address = Address { url: draft.url.to_string(), asked: None };
            let (updated, revision) = (*updated, *revision);
            bind_column(
                query,
                draft,
                ColumnValues { address, updated, revision, fingerprint, withdrawn: None, content },
            )
        }
        for chunk in chunks {
            chunk.iter().fold(self.query(&**sql::ADD_COLUMNS), bind).execute().await?;
        }
        for column in rest {
            bind(self.query(sql::ADD_COLUMN), column).execute().await?;
        }
        Ok(())
    }

    async fn put_file_rows(&mut self, files: &[&SourceFile]) -> Result<()> {
        let (chunks, rest) = files.as_chunks::<{ sql::ROWS }>();
        for chunk in chunks {
            chunk.iter().fold(self.query(&**sql::PUT_FILES), |query, file| bind_file(query, file)).execute().await?;
        }
        for file in rest {
            self.put_file(file).await?;
        }
        Ok(())
    }
}

async fn add_column_arrays(tx: &mut Transaction<'_, Postgres>, columns: &[AddedColumn<'_>]) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    fn each<'a, T>(columns: &'a [AddedColumn<'a>], of: impl Fn(&'a Draft) -> T) -> Vec<T> {
        columns.iter().map(|column| of(column.draft)).collect()
    }
    let image = |of: fn(&Image) -> Option<i64>| each(columns, |draft| draft.image.as_ref().and_then(of));
    let lists: Vec<Lists> = each(columns, Lists::of);
    let query = sqlx::query(sql::ADD_COLUMN_ARRAYS)
        .bind(each(columns, |draft| &*draft.source))
        .bind(each(columns, |draft| &*draft.key))
        .bind(each(columns, |draft| &*draft.guid))
        .bind(each(columns, |draft| draft.rubrique.as_ref().map(Slug::as_str)))
        .bind(each(columns, |draft| &*draft.title))
        .bind(each(columns, |draft| &*draft.standfirst))
        .bind(each(columns, |draft| draft.byline.as_deref()))
        .bind(each(columns, |draft| &*draft.body_raw))
        .bind(each(columns, |draft| &*draft.body))
        .bind(each(columns, |draft| draft.cleaner))
        .bind(each(columns, |draft| draft.url.as_str()))
        .bind(each(columns, |draft| draft.image.as_ref().map(|image| image.url.as_str())))
        .bind(each(columns, |draft| draft.image.as_ref().map(|image| &*image.alt)))
        .bind(each(columns, |draft| draft.image.as_ref().and_then(|image| image.credit.as_deref())))
        .bind(each(columns, |draft| draft.image.as_ref().and_then(|image| image.media_type.as_deref())))
        .bind(image(|image| image.width.map(i64::from)))
        .bind(image(|image| image.height.map(i64::from)))
        .bind(image(|image| image.length.and_then(|length| i64::try_from(length).ok())))
        .bind(each(columns, |draft| millis(draft.published)))
        .bind(columns.iter().map(|column| column.updated).collect::<Vec<_>>())
        .bind(columns.iter().map(|column| &*column.fingerprint).collect::<Vec<_>>())
        .bind(lists.iter().map(|lists| &*lists.bylines).collect::<Vec<_>>())
        .bind(lists.iter().map(|lists| &*lists.tags).collect::<Vec<_>>())
        .bind(lists.iter().map(|lists| &*lists.audio).collect::<Vec<_>>())
        .bind(columns.iter().map(|column| column.revision).collect::<Vec<_>>())
        .bind(columns.iter().map(|column| &*column.content).collect::<Vec<_>>());
    query.execute(&mut **tx).await?;
    Ok(())
}

async fn put_file_arrays(tx: &mut Transaction<'_, Postgres>, files: &[&SourceFile]) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    fn each<'a, T>(files: &[&'a SourceFile], of: impl Fn(&'a SourceFile) -> T) -> Vec<T> {
        files.iter().map(|file| of(file)).collect()
    }
    let query = sqlx::query(sql::PUT_FILE_ARRAYS)
        .bind(each(files, |file| &*file.source))
        .bind(each(files, |file| &*file.path))
        .bind(each(files, |file| file.column_key.as_deref()))
        .bind(each(files, |file| &*file.content))
        .bind(each(files, |file| &*file.seen))
        .bind(each(files, |file| file.due_at))
        .bind(each(files, |file| file.refused.as_deref()));
    query.execute(&mut **tx).await?;
    Ok(())
}
