//! Paragraphs, headings, lists and tables of a text with SPIP's marks.

use super::marks;

/// Elements that stand for themselves, and are in no paragraph.
const BLOCKS: [&str; 20] = [
    "address",
    "article",
    "blockquote",
    "div",
    "dl",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "iframe",
    "ol",
    "p",
    "section",
    "table",
    "ul",
    "video",
];

/// Writes the blocks of a text.
pub(super) fn blocks(text: &str, html: &mut String, warnings: &mut Vec<String>) {
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("{{{") {
        let Some((heading, after)) = inner.split_once("}}}") else { break };
        quoted(before, html, warnings);
        html.push_str(&format!("<h3>{}</h3>\n", marks(heading.trim(), warnings)));
        rest = after;
    }
    quoted(rest, html, warnings);
}

/// Quotations and verses, with what is between them.
fn quoted(text: &str, html: &mut String, warnings: &mut Vec<String>) {
    let mut rest = text;
    loop {
        let begins = ["quote", "poesie", "poetry"].into_iter();
        let found = begins.filter_map(|name| Some((rest.find(&format!("<{name}>"))?, name))).min();
        let Some((at, name)) = found else { break };
        let inner = &rest[at + name.len() + 2..];
        let Some((inner, after)) = inner.split_once(&format!("</{name}>")) else { break };
        paragraphs(&rest[..at], false, html, warnings);
        html.push_str("<blockquote>\n");
        paragraphs(inner, name != "quote", html, warnings);
        html.push_str("</blockquote>\n");
        rest = after;
    }
    paragraphs(rest, false, html, warnings);
}

/// What a line is by its beginning.
enum Line<'a> {
    Empty,
    Rule,
    /// How deep it lies, whether it has a number, and its words.
    Item(usize, bool, &'a str),
    Row(&'a str),
    Words(&'a str),
}

fn line(text: &str) -> Line<'_> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Line::Empty;
    }
    if trimmed.len() >= 4 && trimmed.bytes().all(|byte| byte == b'-') {
        return Line::Rule;
    }
    if let Some(rest) = trimmed.strip_prefix('-') {
        let words = rest.trim_start_matches(['*', '#']);
        let depth = rest.len() - words.len();
        if depth > 0 {
            return Line::Item(depth.min(8), rest[..depth].ends_with('#'), words.trim());
        }
    }
    if trimmed.len() > 1 && trimmed.starts_with('|') && trimmed.ends_with('|') {
        return Line::Row(trimmed);
    }
    Line::Words(trimmed)
}

/// Paragraphs, and what is not one. Of verses, each line stays one.
fn paragraphs(text: &str, are_verses: bool, html: &mut String, warnings: &mut Vec<String>) {
    let (mut words, mut items, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for text in text.split('\n').chain([""]) {
        let line = line(text);
        if !matches!(line, Line::Row(_)) {
            table(&mut rows, html, warnings);
        }
        // A line behind an item goes on with it.
        match (line, items.last_mut()) {
            (Line::Words(more), Some((_, _, item))) => *item = format!("{item} {more}"),
            (Line::Item(depth, has_number, item), _) => {
                paragraph(&mut words, are_verses, html, warnings);
                items.push((depth, has_number, item.to_owned()));
            }
            (line, _) => {
                list(&mut items, html, warnings);
                match line {
                    Line::Words(text) => words.push(text),
                    line => {
                        paragraph(&mut words, are_verses, html, warnings);
                        match line {
                            Line::Rule => html.push_str("<hr>\n"),
                            Line::Row(row) => rows.push(row),
                            _ => {}
                        }
                    }
                }
            }
        }
    }
}

fn paragraph(words: &mut Vec<&str>, are_verses: bool, html: &mut String, warnings: &mut Vec<String>) {
    if words.is_empty() {
        return;
    }
    let mut text = String::new();
    for line in words.drain(..) {
        let (breaks, line) = match (line.strip_prefix("_ "), line.strip_prefix("- ")) {
            (Some(line), _) => (true, line.to_owned()),
            (None, Some(line)) => (true, format!("– {line}")),
            (None, None) => (are_verses, line.to_owned()),
        };
        if !text.is_empty() {
            text.push_str(if breaks { "<br>\n" } else { "\n" });
        }
        text.push_str(&line);
    }
    let text = marks(&text, warnings);
    html.push_str(&if begins_with_block(&text) { format!("{text}\n") } else { format!("<p>{text}</p>\n") });
}

fn begins_with_block(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('<') else { return false };
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    BLOCKS.contains(&name.to_ascii_lowercase().as_str())
}

fn list(items: &mut Vec<(usize, bool, String)>, html: &mut String, warnings: &mut Vec<String>) {
    let mut open: Vec<&str> = Vec::new();
    let had_items = !items.is_empty();
    for (depth, has_number, item) in items.drain(..) {
        let name = if has_number { "ol" } else { "ul" };
        // An item lies no deeper than one below the last.
        let depth = depth.min(open.len() + 1);
        let is_other = open.len() >= depth && open.get(depth - 1) != Some(&name);
        while open.len() > depth || (is_other && open.len() == depth) {
            html.push_str(&format!("</li></{}>", open.pop().unwrap_or_default()));
        }
        if open.len() == depth {
            html.push_str("</li>");
        } else {
            if open.is_empty() && html.ends_with("</ul>") | html.ends_with("</ol>") {
                html.push('\n');
            }
            html.push_str(&format!("<{name}>"));
            open.push(name);
        }
        html.push_str(&format!("<li>{}", marks(&item, warnings)));
    }
    while let Some(name) = open.pop() {
        html.push_str(&format!("</li></{name}>"));
    }
    if had_items {
        html.push('\n');
    }
}

fn table(rows: &mut Vec<&str>, html: &mut String, warnings: &mut Vec<String>) {
    if rows.is_empty() {
        return;
    }
    html.push_str("<table>");
    for row in rows.drain(..) {
        if let Some(caption) = row.strip_prefix("||") {
            let caption = caption.split('|').next().unwrap_or_default();
            html.push_str(&format!("<caption>{}</caption>", marks(caption.trim(), warnings)));
            continue;
        }
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let is_heading = |cell: &&str| cell.starts_with("{{") && cell.ends_with("}}");
        let are_headings = cells.iter().all(|cell| is_heading(cell) || cell.is_empty()) && cells.iter().any(is_heading);
        html.push_str("<tr>");
        for cell in cells {
            let (name, cell) = if are_headings { ("th", cell.trim_matches(['{', '}'])) } else { ("td", cell) };
            html.push_str(&format!("<{name}>{}</{name}>", marks(cell, warnings)));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>\n");
}
