//! Puts files where readers fetch them: whole or not at all, and only when they differ, so that
//! a file's date says when it changed.

use std::{
    fs::{self, File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use super::Error;

/// Writes a file unless it holds these bytes already; says whether it wrote.
///
/// A reader sees the old file or the new one, never half: the bytes go to a file beside it, to the
/// disk, and then take the name.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<bool, Error> {
    let path = folder.join(name);
    let write = |source| Error::Write { path: path.clone(), source };
    match fs::metadata(&path) {
        Ok(meta) if meta.len() == bytes.len() as u64 && fs::read(&path).map_err(write)? == bytes => return Ok(false),
        _ => {}
    }
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(write)?;
    let mut file = tempfile::Builder::new()
        .prefix(".press-")
        // A web server must be able to read it.
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(parent)
        .map_err(write)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(write)?;
    file.persist(&path).map_err(|error| write(error.error))?;
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(write)?;
    Ok(true)
}
