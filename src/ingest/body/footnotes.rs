//! Footnotes: numbered in the order in which the text refers to them, at the end, each with the way
//! back to where it was referred to.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write,
};

use pulldown_cmark::{Event, Tag, TagEnd, html};

struct Footnote<'a> {
    name: String,
    events: Vec<Event<'a>>,
    /// Its number, once something refers to it, and how often something does.
    number: Option<usize>,
    references: usize,
}

/// The HTML of a body's events, its footnotes at its end.
pub(super) fn push_html<'a>(out: &mut String, events: Vec<Event<'a>>) {
    let (text, mut notes) = part(events);
    if notes.is_empty() {
        return html::push_html(out, text.into_iter());
    }
    let places: HashMap<String, usize> = notes.iter().enumerate().map(|(at, note)| (note.name.clone(), at)).collect();
    let mut order = VecDeque::new();
    let mut count = 0;
    let mut refer = |event: Event<'a>, notes: &mut Vec<Footnote<'a>>, order: &mut VecDeque<usize>| {
        let Event::FootnoteReference(name) = &event else { return event };
        let Some(place) = places.get(name.as_ref()) else { return Event::Text(format!("[^{name}]").into()) };
        let note = &mut notes[*place];
        note.references += 1;
        let number = *note.number.get_or_insert_with(|| {
            count += 1;
            order.push_back(*place);
            count
        });
        let id = reference(number, note.references);
        Event::InlineHtml(format!("<sup><a href=\"#fn-{number}\" id=\"{id}\">{number}</a></sup>").into())
    };
    let text: Vec<_> = text.into_iter().map(|event| refer(event, &mut notes, &mut order)).collect();
    html::push_html(out, text.into_iter());
    // A note may refer to others. What nothing refers to is said all the same.
    let mut written = Vec::new();
    while let Some(place) = order.pop_front().or_else(|| notes.iter().position(|note| !note.events.is_empty())) {
        let events: Vec<_> = std::mem::take(&mut notes[place].events);
        let events: Vec<_> = events.into_iter().map(|event| refer(event, &mut notes, &mut order)).collect();
        let mut note = String::new();
        html::push_html(&mut note, events.into_iter());
        written.push((place, note));
    }
    out.push_str("<hr />\n<ol>\n");
    for (place, note) in written {
        let _ = writeln!(out, "{}</li>", item(&notes[place], note.trim_end()));
    }
    out.push_str("</ol>\n");
}

/// The text without its footnotes, and these in order.
fn part(events: Vec<Event<'_>>) -> (Vec<Event<'_>>, Vec<Footnote<'_>>) {
    let mut text = Vec::with_capacity(events.len());
    let mut notes: Vec<Footnote<'_>> = Vec::new();
    let mut inside = false;
    for event in events {
        match event {
            Event::Start(Tag::FootnoteDefinition(name)) => {
                inside = true;
                notes.push(Footnote { name: name.to_string(), events: Vec::new(), number: None, references: 0 });
            }
            Event::End(TagEnd::FootnoteDefinition) => inside = false,
            event => match notes.last_mut().filter(|_| inside) {
                Some(note) => note.events.push(event),
                None => text.push(event),
            },
        }
    }
    (text, notes)
}

fn reference(number: usize, time: usize) -> String {
    if time == 1 { format!("fnref-{number}") } else { format!("fnref-{number}-{time}") }
}

/// A note without the end of its item, with an arrow back for each reference at the end of its words.
fn item(note: &Footnote<'_>, html: &str) -> String {
    let Some(number) = note.number else { return format!("<li>{html}") };
    let back = (1..=note.references).fold(String::new(), |mut back, time| {
        // U+FE0E: an arrow as text, not as a picture.
        let _ = write!(back, " <a href=\"#{}\">↩\u{fe0e}</a>", reference(number, time));
        back
    });
    match html.strip_suffix("</p>") {
        Some(words) => format!("<li id=\"fn-{number}\">{words}{back}</p>"),
        None => format!("<li id=\"fn-{number}\">{html}<p>{}</p>", back.trim_start()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::whole as html;

    #[test]
    fn footnotes_stand_at_the_end_and_lead_back() {
        let written = html(
            "Un mot[^b], un autre[^a], encore[^b].\n\n[^a]: La *note*.\n[^b]: Voir[^a].\n\n    - un\n\nFin[^x].\n",
        )
        .0;
        assert_eq!(
            written,
            "<p>Un mot<sup><a href=\"#fn-1\" id=\"fnref-1\">1</a></sup>, un autre<sup><a href=\"#fn-2\" id=\"fnref-2\">2\
             </a></sup>, encore<sup><a href=\"#fn-1\" id=\"fnref-1-2\">1</a></sup>.</p>\n<p>Fin[^x].</p>\n<hr />\n<ol>\n\
             <li id=\"fn-1\"><p>Voir<sup><a href=\"#fn-2\" id=\"fnref-2-2\">2</a></sup>.</p>\n<ul>\n<li>un</li>\n</ul>\
             <p><a href=\"#fnref-1\">↩\u{fe0e}</a> <a href=\"#fnref-1-2\">↩\u{fe0e}</a></p></li>\n\
             <li id=\"fn-2\"><p>La <em>note</em>. <a href=\"#fnref-2\">↩\u{fe0e}</a> <a href=\"#fnref-2-2\">↩\u{fe0e}</a>\
             </p></li>\n</ol>\n"
        );
        assert_eq!(
            html("Rien.\n\n[^a]: Oubliée.\n").0,
            "<p>Rien.</p>\n<hr />\n<ol>\n<li><p>Oubliée.</p></li>\n</ol>\n"
        );
    }
}
