use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;
use toml::Value;

use super::*;

/// A language that is written from right to left and has no file: its words are English.
pub(super) fn made_up() -> (&'static str, Cow<'static, str>) {
    ("ar", text_of("en").replace("dir = \"ltr\"", "dir = \"rtl\"").into())
}

fn text_of(tag: &str) -> &'static str {
    FILES.iter().find(|(own, _)| *own == tag).map_or("", |(_, text)| text)
}

/// Each text of a file by its key, the forms of a plural by theirs.
fn texts(value: &Value, key: &str, into: &mut BTreeMap<String, String>) {
    let below = |part: &str| if key.is_empty() { part.to_owned() } else { format!("{key}.{part}") };
    match value {
        Value::Table(table) => table.iter().for_each(|(part, value)| texts(value, &below(part), into)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| texts(value, &below(&at.to_string()), into))
        }
        value => {
            into.insert(key.to_owned(), value.as_str().expect("a text").to_owned());
        }
    }
}

fn all_texts(tag: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    texts(&toml::from_str(text_of(tag)).expect("TOML"), "", &mut all);
    all
}

/// What is to be filled in, in the order of the alphabet.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// The key of a plural, and the form, if a key is one of a plural's.
fn form(key: &str) -> Option<(&str, &str)> {
    let (plural, form) = key.rsplit_once('.')?;
    let is_form = ["zero", "one", "two", "few", "many", "other"].contains(&form);
    (is_form && plural != "dates").then_some((plural, form))
}

#[test]
fn every_file_can_be_read() {
    assert!(FILES.len() >= 3, "{FILES:?}");
    for (tag, text) in FILES {
        let spoken = read(tag, text).unwrap_or_else(|error| panic!("{error}"));
        assert!(!spoken.words.name.is_empty());
        for (key, text) in all_texts(tag) {
            assert!(!text.trim().is_empty(), "locales/{tag}.toml: {key} is empty");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "locales/{tag}.toml: {key}: {text}");
        }
    }
}

#[test]
fn a_word_too_few_or_too_many_is_told_with_file_and_key() {
    let english = text_of("en");
    let why = |text: &str| read("en", text).err().unwrap_or_default();
    let without = english.replace("read_on = \"Read\\u00a0on\"\n", "");
    assert!(why(&without).starts_with("locales/en.toml: ") && why(&without).contains("missing field `read_on`"));
    assert!(why(&without).contains("[letter]"), "{}", why(&without));
    let more = english.replace("[letter]\n", "[letter]\nfarewell = \"Bye\"\n");
    assert!(why(&more).starts_with("locales/en.toml: ") && why(&more).contains("unknown field `farewell`"));
    let nowhere = english.replace("\"en_GB\"", "\"en_XX\"");
    assert_eq!(why(&nowhere), "locales/en.toml: dates.months: there is no locale \"en_XX\"");
    assert!(why(&english.replace("dir = \"ltr\"", "dir = \"down\"")).contains("down"));
}

#[test]
fn the_same_is_filled_in_in_every_language() {
    // Of a plural, the last form has all of it: « one reader » needs no number.
    let wanted: BTreeMap<String, String> =
        all_texts("en").into_iter().filter(|(key, _)| form(key).is_none_or(|(_, form)| form == "other")).collect();
    for (tag, _) in FILES {
        let own = all_texts(tag);
        for (key, text) in &wanted {
            // A text may have more paragraphs or fewer.
            let Some(other) = own.get(key) else { continue };
            assert_eq!(placeholders(other), placeholders(text), "locales/{tag}.toml: {key}: {other}");
        }
        for (key, text) in own.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            let of = form(key).map_or(String::new(), |(plural, _)| format!("{plural}.other"));
            let known = wanted.get(&of).map(|text| placeholders(text)).unwrap_or_default();
            assert!(placeholders(text).is_subset(&known), "locales/{tag}.toml: {key}: {text}");
        }
    }
}

#[test]
fn plurals_have_the_forms_that_their_language_tells_apart() {
    for (tag, _) in FILES {
        let rule = speak::rule(tag).expect("a rule");
        let names: BTreeSet<String> =
            rule.categories().map(|category| format!("{category:?}").to_lowercase()).collect();
        let own = all_texts(tag);
        let mut plurals: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (plural, form) in own.keys().filter_map(|key| form(key)) {
            plurals.entry(plural).or_default().insert(form.to_owned());
        }
        assert!(plurals.contains_key("desk.goes_to"), "{plurals:?}");
        for (plural, forms) in plurals {
            assert_eq!(forms, names, "locales/{tag}.toml: {plural}");
        }
    }
}

#[test]
fn numbers_choose_their_form() {
    let goes_to = |tag: &str, count: u64| {
        let lang = Lang::known(tag).expect("a language");
        lang.counted(&lang.words().desk.goes_to, count, &[])
    };
    assert_eq!(goes_to("fr", 1), "Elle va à 1 lecteur.");
    assert_eq!(goes_to("fr", 2), "Elle va à 2 lecteurs.");
    assert_eq!(goes_to("fr", 0), "Elle va à 0 lecteur.");
    assert_eq!(goes_to("fr", 2_000_000), "Elle va à 2000000 de lecteurs.");
    assert_eq!(
        (goes_to("en", 0).as_str(), goes_to("en", 1).as_str()),
        ("It goes to 0 readers.", "It goes to 1 reader.")
    );
}

#[test]
fn tags_lead_to_the_language_of_a_file() {
    let tag = |tag: &str| Lang::known(tag).map(Lang::tag);
    for french in ["fr", "FR", "fr-FR", "fr_CA", " fr-Latn-CH ", "Fr_be"] {
        assert_eq!(tag(french), Some("fr"), "{french}");
    }
    assert_eq!((tag("de-AT"), tag("de-CH-1996"), tag("en_GB")), (Some("de"), Some("de"), Some("en")));
    for other in ["", "it", "french", "f", "frr", "x-fr", "-"] {
        assert_eq!(tag(other), None, "{other}");
    }
    assert_eq!(Lang::english().tag(), "en");
    assert!(Lang::all().map(Lang::tag).is_sorted_by_key(|tag| (tag == "ar", tag)));
}

#[test]
fn days_are_written_as_the_language_has_them() {
    let date = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let lang = |tag: &str| Lang::known(tag).expect("a language");
    let (first, last) = (date("2026-12-01"), date("2026-12-07"));
    for (tag, day, days, short) in [
        ("fr", "1er\u{a0}décembre", "du 1er au 7\u{a0}décembre 2026", "01/12"),
        ("en", "1\u{a0}December", "1 to 7\u{a0}December 2026", "01/12"),
        ("de", "1.\u{a0}Dezember", "1. bis 7.\u{a0}Dezember 2026", "01.12."),
    ] {
        assert_eq!(lang(tag).day(first), day);
        assert_eq!(lang(tag).days(first, last), days);
        assert_eq!(lang(tag).short_day(first), short);
    }
    let (november, january) = (date("2026-11-30"), date("2027-01-01"));
    assert_eq!(lang("de").days(november, last), "30.\u{a0}November bis 7.\u{a0}Dezember 2026");
    assert_eq!(lang("fr").days(november, january), "du 30\u{a0}novembre 2026 au 1er\u{a0}janvier 2027");
}

#[test]
fn a_name_with_a_brace_is_not_filled_in_again() {
    let with: &[(&str, &dyn std::fmt::Display)] = &[("magazine", &"{address}"), ("address", &"a@example.org")];
    assert_eq!(fill("{magazine}: {address}, {other} {", with), "{address}: a@example.org, {other} {");
}
