//! `gazetier digest preview`: opens the desk, or writes the coming edition into a folder.

use std::{io::Write, path::Path, process::ExitCode, sync::Arc, time::Duration};

use super::super::{
    exit, serve,
    session::Session,
    stop::{self, HangupAction},
};
use crate::{
    edition::{
        next,
        render::{Rendered, render},
    },
    model::{Choice, Rubrique, token::PLACEHOLDER},
    send,
    web::{self, Shared},
};

/// How long a browser may take to open a page.
const BROWSER_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is looked at whether it has.
const BROWSER_POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Writes the coming edition into files.
pub(super) async fn write(
    session: &Session,
    open: bool,
    folder: &Path,
    rubriques: &[String],
) -> anyhow::Result<ExitCode> {
    let chosen = rubriques.iter().map(|label| {
        let found = Rubrique::find(&session.config.rubriques, label).map(|rubrique| rubrique.slug.clone());
        found.ok_or_else(|| exit::failure(exit::USAGE, format!("--rubriques: the configuration has no {label:?}")))
    });
    let choice = Choice::of(chosen.collect::<anyhow::Result<Vec<_>>>()?);
    let draft = next::next_edition(&session.config, &session.store, session.now()).await?.draft;
    let due = &draft.slot;
    let rendered = render(&session.config, &draft, &choice)?;
    let Some(rendered) = rendered.map(Rendered::usable).transpose()? else {
        println!("nothing new for {}: no letter would be sent", due.period);
        return Ok(ExitCode::SUCCESS);
    };
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let text = text.replace(PLACEHOLDER, "preview");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|source| send::Error::Write { path: path.clone(), source })?;
        println!("{}", path.display());
        Ok::<_, anyhow::Error>(path)
    };
    let html = write("digest.html", &rendered.html)?;
    write("digest.txt", &rendered.plain)?;
    println!("{}: {} ({} bytes of HTML)", due.period, rendered.subject, rendered.html.len());
    if open {
        open::that_detached(&html).map_err(|error| exit::failure(1, format!("cannot open a browser: {error}")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the desk alone, until it is told to stop.
pub(super) async fn open(session: &Session, browse: bool) -> anyhow::Result<ExitCode> {
    serve::keep_editors(&session.config, &session.store).await?;
    let (store, health_store) = (session.store.clone(), serve::open_health_store(&session.config).await?);
    let shared = Shared::new(Arc::clone(&session.config), store, health_store, session.at)?;
    let stop = stop::watch(0, HangupAction::Stop)?.requested();
    let opened = serve::desk(session, &shared).await;
    let (desk, link) = match opened {
        Ok((desk, link)) => (Some(desk), link),
        // `gazetier serve` has it open: what is wanted is the link.
        Err(error) if serve::is_address_in_use(&error) => {
            (None, serve::desk_link(session, &session.config.desk.address()).await?)
        }
        Err(error) => return Err(error),
    };
    println!("the desk: {link}");
    let base = link.rsplit_once("enter/").map_or(link.as_str(), |(base, _)| base);
    let page = if browse { Some(BrowserPage::open(session, base).await?) } else { None };
    let Some(desk) = desk else {
        if let Some(page) = page {
            page.wait_until_opened(session).await?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let outbox = tokio::spawn(web::run_outbox_worker(shared.clone()));
    web::serve(vec![desk], stop).await?;
    shared.close();
    outbox.await?;
    Ok(ExitCode::SUCCESS)
}

/// A page that leads a browser to the desk. What a program is called with, all users of the machine may see: so the
/// browser is called with this page, which only its owner reads, and the address in it works once.
struct BrowserPage {
    file: tempfile::NamedTempFile,
    secret: Vec<u8>,
}

impl BrowserPage {
    /// Writes it, and has the browser open it.
    async fn open(session: &Session, base: &str) -> anyhow::Result<Self> {
        let (address, secret) = serve::one_time_link(session, base).await?;
        let address = address.replace('&', "&amp;");
        let text = format!(
            "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\"><title>gazetier</title>\n\
             <meta http-equiv=\"refresh\" content=\"0; url={address}\"><p><a href=\"{address}\">gazetier</a></p>\n"
        );
        let made = tempfile::Builder::new().prefix("gazetier").suffix(".html").tempfile();
        let wrong = |error: std::io::Error| {
            let folder = std::env::temp_dir();
            exit::failure(exit::CANNOT_WRITE, format!("cannot write a page in {}: {error}", folder.display()))
        };
        let mut file = made.map_err(wrong)?;
        file.write_all(text.as_bytes()).map_err(wrong)?;
        open::that_detached(file.path())
            .map_err(|error| exit::failure(1, format!("cannot open a browser: {error}")))?;
        Ok(Self { file, secret })
    }

    /// Waits until the browser has been there, but not for ever; then the page goes.
    async fn wait_until_opened(self, session: &Session) -> anyhow::Result<()> {
        let end = tokio::time::Instant::now() + BROWSER_TIMEOUT;
        while tokio::time::Instant::now() < end && session.store.is_desk_entry(&self.secret, session.at).await? {
            tokio::time::sleep(BROWSER_POLL_INTERVAL).await;
        }
        self.file.close()?;
        Ok(())
    }
}
