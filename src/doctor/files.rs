//! Files and folders: who may read and write them, whose they are, and whether there is room.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use rustix::{
    fs::{Access, access, statvfs},
    process::geteuid,
};

use super::{Examined, Finding};
use crate::config::{Inbox, Login, Proof, Relays, StoreUrl};

/// Less than this on a disk is no room: a store and feeds grow by as much at once.
const MIN_FREE_BYTES: u64 = 64 << 20;

/// Less than this will be none soon.
const LOW_FREE_BYTES: u64 = 512 << 20;

/// Looks at all files that the configuration names.
pub fn examine(examined: &Examined<'_>) -> Vec<Finding> {
    let config = examined.config;
    let mut found = Vec::new();
    if holds_secret(examined) && is_open_to_all(&config.path) {
        let file = config.path.display();
        found.push(
            Finding::advice("modes", format!("everybody on this machine can read {file}, and it holds a secret"))
                .mend(format!("chmod 600 {file}, or put the secret into a file of its own")),
        );
    }
    for (key, file) in secret_files(examined) {
        if is_open_to_all(&file) {
            let file = file.display();
            found.push(
                Finding::wrong("modes", format!("everybody on this machine can read {file}"))
                    .at(key)
                    .mend(format!("chmod 600 {file}")),
            );
        }
    }
    if let StoreUrl::Sqlite(path) = &config.store {
        found.extend(store_file(path));
    }
    found.extend(writable("feeds.path", &config.feeds.path));
    match &config.relays {
        Relays::Folder(folder) => found.extend(writable("relay.url", folder)),
        Relays::Smtp(_) => {}
    }
    found.extend(inbox(config.bounces.as_ref()));
    if let Some(list) = &config.subscribers_file
        && let Err(error) = fs::File::open(list)
    {
        found.push(
            Finding::wrong("modes", format!("cannot read {}: {error}", list.display()))
                .at("subscribers.file")
                .mend("mend the path, or leave the key out"),
        );
    }
    if !found.iter().any(|finding| finding.check == "modes") {
        found.push(Finding::fine("modes", "files have owners and modes as they should"));
    }
    if !found.iter().any(|finding| finding.check == "disk") {
        found.push(Finding::fine("disk", "there is room"));
    }
    found
}

/// Whether the configuration's own text holds a password.
fn holds_secret(examined: &Examined<'_>) -> bool {
    let is_from_file = std::env::var_os("GAZETIER_STORE_URL").is_none();
    let url = match &examined.config.store {
        StoreUrl::Postgres { url, .. } if is_from_file => url.expose(),
        _ => return false,
    };
    url::Url::parse(url).is_ok_and(|url| url.password().is_some())
}

/// The files of secrets, with their keys.
fn secret_files(examined: &Examined<'_>) -> Vec<(&'static str, std::path::PathBuf)> {
    examined.config.secret_files.clone()
}

/// A file that everybody may read or write.
fn is_open_to_all(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o006 != 0)
}

fn store_file(path: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    match fs::metadata(path) {
        Ok(meta) => {
            found.extend(owner("store.url", path, &meta));
            if meta.permissions().mode() & 0o006 != 0 {
                found.push(
                    Finding::wrong(
                        "modes",
                        format!("everybody on this machine can read {}: addresses stand in it", path.display()),
                    )
                    .at("store.url")
                    .mend(format!("chmod 600 {}", path.display())),
                );
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            found.push(Finding::note("store", format!("{} is not there yet: the first run makes it", path.display())));
        }
        Err(error) => {
            found.push(Finding::wrong("modes", format!("cannot look at {}: {error}", path.display())).at("store.url"));
        }
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    found.extend(writable("store.url", folder));
    found
}

/// Somebody else's file: runs of two users are in each other's way.
fn owner(key: &str, path: &Path, meta: &fs::Metadata) -> Option<Finding> {
    let own = geteuid().as_raw();
    (meta.uid() != own).then(|| {
        Finding::advice("modes", format!("{} belongs to the user {}, and this is {own}", path.display(), meta.uid()))
            .at(key)
            .mend("run gazetier as one user alone, the one who owns the store and the feeds")
    })
}

/// A folder, or the nearest above it that is there, must be writable, and its disk must have room.
fn writable(key: &str, folder: &Path) -> Vec<Finding> {
    let mut there = folder;
    while !there.exists() {
        there = match there.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
    }
    let mut found = Vec::new();
    if !there.is_dir() {
        found.push(
            Finding::wrong("modes", format!("{} is a file, and a folder is wanted", there.display()))
                .at(key)
                .mend("name a folder, or move the file away"),
        );
        return found;
    }
    if let Err(error) = access(there, Access::WRITE_OK | Access::EXEC_OK) {
        found.push(
            Finding::wrong("modes", format!("cannot write into {}: {error}", there.display()))
                .at(key)
                .mend(format!("chown it to the user who runs gazetier: chown USER {}", there.display())),
        );
    }
    if let Ok(disk) = statvfs(there) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let words = format!("the disk of {} has {} MB left", there.display(), free >> 20);
        if free < MIN_FREE_BYTES || (disk.f_files > 0 && disk.f_favail == 0) {
            found.push(Finding::wrong("disk", words).at(key).mend("make room: df -h and df -i tell of which kind"));
        } else if free < LOW_FREE_BYTES {
            found.push(Finding::advice("disk", words).at(key).mend("make room soon"));
        }
    }
    found
}

/// The mailbox of what comes back.
fn inbox(inbox: Option<&Inbox>) -> Vec<Finding> {
    let wrong =
        |key: &str, what: String| vec![Finding::wrong("maildir", what).at(key).mend("mend the path, or its owner")];
    match inbox {
        None => Vec::new(),
        Some(Inbox::Maildir(folder)) => {
            for name in ["new", "cur"] {
                let place = folder.join(name);
                if !place.is_dir() {
                    let what = format!("{} is no Maildir: it has no folder {name:?}", folder.display());
                    return wrong("bounces.maildir", what);
                }
                if let Err(error) = access(&place, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
                    return wrong("bounces.maildir", format!("cannot empty {}: {error}", place.display()));
                }
            }
            vec![Finding::fine("maildir", format!("{} can be emptied", folder.display()))]
        }
        Some(Inbox::Mbox(file)) => match access(file, Access::READ_OK | Access::WRITE_OK) {
            Ok(()) => vec![Finding::fine("maildir", format!("{} can be emptied", file.display()))],
            // The mail server makes it with the first message.
            Err(rustix::io::Errno::NOENT) => {
                vec![Finding::note("maildir", format!("{} is not there: nothing has come back yet", file.display()))]
            }
            Err(error) => wrong("bounces.mbox", format!("cannot empty {}: {error}", file.display())),
        },
    }
}

/// Passwords that are not where the configuration says.
pub fn missing_passwords(examined: &Examined<'_>) -> Vec<Finding> {
    let Relays::Smtp(relays) = &examined.config.relays else { return Vec::new() };
    let mut found = Vec::new();
    for relay in relays {
        if let Some(Login { proof: Proof::Missing(why), .. }) = &relay.login {
            let key = why.split(':').next().unwrap_or_default();
            found.push(
                Finding::wrong("relay", format!("{} cannot be logged in to: {why}", relay.name))
                    .at(key)
                    .mend("set the variable where gazetier runs (cron and systemd have an environment of their own), or name a file in password_file"),
            );
        }
    }
    found
}
