//! `gazetier digest preview`, `proof`, `approve`, `hold`: what editors do at the desk, as commands.

use std::{io::Write, path::Path, process::ExitCode, sync::Arc};

use super::{
    exit, restored,
    say::say,
    serve,
    session::{Session, clock},
    stop,
};
use crate::{
    edition::{
        decide::{self, Decision},
        editors::{self, Proofs},
        plan,
        render::render,
    },
    model::{self, Choice, EditionState, Mailbox, Period, Rubrique, token::PLACEHOLDER},
    outbox::service,
    send,
    web::{self, Shared},
};

/// Who decides about which edition.
#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    /// Which edition, such as 2026-W47; the coming one if it is not said.
    #[arg(value_name = "PERIOD")]
    pub(super) period: Option<String>,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "the command line")]
    pub(super) by: String,
}

pub(super) async fn write(
    session: &Session,
    open: bool,
    folder: &Path,
    rubriques: &[String],
) -> anyhow::Result<ExitCode> {
    let chosen = rubriques.iter().map(|label| {
        let found = Rubrique::find(&session.config.rubriques, label).map(|rubrique| rubrique.slug.clone());
        found.ok_or_else(|| exit::complain(exit::USAGE, format!("--rubriques: the configuration has no {label:?}")))
    });
    let choice = Choice::of(chosen.collect::<anyhow::Result<Vec<_>>>()?);
    let draft = plan::coming(&session.config, &session.store, session.now()).await?.draft;
    let due = &draft.due;
    let rendered = render(&session.config, &draft, &choice)?;
    let Some(rendered) = rendered else {
        say!("nothing new for {}: no letter would be sent", due.period);
        return Ok(ExitCode::SUCCESS);
    };
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let text = text.replace(PLACEHOLDER, "preview");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|source| send::Error::Write { path: path.clone(), source })?;
        say!("{}", path.display());
        Ok::<_, anyhow::Error>(path)
    };
    let html = write("digest.html", &rendered.html)?;
    write("digest.txt", &rendered.plain)?;
    say!("{}: {} ({} bytes of HTML)", due.period, rendered.subject, rendered.html.len());
    if open {
        open::that_detached(&html).map_err(|error| exit::complain(1, format!("cannot open a browser: {error}")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the desk alone, until it is told to stop.
pub(super) async fn open(session: &Session, browse: bool) -> anyhow::Result<ExitCode> {
    serve::keep_editors(&session.config, &session.store).await?;
    let (store, probe) = (session.store.clone(), serve::probe(&session.config).await?);
    let shared = Shared::new(Arc::clone(&session.config), store, probe, session.at)?;
    let stop = stop::watch(0, stop::Hangup::Stops)?.told();
    let opened = serve::desk(session, &shared).await;
    let (desk, way_in) = match opened {
        Ok((desk, way_in)) => (Some(desk), way_in),
        // `gazetier serve` has it open: what is wanted is the way in.
        Err(error) if serve::is_taken(&error) => (None, serve::way_in(session, &session.config.desk.address()).await?),
        Err(error) => return Err(error),
    };
    say!("the desk: {way_in}");
    let base = way_in.rsplit_once("enter/").map_or(way_in.as_str(), |(base, _)| base);
    let leading = if browse { Some(Leading::open(session, base).await?) } else { None };
    let Some(desk) = desk else {
        if let Some(leading) = leading {
            leading.followed(session).await?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let courier = tokio::spawn(web::carry(shared.clone()));
    web::serve(vec![desk], stop).await?;
    shared.close();
    courier.await?;
    Ok(ExitCode::SUCCESS)
}

/// A page that leads a browser to the desk. What a program is called with, all users of the machine may see: so the
/// browser is called with this page, which only its owner reads, and the address in it works once.
struct Leading {
    page: tempfile::NamedTempFile,
    secret: Vec<u8>,
}

impl Leading {
    /// Writes it, and has the browser open it.
    async fn open(session: &Session, base: &str) -> anyhow::Result<Self> {
        let (address, secret) = serve::way_in_once(session, base).await?;
        let address = address.replace('&', "&amp;");
        let text = format!(
            "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\"><title>gazetier</title>\n\
             <meta http-equiv=\"refresh\" content=\"0; url={address}\"><p><a href=\"{address}\">gazetier</a></p>\n"
        );
        let made = tempfile::Builder::new().prefix("gazetier").suffix(".html").tempfile();
        let wrong = |error: std::io::Error| {
            let folder = std::env::temp_dir();
            exit::complain(exit::CANNOT_WRITE, format!("cannot write a page in {}: {error}", folder.display()))
        };
        let mut page = made.map_err(wrong)?;
        page.write_all(text.as_bytes()).map_err(wrong)?;
        open::that_detached(page.path())
            .map_err(|error| exit::complain(1, format!("cannot open a browser: {error}")))?;
        Ok(Self { page, secret })
    }

    /// Waits until the browser has been there, but not for ever; then the page goes.
    async fn followed(self, session: &Session) -> anyhow::Result<()> {
        let end = tokio::time::Instant::now() + FOLLOWED;
        while tokio::time::Instant::now() < end && session.store.is_desk_entry(&self.secret, session.at).await? {
            tokio::time::sleep(LOOK).await;
        }
        self.page.close()?;
        Ok(())
    }
}

/// So long a browser may take to open a page, and so often it is looked at whether it has.
const FOLLOWED: std::time::Duration = std::time::Duration::from_secs(30);
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// Sends the proof of the coming edition.
pub(super) async fn proof(session: &Session, to: &[String], by: &str) -> anyhow::Result<ExitCode> {
    let (config, store) = (&session.config, &session.store);
    let known = &config.desk.editors;
    if known.is_empty() {
        return Err(exit::complain(exit::CONFIGURATION, "desk.editors names nobody: write who gets the proof"));
    }
    let chosen = to.iter().map(|text| {
        let found = known.iter().find(|editor| editor.address.to_string().eq_ignore_ascii_case(text));
        found.cloned().ok_or_else(|| exit::complain(exit::USAGE, format!("{text} is not one of desk.editors")))
    });
    let mut editors = chosen.collect::<anyhow::Result<Vec<Mailbox>>>()?;
    if editors.is_empty() {
        editors.clone_from(known);
    }
    let coming = plan::coming(config, store, session.now()).await?;
    let period = &coming.draft.due.period;
    match editors::proof(config, store, session.at, by, &coming, &editors).await? {
        Proofs::Empty | Proofs::Nobody => say!("nothing new for {period}: there is no proof"),
        Proofs::Again => say!("{period}: they got this proof a moment ago, and get no other"),
        Proofs::Queued(count) => {
            let told = service::deliver(config, store, session.at, clock).await?;
            say!("{period}: {count} proofs, {} letters sent", told.sent);
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn decide(session: &Session, decide: &Decide, decision: Decision<'_>) -> anyhow::Result<Period> {
    let period = decide.period.as_deref().map(Period::from_key);
    let (config, store) = (&session.config, &session.store);
    let decided = decide::decide(config, store, session.now(), &decide.by, period.as_ref(), decision).await?;
    decided.map_err(|refused| exit::complain(exit::BAD_INPUT, refused.to_string()))
}

/// Lets the edition go that is named; without a name the newest, drawn up or to come, if it is
/// held.
pub(super) async fn release(session: &Session, who: Decide, with_withdrawn: bool) -> anyhow::Result<()> {
    let release = Decision::Release { seen: None, with_withdrawn };
    if who.period.is_some() {
        decide(session, &who, release).await?;
        return Ok(());
    }
    let coming = plan::coming(&session.config, &session.store, session.now()).await?;
    let held = matches!(coming.desk.decision(), model::Decision::Held { .. });
    if coming.is_due && held {
        decide(session, &who, release).await?;
    }
    let newest = session.store.last_edition(session.newsletter(), session.now().horizon()).await?;
    if let Some(edition) = newest.filter(|edition| edition.state == EditionState::Held) {
        let period = Some(edition.period.to_string());
        decide(session, &Decide { period, ..who }, release).await?;
    }
    Ok(())
}

/// Says that an edition is no longer held: the one that is named, else the only one that is. The next run sends it
/// when its hour has come.
pub(super) async fn let_go(session: &Session, who: Decide, with_withdrawn: bool) -> anyhow::Result<ExitCode> {
    let release = Decision::Release { seen: None, with_withdrawn };
    let period = match who.period.clone() {
        Some(period) => period,
        None => {
            let held = held(session).await?;
            match &held[..] {
                [one] => one.clone(),
                [] => return Err(exit::complain(exit::BAD_INPUT, "no edition is held: there is nothing to release")),
                several => {
                    let message = format!("which one? {} are held: name it", several.join(", "));
                    return Err(exit::complain(exit::BAD_INPUT, message));
                }
            }
        }
    };
    let period = decide(session, &Decide { period: Some(period), ..who }, release).await?;
    let coming = plan::coming(&session.config, &session.store, session.now()).await?;
    let hour = super::standing::hour(session, coming.draft.due.cutoff);
    if coming.draft.due.period == period && !coming.is_due {
        say!("{period}: released; it goes out at its hour, {hour}");
    } else {
        say!("{period}: released; the next `gazetier run` sends it, or `gazetier digest send` at once");
    }
    Ok(ExitCode::SUCCESS)
}

/// The editions that are held, drawn up or to come.
async fn held(session: &Session) -> anyhow::Result<Vec<String>> {
    let editions = session.store.editions(session.newsletter()).await?.into_iter();
    let mut held: Vec<String> = editions
        .filter(|edition| edition.state == EditionState::Held)
        .map(|edition| edition.period.to_string())
        .collect();
    let coming = plan::coming(&session.config, &session.store, session.now()).await?;
    if matches!(coming.desk.decision(), model::Decision::Held { .. }) {
        held.push(coming.draft.due.period.to_string());
    }
    Ok(held)
}

/// Makes an edition that a wrong clock has put into the future one of the present.
pub(super) async fn redate(session: &Session, period: &str, to: Option<&str>) -> anyhow::Result<ExitCode> {
    let edition = edition(session, period).await?;
    let cutoff = match to {
        Some(text) => session
            .config
            .magazine
            .zone
            .parse(text)
            .map_err(|error| exit::complain(exit::USAGE, format!("--to: {error}")))?,
        None => session.at,
    };
    if cutoff > session.now().horizon() {
        return Err(exit::complain(
            exit::USAGE,
            "--to: that is in the future, too: name the instant at which it really went out",
        ));
    }
    let label = plan::label_at(&session.config, &session.store, cutoff).await?;
    if !session.store.redate_edition(&edition, cutoff, &label).await? {
        let message =
            format!("{period} was redated by somebody else just now: `gazetier digest status` tells how it stands");
        return Err(exit::complain(exit::BAD_INPUT, message));
    }
    let redated = model::Edition { cutoff, period: label.clone(), ..edition.clone() };
    if let Some(words) = restored::note(session, &redated, Some(&edition.key())).await? {
        eprintln!("gazetier: warning: {words}");
    }
    say!("{period} is {label} now, with a cutoff at {}", super::standing::hour(session, cutoff));
    Ok(ExitCode::SUCCESS)
}

/// How often a page of the archive is made anew because columns changed meanwhile.
const ATTEMPTS: usize = 5;

/// Takes the columns that were withdrawn since out of an edition's page in the archive.
pub(super) async fn redact(session: &Session, period: &str) -> anyhow::Result<ExitCode> {
    let (config, store) = (&session.config, &session.store);
    let edition = edition(session, period).await?;
    for _ in 0..ATTEMPTS {
        // The revision first: a column that is withdrawn while the page is made has it made anew.
        let coming = plan::held(config, store, &edition).await?;
        let gone = store.withdrawn_in(edition.id).await?;
        if gone.is_empty() {
            say!("{period}: none of its columns was withdrawn, nothing is changed");
            return Ok(ExitCode::SUCCESS);
        }
        let Some(rendered) = render(config, &coming.draft, &Choice::all())? else {
            let message = format!("{period}: no column of it is left, there would be nothing to show");
            return Err(exit::complain(exit::BAD_INPUT, message));
        };
        if store.set_archive_page(edition.id, &rendered.html, coming.revision).await? {
            say!("{period}: the archive shows it without {}", gone.join(", "));
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(exit::complain(exit::RUN_AGAIN, format!("{period}: its columns change too fast: say it again")))
}

async fn edition(session: &Session, period: &str) -> anyhow::Result<model::Edition> {
    let found = session.store.edition_of(session.newsletter(), &Period::from_key(period)).await?;
    found.ok_or_else(|| {
        exit::complain(exit::BAD_INPUT, format!("there is no edition {period}: `gazetier digest status` names them"))
    })
}
