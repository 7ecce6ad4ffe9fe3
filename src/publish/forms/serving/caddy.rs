//! The snippet for Caddy.

use std::fmt::Write;

use super::{
    super::rights, Error, address, head, is_redirect_loop, kinds, link, mount, moved_of, moved_on_magazine_host,
    note_redirect_loop, unsupported_folder,
};
use crate::config::{Config, Moved};

/// Directives for a site block of Caddy; the folder is absolute.
pub fn caddy(config: &Config, folder: &str) -> Result<String, Error> {
    const SERVER: &str = "Caddy";
    let folder = folder.trim_end_matches('/');
    if folder.contains(['\\', '`']) || folder.contains("{$") || folder.chars().any(char::is_control) {
        let what = format!("it takes no folder with a backslash, a backquote, {{$ or a control character ({folder:?})");
        return Err(unsupported_folder(SERVER, &what));
    }
    let mount = mount(&config.feeds.url, SERVER)?;
    let mut text = head(config, "caddy", "site block");
    if config.feeds.moved.iter().any(|moved| moved.from.host_str() == config.feeds.url.host_str()) {
        text.push('\n');
    }
    for moved in moved_of(config, config.feeds.url.host_str()) {
        caddy_moved(&mut text, config, moved)?;
    }
    // The whole site is no path to be taken off.
    match mount.as_str() {
        "/" => text.push_str("\nhandle {\n"),
        path => {
            let _ = writeln!(text, "\nhandle_path {} {{", caddy_quoted(&format!("{path}*")));
        }
    }
    let _ = writeln!(text, "\troot * {}", caddy_quoted(&folder.replace('{', "\\{").replace('}', "\\}")));
    for kind in kinds(config) {
        let name = kind.name;
        let _ = write!(text, "\n\t@{name} path_regexp {name} {}\n", caddy_quoted(&format!("^/{}", kind.pattern)));
        let _ = write!(
            text,
            "\theader @{name} {{\n\t\tContent-Type {}\n\t\tCache-Control {}\n",
            caddy_quoted(kind.media_type),
            caddy_quoted(kind.cache)
        );
        if kind.topic {
            for hub in &config.feeds.hubs {
                let _ = writeln!(text, "\t\t+Link {}", caddy_quoted(&link(&address(hub), "hub")));
            }
            let itself = format!("{}{{re.{name}.1}}", config.feeds.url);
            let _ = writeln!(text, "\t\t+Link {}", caddy_quoted(&link(&itself, "self")));
        }
        for (name, value) in rights::headers(config) {
            let _ = writeln!(text, "\t\t+{name} {}", caddy_quoted(&value));
        }
        text.push_str("\t}\n");
    }
    text.push_str("\n\tfile_server {\n\t\tprecompressed br gzip\n\t\thide .gazetier\n\t}\n}\n");
    if let Some((place, key)) = rights::key_file(config) {
        let _ = write!(text, "\nrespond {place} {} 200\n", caddy_quoted(key));
    }
    if config.rights.tdm.is_some() {
        let folder = caddy_quoted(&folder.replace('{', "\\{").replace('}', "\\}"));
        let _ = write!(
            text,
            "\nhandle {} {{\n\troot * {folder}\n\trewrite * /{}\n\tfile_server\n}}\n",
            rights::TDM_PATH,
            rights::TDM_FILE
        );
    }
    if let Some((host, moved)) = moved_on_magazine_host(config) {
        let _ = write!(text, "\n# For the site block of {host}.\n");
        for moved in moved {
            caddy_moved(&mut text, config, moved)?;
        }
    }
    Ok(text)
}

fn caddy_moved(text: &mut String, config: &Config, moved: &Moved) -> Result<(), Error> {
    if is_redirect_loop(config, moved) {
        note_redirect_loop(text, moved);
        return Ok(());
    }
    let from = mount(&moved.from, "Caddy")?;
    let _ = writeln!(text, "redir {} {} 301", caddy_quoted(&from), caddy_quoted(&address(&moved.to)));
    Ok(())
}

/// A word of a Caddyfile, in double quotes; a quotation mark is all that is escaped in them.
fn caddy_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}
