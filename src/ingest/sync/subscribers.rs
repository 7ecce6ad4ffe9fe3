//! The list of subscribers that the configuration names: like a file of a source, it is read again when it has
//! changed.

use std::{collections::HashMap, path::Path};

use super::{Error, SUBSCRIBERS, Sync};
use crate::{
    ingest::folder,
    store::{FileChange, SourceFile},
};

/// A list that is to be read, because it is not what it was.
#[derive(Debug)]
pub struct ChangedList<'a> {
    /// Where it is.
    pub path: &'a Path,
    after: SourceFile,
}

/// What came of reading a list.
#[derive(Debug, Default)]
pub struct ListCounts {
    /// How many joined.
    pub joined: u64,
    /// How many left by it.
    pub left: u64,
}

impl<'a> Sync<'a> {
    /// The list of subscribers, if it has changed. What came of its reading is told by
    /// [`list_was_read`](Self::list_was_read).
    pub async fn changed_list(&mut self) -> Result<Option<ChangedList<'a>>, Error> {
        let Some(path) = &self.context.config.subscribers_file else { return Ok(None) };
        let name = path.display().to_string();
        let before = self.list_before(&name);
        let seen = match folder::seen_at(path) {
            Ok(seen) => format!("{seen} {}", self.reader_version),
            Err(error) => {
                let message = format!("cannot read {name}: {error}: nobody joins from it (`subscribers.file`)");
                self.reporter.refuse_once(SUBSCRIBERS, "file", &message).await?;
                return Ok(None);
            }
        };
        if before.is_some_and(|before| before.seen == seen && before.refused.is_none()) {
            return Ok(None);
        }
        let mut after = SourceFile {
            source: SUBSCRIBERS.to_owned(),
            path: name.clone(),
            column_key: None,
            content: String::new(),
            seen,
            due_at: None,
            refused: None,
        };
        let same = |content: &str| before.is_some_and(|before| before.content == content && before.refused.is_none());
        match folder::content_at(path, &self.reader_version) {
            Err(error) => after.refused = Some(format!("cannot read {name}: {error}")),
            Ok(content) if same(&content) => after.content = content,
            Ok(content) => {
                after.content = content;
                return Ok(Some(ChangedList { path, after }));
            }
        }
        self.write_down_list(after).await?;
        Ok(None)
    }

    /// Writes down that a list was read, or in words why it could not be.
    pub async fn list_was_read(
        &mut self,
        list: ChangedList<'_>,
        outcome: Result<ListCounts, String>,
    ) -> Result<(), Error> {
        let mut after = list.after;
        match outcome {
            Ok(counts) => {
                (self.reporter.summary.joined, self.reporter.summary.left) = (counts.joined, counts.left);
            }
            Err(why) => after.refused = Some(why),
        }
        self.write_down_list(after).await
    }

    async fn write_down_list(&mut self, after: SourceFile) -> Result<(), Error> {
        let before = self.state.files.get(SUBSCRIBERS).and_then(|files| files.get(&after.path));
        match &after.refused {
            Some(why) if self.reporter.by_hand || before.map(|before| &before.refused) != Some(&after.refused) => {
                self.reporter.refuse(why);
            }
            _ => {}
        }
        let change = FileChange {
            source: SUBSCRIBERS,
            path: &after.path,
            before: before.map(|before| &*before.content),
            after: Some(&after),
            ..FileChange::default()
        };
        self.context.store.apply(&[change], &HashMap::new(), self.context.at).await?;
        Ok(())
    }

    fn list_before(&self, name: &str) -> Option<&SourceFile> {
        self.state.files.get(SUBSCRIBERS).and_then(|files| files.get(name))
    }
}
