use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::Path,
};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{ingest::records::WHOLE_FILE, model::ColumnRecord};

/// A post of the site: when it was changed, and its words.
type FakePost = (i64, u64);

/// What happens to a site.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A post appears, changed now.
    Publish,
    /// One appears that was changed for the last time long ago.
    Scheduled,
    Edit(usize),
    Delete(usize),
}

/// A site in memory.
#[derive(Default)]
struct FakeSite {
    posts: RefCell<BTreeMap<String, FakePost>>,
    now: Cell<i64>,
    /// What happens while it is read, one for each page.
    events: RefCell<Vec<Event>>,
    asked: RefCell<Vec<String>>,
    fault: Cell<Option<Fault>>,
}

/// What a server may do wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    SamePage,
    EmptyPage,
    Total,
    TooMuch,
    Down,
    NoPosts,
}

impl FakeSite {
    fn of(count: u64) -> Self {
        let site = Self::default();
        (0..count).for_each(|_| site.happens(Event::Publish));
        site
    }

    fn happens(&self, event: Event) {
        // An hour for each: the overlap is two.
        let now = self.now.get() + 3_600_000;
        self.now.set(now);
        let mut posts = self.posts.borrow_mut();
        let chosen = |index: usize| posts.keys().nth(index % posts.len().max(1)).cloned();
        match event {
            Event::Publish => {
                posts.insert(format!("{now:012}"), (now, 0));
            }
            Event::Scheduled => {
                posts.insert(format!("{now:012}"), (now / 2, 0));
            }
            Event::Edit(index) => {
                if let Some(id) = chosen(index) {
                    let words = posts[&id].1 + 1;
                    posts.insert(id, (now, words));
                }
            }
            Event::Delete(index) => {
                if let Some(id) = chosen(index).filter(|_| posts.len() > 1) {
                    posts.remove(&id);
                }
            }
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.borrow_mut())
    }
}

impl PostsApi for FakeSite {
    fn page(&self, query: &PostsQuery<'_>, _: &Validators) -> Result<Option<PostsPage>, RemoteError> {
        let kind = match (query.light, query.newest_first, query.changed_after, query.ids.is_empty()) {
            (_, true, ..) => "newest",
            (true, ..) => "list",
            (_, _, Some(_), _) => "changed",
            (.., true) => "all",
            _ => "these",
        };
        self.asked.borrow_mut().push(format!("{kind} {}/{}", query.page, query.size));
        let fault = self.fault.get();
        let failed = |status| {
            let error = fetch::Error::Status { status, retry_after: None };
            Err(RemoteError::Request { what: "a page".to_owned(), error })
        };
        if (fault == Some(Fault::TooMuch) && query.size == 4 && !query.light)
            || (fault == Some(Fault::Down) && query.page > 1)
        {
            return failed(500);
        }
        let mut posts: Vec<(String, FakePost)> =
            self.posts.borrow().iter().map(|(id, post)| (id.clone(), *post)).collect();
        if fault == Some(Fault::NoPosts) {
            posts.clear();
        }
        posts.retain(|(id, (changed, _))| {
            query.changed_after.is_none_or(|after| *changed > after.timestamp_millis())
                && (query.ids.is_empty() || query.ids.contains(id))
        });
        if query.newest_first {
            posts.sort_by_key(|(_, (changed, _))| std::cmp::Reverse(*changed));
        }
        let page = if fault == Some(Fault::SamePage) { 1 } else { query.page };
        let total = posts.len() as u64 + u64::from(fault == Some(Fault::Total));
        let skipped = usize::try_from((page - 1) * query.size).expect("a number");
        let mut page: Vec<ApiPost> = posts
            .into_iter()
            .skip(skipped)
            .take(usize::try_from(query.size).expect("a number"))
            .map(|(id, (changed, words))| ApiPost {
                id,
                changed: DateTime::from_timestamp_millis(changed),
                fields: json!(words),
            })
            .collect();
        if fault == Some(Fault::EmptyPage) && query.page > 1 {
            page.clear();
        }
        let event = self.events.borrow_mut().pop();
        event.into_iter().for_each(|event| self.happens(event));
        Ok(Some(PostsPage { posts: page, total, validators: Validators::default() }))
    }

    fn record(&self, post: ApiPost) -> ListedRecord {
        let record = ColumnRecord { body: post.fields.to_string(), ..ColumnRecord::default() };
        ListedRecord { name: post.id, line: None, record: Ok(record), warnings: Vec::new() }
    }
}

/// Reads a site once, and writes down what came of it, as a sync does.
fn reads(site: &FakeSite, known: &mut KnownRecords, whole_time: Duration) -> Result<bool, String> {
    let pace = Pace { whole_time, size: 4, small_size: 2 };
    let Some(fetched) = read(site, known, None, pace).map_err(|error| error.to_string())? else { return Ok(false) };
    let trouble = fetched.trouble.as_ref().map(ToString::to_string);
    let contents = fetched.into_contents(Path::new("site"));
    for name in contents.left {
        known.seen.remove(&name);
    }
    for file in contents.files {
        if file.name == WHOLE_FILE {
            known.whole = Some(file.seen);
        } else {
            known.seen.insert(file.name, Some(file.seen));
        }
    }
    trouble.map_or(Ok(true), Err)
}

/// Whether what is known is what the site has.
fn is_same(site: &FakeSite, known: &KnownRecords) -> bool {
    let seen = |words: u64| {
        let record: Result<ColumnRecord, String> =
            Ok(ColumnRecord { body: words.to_string(), ..ColumnRecord::default() });
        fingerprint([&serde_json::to_vec(&record).expect("JSON")])
    };
    let posts = site.posts.borrow();
    let all: BTreeMap<_, _> = posts.iter().map(|(id, (_, words))| (id.clone(), Some(seen(*words)))).collect();
    all == known.seen.clone().into_iter().collect()
}

const LONG: Duration = Duration::from_secs(3_600);

#[test]
fn a_site_that_is_as_it_was_is_asked_once() {
    let (site, mut known) = (FakeSite::of(9), KnownRecords::default());
    assert_eq!(reads(&site, &mut known, LONG), Ok(true));
    assert_eq!(
        site.asked(),
        ["newest 1/100", "all 1/4", "all 2/4", "all 3/4", "list 1/4", "list 2/4", "list 3/4"],
        "all is read once"
    );
    assert_eq!(reads(&site, &mut known, LONG), Ok(false));
    assert_eq!(site.asked(), ["newest 1/100"]);
    site.happens(Event::Edit(8));
    assert_eq!(reads(&site, &mut known, LONG), Ok(true));
    assert_eq!(site.asked(), ["newest 1/100", "changed 1/4"], "nothing is new, and none is missing");
    site.happens(Event::Delete(0));
    assert_eq!(reads(&site, &mut known, LONG), Ok(true));
    assert_eq!(site.asked().len(), 4, "the list says which");
    site.happens(Event::Scheduled);
    assert_eq!(reads(&site, &mut known, LONG), Ok(true));
    assert_eq!(site.asked().last().map(String::as_str), Some("these 1/4"), "changed before, and new");
    assert!(is_same(&site, &known));
}

#[test]
fn a_first_reading_goes_on_where_it_ended() {
    let (site, mut known) = (FakeSite::of(11), KnownRecords::default());
    let told = Err("not all of its posts are read yet: the next run goes on".to_owned());
    assert_eq!(reads(&site, &mut known, Duration::ZERO), told);
    assert_eq!(known.seen.len(), 4);
    // What was read is changed, and one before it goes.
    site.happens(Event::Edit(0));
    site.happens(Event::Delete(1));
    assert_eq!(reads(&site, &mut known, Duration::ZERO), told);
    assert_eq!(reads(&site, &mut known, Duration::ZERO), Ok(true));
    assert_eq!(reads(&site, &mut known, LONG), Ok(true), "what was changed meanwhile");
    assert!(is_same(&site, &known));
    // A server that fails in the middle keeps nobody from what it gave.
    let mut known = KnownRecords::default();
    site.fault.set(Some(Fault::Down));
    assert_eq!(reads(&site, &mut known, LONG), Err("a page: the server answers 500".to_owned()));
    assert_eq!(known.seen.len(), 4);
    site.fault.set(None);
    assert_eq!(reads(&site, &mut known, LONG), Ok(true));
    assert!(is_same(&site, &known));
}

#[test]
fn what_a_server_gets_wrong_withdraws_nothing() {
    let (site, mut known) = (FakeSite::of(10), KnownRecords::default());
    assert_eq!(reads(&site, &mut known, LONG), Ok(true));
    for (fault, told) in [
        (Fault::SamePage, "page 2 of its posts is the one before once more: a cache may be in the way"),
        (Fault::EmptyPage, "page 2 of its posts is empty, and there are 11"),
        (
            Fault::Total,
            "the list of its posts is not whole, or changes while it is read (11 posts of 12): nothing is withdrawn",
        ),
        (Fault::NoPosts, "the site gives no post: nothing is changed"),
        (Fault::Down, "a page: the server answers 500"),
    ] {
        let before = known.seen.len();
        site.happens(Event::Publish);
        site.fault.set(Some(fault));
        known.wants_reading = true;
        assert_eq!(reads(&site, &mut known, LONG), Err(told.to_owned()));
        assert!(known.seen.len() >= before, "{fault:?}");
        known.wants_reading = false;
        site.fault.set(None);
        site.happens(Event::Delete(3));
        reads(&site, &mut known, LONG).expect("a reading");
        assert!(is_same(&site, &known), "{fault:?}");
    }
    site.asked();
    // Smaller pages where a server cannot make large ones.
    site.fault.set(Some(Fault::TooMuch));
    known.wants_reading = true;
    assert_eq!(reads(&site, &mut known, LONG), Ok(true));
    assert!(site.asked().contains(&"all 5/2".to_owned()));
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Publish),
        Just(Event::Scheduled),
        (0..30_usize).prop_map(Event::Edit),
        (0..30_usize).prop_map(Event::Delete),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_what_is_known_is_what_the_site_has_in_the_end(
        histories in prop::collection::vec((prop::collection::vec(event(), 0..4), prop::collection::vec(event(), 0..3), any::<bool>()), 1..12),
    ) {
        let (site, mut known) = (FakeSite::of(3), KnownRecords::default());
        for (before, meanwhile, in_haste) in histories {
            before.into_iter().for_each(|event| site.happens(event));
            *site.events.borrow_mut() = meanwhile;
            // What is told stands in the next test.
            let _ = reads(&site, &mut known, if in_haste { Duration::ZERO } else { LONG });
            site.events.borrow_mut().clear();
        }
        for _ in 0..2 {
            reads(&site, &mut known, LONG).map_err(TestCaseError::fail)?;
        }
        prop_assert!(is_same(&site, &known), "{:?} {:?}", site.posts, known);
        site.asked();
        prop_assert_eq!(reads(&site, &mut known, LONG), Ok(false));
        prop_assert_eq!(site.asked(), ["newest 1/100"]);
    }
}
