//! The floor under `gazetier publish`: the least program that reads the same rows from the same
//! SQLite file and leaves the same bytes on the disk, by string formatting, with no feed library
//! and no checks. Files are written beside their place, fsynced and renamed.
//!
//! `floor build STORE OUT THREADS` builds every feed.
//! `floor publish STORE OUT` asks an index what each feed holds, builds the feeds that changed
//! since it was last called, and remembers what it saw: nothing new, it writes nothing.
//!
//! `-f` as a last word makes it fsync the folder after each rename, too, as gazetier does.
#![allow(missing_docs)]

mod magazine;

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
};

use magazine::{FEEDS, ITEMS, LANGUAGE, NAME, RIGHTS, Rubrique, SITE, TAGLINE, tag};
use memchr::memmem;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params, types::ValueRef};

const CONTENT: &str = "SELECT guid, rubrique, title, standfirst, byline, body, url, image_url, image_alt, \
    image_credit, image_type, image_width, image_height, image_length, published_at, updated_at FROM columns \
    WHERE withdrawn_at IS NULL AND published_at <= ?1";
const HEADS: &str = "SELECT id, fingerprint FROM columns WHERE withdrawn_at IS NULL AND published_at <= ?1";
const ORDER: &str = "ORDER BY published_at DESC, id DESC LIMIT ?2";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let sync_folders = args.last().is_some_and(|last| last == "-f");
    if sync_folders {
        args.pop();
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let written = match args[..] {
        ["build", store, out, threads] => {
            build(store, &Publisher { out: out.into(), sync_folders }, threads.parse().expect("a number of threads"))
        }
        ["publish", store, out] => publish(store, &Publisher { out: out.into(), sync_folders }),
        _ => {
            eprintln!("floor build STORE OUT THREADS [-f] | publish STORE OUT [-f]");
            return ExitCode::from(2);
        }
    };
    println!("{written} files");
    ExitCode::SUCCESS
}

fn open(store: &str) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(store, flags).expect("the store")
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a clock before the year 292 million")
}

/// The feeds of the store: that of all columns, then one for each rubrique.
fn feeds(db: &Connection) -> Vec<Option<Rubrique>> {
    let mut statement = db.prepare("SELECT place FROM rubriques ORDER BY place").expect("SQL");
    let places = statement.query_map([], |row| row.get::<_, u32>(0)).expect("rubriques");
    let rubrique = |place: rusqlite::Result<u32>| Some(magazine::rubrique(place.expect("a place") as usize));
    std::iter::once(None).chain(places.map(rubrique)).collect()
}

fn build(store: &str, press: &Publisher, threads: usize) -> usize {
    let feeds = feeds(&open(store));
    let (at, next) = (now(), AtomicUsize::new(0));
    let work = || {
        let db = open(store);
        let mut sheets = Sheets::default();
        while let Some(feed) = feeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            one(&db, &feeds, feed.as_ref(), at, press, &mut sheets);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    feeds.len() * 3
}

fn publish(store: &str, press: &Publisher) -> usize {
    let mut db = open(store);
    let at = now();
    let made = db
        .query_row("SELECT 1 FROM sqlite_master WHERE name = 'floor_state'", [], |_| Ok(()))
        .optional()
        .expect("the store's tables");
    if made.is_none() {
        let table = "CREATE TABLE floor_state (feed TEXT PRIMARY KEY, state INTEGER NOT NULL)";
        db.execute(table, []).expect("a table of its own");
    }
    let before: std::collections::HashMap<String, i64> = {
        let mut states = db.prepare("SELECT feed, state FROM floor_state").expect("SQL");
        let rows = states.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("states");
        rows.map(|row| row.expect("a state")).collect()
    };
    let feeds = feeds(&db);
    let mut changed = Vec::new();
    for feed in &feeds {
        let slug = feed.as_ref().map_or("", |rubrique| rubrique.slug.as_str());
        let state = heads(&db, slug, at);
        if before.get(slug) != Some(&state) {
            changed.push((slug.to_owned(), state, feed));
        }
    }
    let mut sheets = Sheets::default();
    for (_, _, feed) in &changed {
        one(&db, &feeds, feed.as_ref(), at, press, &mut sheets);
    }
    if !changed.is_empty() {
        let commit = db.transaction().expect("a transaction");
        for (slug, state, _) in &changed {
            let put = "INSERT INTO floor_state VALUES (?1, ?2) ON CONFLICT (feed) DO UPDATE SET state = excluded.state";
            commit.prepare_cached(put).and_then(|mut put| put.execute(params![slug, state])).expect("a state");
        }
        commit.commit().expect("a commit");
    }
    changed.len() * 3
}

/// What a feed holds, from the index alone, as a number (FNV-1a).
fn heads(db: &Connection, slug: &str, at: i64) -> i64 {
    let items = i64::try_from(ITEMS).expect("a small number");
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    };
    let of = if slug.is_empty() { "" } else { "AND rubrique = ?3" };
    let mut statement = db.prepare_cached(&format!("{HEADS} {of} {ORDER}")).expect("SQL");
    let mut rows = match slug {
        "" => statement.query(params![at, items]),
        slug => statement.query(params![at, items, slug]),
    }
    .expect("heads");
    while let Some(row) = rows.next().expect("a head") {
        add(&row.get::<_, i64>(0).expect("an id").to_be_bytes());
        add(text(row, 1));
    }
    hash.cast_signed()
}

/// Where files are written.
struct Publisher {
    out: PathBuf,
    sync_folders: bool,
}

impl Publisher {
    fn put(&self, path: &Path, parts: [&[u8]; 3]) {
        let beside = path.with_extension("new");
        let mut file = File::create(&beside).expect("a file");
        for part in parts {
            file.write_all(part).expect("bytes written");
        }
        file.sync_all().expect("bytes on the disk");
        fs::rename(&beside, path).expect("a name");
        if self.sync_folders {
            let folder = path.parent().expect("a folder");
            File::open(folder).and_then(|folder| folder.sync_all()).expect("a folder on the disk");
        }
    }
}

/// The items of a feed in each form; their memory is used again for the next feed.
#[derive(Default)]
struct Sheets {
    rss: Vec<u8>,
    atom: Vec<u8>,
    json: Vec<u8>,
    content: Vec<u8>,
}

/// Builds and writes one feed in its three forms.
fn one(
    db: &Connection,
    feeds: &[Option<Rubrique>],
    rubrique: Option<&Rubrique>,
    at: i64,
    press: &Publisher,
    sheets: &mut Sheets,
) {
    let items = i64::try_from(ITEMS).expect("a small number");
    let of = rubrique.map_or("", |_| "AND rubrique = ?3");
    let mut statement = db.prepare_cached(&format!("{CONTENT} {of} {ORDER}")).expect("SQL");
    let mut rows = match rubrique {
        None => statement.query(params![at, items]),
        Some(rubrique) => statement.query(params![at, items, rubrique.slug]),
    }
    .expect("columns");
    sheets.rss.clear();
    sheets.atom.clear();
    sheets.json.clear();
    let mut updated = 0;
    while let Some(row) = rows.next().expect("a column") {
        let slug = text(row, 1);
        let own = rubrique.or_else(|| feeds.iter().flatten().find(|rubrique| rubrique.slug.as_bytes() == slug));
        updated = updated.max(item(row, &own.expect("a rubrique").label, sheets));
    }

    let folder = rubrique.map_or_else(|| press.out.clone(), |rubrique| press.out.join(&rubrique.slug));
    fs::create_dir_all(&folder).expect("a folder");
    let slug = rubrique.map_or("", |rubrique| rubrique.slug.as_str());
    let base = rubrique.map_or_else(|| FEEDS.to_owned(), |rubrique| format!("{FEEDS}{}/", rubrique.slug));
    let title = rubrique.map_or_else(|| NAME.to_owned(), |rubrique| format!("{NAME} — {}", rubrique.label));
    let description = rubrique.map_or(TAGLINE, |rubrique| rubrique.description.as_str());
    let [xml_title, xml_description] = [&title, description].map(|text| {
        let mut escaped = Vec::new();
        escape(text.as_bytes(), &XML, &mut escaped);
        String::from_utf8(escaped).expect("UTF-8")
    });
    let style = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet type=\"text/css\" href=\"{FEEDS}feed.css\"?>\n"
    );

    let head = format!(
        "{style}<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\">\n \
         <channel>\n  <title>{xml_title}</title>\n  <link>{SITE}</link>\n  \
         <description>{xml_description}</description>\n  <language>{LANGUAGE}</language>\n  \
         <copyright>{RIGHTS}</copyright>\n  <lastBuildDate>{}</lastBuildDate>\n  \
         <generator>gazetier</generator>\n  \
         <atom:link href=\"{base}rss.xml\" rel=\"self\" type=\"application/rss+xml\">\n  </atom:link>\n",
        rfc_2822(updated)
    );
    press.put(&folder.join("rss.xml"), [head.as_bytes(), &sheets.rss, b" </channel>\n</rss>\n"]);

    let head = format!(
        "{style}<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
         xml:lang=\"{LANGUAGE}\">\n <title>{xml_title}</title>\n <id>{}</id>\n <updated>{}</updated>\n \
         <author>\n  <name>{NAME}</name>\n  <uri>{SITE}</uri>\n </author>\n <generator>gazetier</generator>\n \
         <link href=\"{base}atom.xml\" rel=\"self\" type=\"application/atom+xml\"/>\n \
         <link href=\"{SITE}\" rel=\"alternate\" type=\"text/html\"/>\n <rights>{RIGHTS}</rights>\n \
         <subtitle>{xml_description}</subtitle>\n",
        tag(&format!("feed/{slug}")),
        rfc_3339(updated, "+00:00")
    );
    press.put(&folder.join("atom.xml"), [head.as_bytes(), &sheets.atom, b"</feed>\n"]);

    // Labels and descriptions of the corpus hold nothing that JSON escapes.
    let head = format!(
        "{{\n  \"version\": \"https://jsonfeed.org/version/1.1\",\n  \"title\": \"{title}\",\n  \
         \"home_page_url\": \"{SITE}\",\n  \"feed_url\": \"{base}feed.json\",\n  \
         \"description\": \"{description}\",\n  \"language\": \"{LANGUAGE}\",\n  \"authors\": [\n    {{\n      \
         \"name\": \"{NAME}\",\n      \"url\": \"{SITE}\"\n    }}\n  ],\n  \"items\": [\n"
    );
    // A comma stands after each item.
    if sheets.json.ends_with(b",\n") {
        sheets.json.truncate(sheets.json.len() - 2);
    }
    press.put(&folder.join("feed.json"), [head.as_bytes(), &sheets.json, b"\n  ]\n}\n"]);
}

/// A text as SQLite holds it: nobody asks whether it is UTF-8.
fn text<'r>(row: &'r Row<'_>, at: usize) -> &'r [u8] {
    option(row, at).expect("a text")
}

fn option<'r>(row: &'r Row<'_>, at: usize) -> Option<&'r [u8]> {
    match row.get_ref(at) {
        Ok(ValueRef::Text(bytes)) => Some(bytes),
        _ => None,
    }
}

/// Appends texts.
macro_rules! put {
    ($out:expr, $($text:expr),+) => { $($out.extend_from_slice($text.as_ref());)+ };
}

/// Appends one column to each form; says when it was updated.
fn item(row: &Row<'_>, label: &str, sheets: &mut Sheets) -> i64 {
    let Sheets { rss, atom, json, content } = sheets;
    let (guid, slug, title, standfirst) = (text(row, 0), text(row, 1), text(row, 2), text(row, 3));
    let (byline, body, url) = (option(row, 4), text(row, 5), text(row, 6));
    let (published, updated) = (row.get(14).expect("an instant"), row.get(15).expect("an instant"));
    let image = option(row, 7).filter(|address| memmem::find(body, address).is_none());

    content.clear();
    put!(content, "<p><strong>");
    escape(standfirst, &HTML, content);
    put!(content, "</strong></p>\n", body);

    put!(rss, "  <item>\n   <title>");
    escape(title, &XML, rss);
    put!(rss, "</title>\n   <link>", url, "</link>\n   <description><![CDATA[");
    escape(standfirst, &HTML, rss);
    put!(rss, "]]></description>\n   <category>");
    escape(label.as_bytes(), &XML, rss);
    put!(rss, "</category>\n   <guid isPermaLink=\"false\">", guid, "</guid>\n   <pubDate>");
    put!(rss, rfc_2822(published), "</pubDate>\n   <content:encoded><![CDATA[");
    rss.extend_from_slice(content);
    put!(rss, "]]></content:encoded>\n");
    if let Some(address) = image {
        put!(rss, "   <media:content");
        picture(row, address, rss);
        put!(rss, ">\n");
        if let Some(credit) = option(row, 9) {
            put!(rss, "    <media:credit>");
            escape(credit, &XML, rss);
            put!(rss, "</media:credit>\n");
        }
        put!(rss, "    <media:description type=\"plain\">");
        escape(text(row, 8), &XML, rss);
        put!(rss, "</media:description>\n   </media:content>\n");
    }
    if let Some(byline) = byline {
        put!(rss, "   <dc:creator>");
        escape(byline, &XML, rss);
        put!(rss, "</dc:creator>\n");
    }
    put!(rss, "  </item>\n");

    put!(atom, " <entry>\n  <title>");
    escape(title, &XML, atom);
    put!(atom, "</title>\n  <id>", guid, "</id>\n  <updated>", rfc_3339(updated, "+00:00"), "</updated>\n");
    if let Some(byline) = byline {
        put!(atom, "  <author>\n   <name>");
        escape(byline, &XML, atom);
        put!(atom, "</name>\n  </author>\n");
    }
    put!(atom, "  <category term=\"", slug, "\" label=\"");
    escape(label.as_bytes(), &XML, atom);
    put!(atom, "\"/>\n  <link href=\"", url, "\" rel=\"alternate\" type=\"text/html\"/>\n  <published>");
    put!(atom, rfc_3339(published, "+00:00"), "</published>\n  <summary>");
    escape(standfirst, &XML, atom);
    put!(atom, "</summary>\n  <content type=\"html\">");
    escape(content, &XML, atom);
    put!(atom, "</content>\n");
    if let Some(address) = image {
        put!(atom, "  <media:content");
        picture(row, address, atom);
        put!(atom, ">\n");
        if let Some(credit) = option(row, 9) {
            put!(atom, "   <media:credit>");
            escape(credit, &XML, atom);
            put!(atom, "</media:credit>\n");
        }
        put!(atom, "   <media:description>");
        escape(text(row, 8), &XML, atom);
        put!(atom, "</media:description>\n  </media:content>\n");
    }
    put!(atom, " </entry>\n");

    put!(json, "    {\n      \"id\": \"", guid, "\",\n      \"url\": \"", url, "\",\n      \"title\": \"");
    escape(title, &JSON, json);
    put!(json, "\",\n      \"content_html\": \"");
    escape(content, &JSON, json);
    put!(json, "\",\n      \"summary\": \"");
    escape(standfirst, &JSON, json);
    put!(json, "\",\n      \"date_published\": \"", rfc_3339(published, "Z"), "\",\n      \"date_modified\": \"");
    put!(json, rfc_3339(updated, "Z"), "\",\n");
    if let Some(byline) = byline {
        put!(json, "      \"authors\": [\n        {\n          \"name\": \"");
        escape(byline, &JSON, json);
        put!(json, "\"\n        }\n      ],\n");
    }
    put!(json, "      \"tags\": [\n        \"", label, "\"\n      ]");
    if let Some(address) = image {
        put!(json, ",\n      \"image\": \"", address, "\",\n      \"_picture\": {\n        \"alt\": \"");
        escape(text(row, 8), &JSON, json);
        if let Some(credit) = option(row, 9) {
            put!(json, "\",\n        \"credit\": \"");
            escape(credit, &JSON, json);
        }
        put!(json, "\",\n        \"mime_type\": \"", text(row, 10), "\",\n        \"width\": ");
        put!(json, number(row, 11), ",\n        \"height\": ", number(row, 12), ",\n        \"size_in_bytes\": ");
        put!(json, number(row, 13), "\n      }");
    }
    put!(json, "\n    },\n");
    updated
}

fn number(row: &Row<'_>, at: usize) -> String {
    row.get::<_, i64>(at).expect("a number").to_string()
}

/// The attributes of a picture in Media RSS.
fn picture(row: &Row<'_>, address: &[u8], out: &mut Vec<u8>) {
    put!(out, " fileSize=\"", number(row, 13), "\" height=\"", number(row, 12), "\" medium=\"image\" type=\"");
    put!(out, text(row, 10), "\" url=\"", address, "\" width=\"", number(row, 11), "\"");
}

/// What a form writes instead of some bytes.
type Escapes<const N: usize> = [(u8, &'static str); N];

/// What the libraries of gazetier escape in XML, in texts as in attributes.
const XML: Escapes<5> = [(b'&', "&amp;"), (b'<', "&lt;"), (b'>', "&gt;"), (b'"', "&quot;"), (b'\'', "&apos;")];
const HTML: Escapes<4> = [(b'&', "&amp;"), (b'<', "&lt;"), (b'>', "&gt;"), (b'"', "&quot;")];
/// The corpus holds no other character that JSON escapes.
const JSON: Escapes<3> = [(b'"', "\\\""), (b'\\', "\\\\"), (b'\n', "\\n")];

/// Appends a text, escaped.
fn escape<const N: usize>(text: &[u8], escapes: &Escapes<N>, out: &mut Vec<u8>) {
    // Most stretches hold nothing to escape, which vector instructions see at once.
    const STRETCH: usize = 32;
    let mut from = 0;
    for (index, stretch) in text.chunks(STRETCH).enumerate() {
        if let Ok(whole) = <&[u8; STRETCH]>::try_from(stretch) {
            let mut special = [0; STRETCH];
            for (flag, byte) in special.iter_mut().zip(whole) {
                for (of, _) in escapes {
                    *flag |= u8::from(byte == of);
                }
            }
            if special == [0; STRETCH] {
                continue;
            }
        }
        for (place, byte) in stretch.iter().enumerate() {
            if let Some((_, instead)) = escapes.iter().find(|(of, _)| of == byte) {
                let at = index * STRETCH + place;
                out.extend_from_slice(&text[from..at]);
                out.extend_from_slice(instead.as_bytes());
                from = at + 1;
            }
        }
    }
    out.extend_from_slice(&text[from..]);
}

/// Year, month, day and day of the week (0 for Monday) of a day counted from 1970.
fn civil(days: i64) -> (i64, i64, i64, usize) {
    // Howard Hinnant's algorithm: eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, usize::try_from((days + 3).rem_euclid(7)).expect("a day of the week"))
}

fn rfc_3339(millis: i64, offset: &str) -> String {
    let (seconds, fraction) = (millis.div_euclid(1_000), millis.rem_euclid(1_000));
    let (year, month, day, _) = civil(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:03}") };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
}

fn rfc_2822(millis: i64) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = millis.div_euclid(1_000);
    let (year, month, day, weekday) = civil(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let month = MONTHS[usize::try_from(month - 1).expect("a month")];
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +0000", DAYS[weekday])
}
