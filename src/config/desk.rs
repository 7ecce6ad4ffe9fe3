//! Who the editors are, where their desk listens, and under which address they find it.

use std::path::Path;

use url::Url;

use super::{
    Listen,
    check::{ConfigRefusal, folder, parse, refuse},
    raw,
    web::listen,
};
use crate::model::Mailbox;

/// The editors' desk.
#[derive(Debug, Clone)]
pub struct DeskConfig {
    /// Where it listens.
    pub listen: Listen,
    /// Under which address editors reach it; ends in `/`. Where it listens, if missing.
    pub url: Option<Url>,
    /// Who gets proofs and notices, and may work at the desk.
    pub editors: Vec<Mailbox>,
}

impl DeskConfig {
    /// The address under which editors reach the desk; ends in `/`.
    pub fn address(&self) -> String {
        match (&self.url, &self.listen) {
            (Some(url), _) => url.to_string(),
            (None, Listen::Tcp(address)) => format!("http://{address}/"),
            // Whoever put a web server before a socket knows its address, and did not say it.
            (None, Listen::Unix(_)) => "http://localhost/".into(),
        }
    }
}

pub(super) fn check(raw: raw::RawDesk, base: &Path) -> Result<DeskConfig, ConfigRefusal> {
    let listen = listen("desk.listen", &raw.listen, base)?;
    let mut editors: Vec<Mailbox> = Vec::new();
    for text in &raw.editors {
        let editor: Mailbox = parse("desk.editors", text)?;
        if editors.iter().any(|known| known.address.folded() == editor.address.folded()) {
            return Err(refuse("desk.editors", format!("{} is named twice", editor.address)));
        }
        editors.push(editor);
    }
    let url = raw.url.map(|text| folder("desk.url", &text)).transpose()?;
    let beyond = matches!(&listen, Listen::Tcp(address) if !address.ip().is_loopback());
    if beyond && url.as_ref().is_none_or(|url| url.scheme() != "https") {
        return Err(refuse(
            "desk.listen",
            "beyond this machine the desk wants TLS: put a web server before it and name its https:// address in desk.url",
        ));
    }
    Ok(DeskConfig { listen, url, editors })
}
