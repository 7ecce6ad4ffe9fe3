//! Reads Rust source as far as the fences need it: which paths it names, in full, which macros and
//! methods it calls. Comments, texts and what is compiled for unit tests alone do not count.

use std::collections::HashMap;

/// What a file says.
#[derive(Debug, Default)]
pub struct Scan {
    /// Paths as far as they can be known: `crate::store::Store`, `std::fs::read`, `chrono::Utc::now`.
    pub paths: Vec<(usize, String)>,
    /// Names of the macros it calls, without their paths.
    pub macros: Vec<(usize, String)>,
    /// Names of the methods it calls.
    pub methods: Vec<(usize, String)>,
    /// Words that are keywords here.
    pub keywords: Vec<(usize, String)>,
    /// Modules whose text stands in the file itself.
    pub inline_modules: Vec<(usize, String)>,
    /// All of it, with single spaces.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Scans a file. `module` is its place in the crate: `crate::feeds::rss`.
pub fn scan(source: &str, module: &str) -> Scan {
    let tokens = without_tests(&tokens(source));
    let at = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let mut scan =
        Scan { text: tokens.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" "), ..Scan::default() };
    let mut names = HashMap::new();
    let mut paths = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let token = &tokens[index];
        let after_dot = index > 0 && at(index - 1) == ".";
        if token.text == "use" && at(index + 1) != "<" {
            let mut found = Vec::new();
            index = use_tree(&tokens, index + 1, &[], &mut found);
            for (path, name) in found {
                names.insert(name, path.clone());
                paths.push((token.line, path));
            }
            continue;
        }
        if !token.is_name() || continues(&tokens[..index]) {
            index += 1;
            continue;
        }
        if token.text == "mod" && at(index + 2) == "{" {
            scan.inline_modules.push((token.line, at(index + 1).to_owned()));
        }
        if token.text == "unsafe" {
            scan.keywords.push((token.line, token.text.clone()));
        }
        let mut path = vec![token.text.clone()];
        while at(index + 1) == "::" && tokens.get(index + 2).is_some_and(Token::is_name) {
            path.push(at(index + 2).to_owned());
            index += 2;
        }
        index += 1;
        if after_dot {
            if at(index) == "(" || at(index) == "::" {
                scan.methods.push((token.line, token.text.clone()));
            }
            continue;
        }
        if at(index) == "!" && at(index + 1) != "=" {
            scan.macros.extend(path.last().map(|name| (token.line, name.clone())));
        }
        if path.len() > 1 {
            paths.push((token.line, path));
        }
    }
    scan.paths = paths.into_iter().map(|(line, path)| (line, full(path, module, &names))).collect();
    scan
}

/// Whether what comes next goes on from something: `::` does not, at the beginning of a path.
fn continues(before: &[Token]) -> bool {
    let back = |n: usize| before.len().checked_sub(n).map(|index| &before[index]);
    let sign = |n: usize, texts: &[&str]| back(n).is_some_and(|token| texts.contains(&token.text.as_str()));
    let arrow = sign(2, &[">"]) && sign(3, &["-", "="]);
    sign(1, &["::"]) && !arrow && (back(2).is_some_and(Token::is_name) || sign(2, &[">", ")", "]"]))
}

/// A path from the root: of the crate for `self` and `super`, of its `use` line for a short name.
fn full(mut path: Vec<String>, module: &str, names: &HashMap<String, Vec<String>>) -> String {
    // A name may lead to another, but not for ever.
    for _ in 0..4 {
        match names.get(&path[0]) {
            Some(whole) if whole[..] != path[..whole.len().min(path.len())] => {
                path.splice(0..1, whole.iter().cloned());
            }
            _ => break,
        }
    }
    let mut base: Vec<String> = module.split("::").map(str::to_owned).collect();
    if !matches!(path[0].as_str(), "self" | "super") {
        return path.join("::");
    }
    while let Some(first) = path.first() {
        match first.as_str() {
            "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        path.remove(0);
    }
    base.extend(path);
    base.join("::")
}

/// Reads a tree of imports; gives the paths with the names that they have here, and where it ends.
fn use_tree(tokens: &[Token], mut index: usize, before: &[String], found: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = before.to_vec();
    let mut name = None;
    while let Some(token) = tokens.get(index) {
        match token.text.as_str() {
            "::" => {}
            "{" => {
                index += 1;
                while tokens.get(index).is_some_and(|t| t.text != "}") {
                    index = use_tree(tokens, index, &path, found);
                    if tokens.get(index).is_some_and(|t| t.text == ",") {
                        index += 1;
                    }
                }
                return index + 1;
            }
            "as" => {
                name = tokens.get(index + 1).map(|t| t.text.clone());
                index += 1;
            }
            // `use a::{self}` names a itself.
            "self" if !path.is_empty() => {}
            text if token.is_name() || text == "*" => path.push(text.to_owned()),
            _ => break,
        }
        index += 1;
    }
    if let Some(last) = path.last().cloned() {
        found.push((path, name.unwrap_or(last)));
    }
    index
}

/// Takes out every item under `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mark = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while index < tokens.len() {
        let here = tokens[index..].iter().take(mark.len()).map(|token| token.text.as_str());
        if !here.eq(mark) {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        let mut depth = 0;
        while let Some(token) = tokens.get(index) {
            index += 1;
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(token.text.as_str(), "}" | ";") {
                break;
            }
        }
    }
    kept
}

/// Names, `::` and single signs; of a literal its quote alone is left.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let (mut index, mut line) = (0, 1);
    while index < chars.len() {
        let begin = index;
        let text = match at(index) {
            c if c.is_whitespace() => {
                index += 1;
                String::new()
            }
            '/' if at(index + 1) == '/' => {
                index += chars[index..].iter().take_while(|c| **c != '\n').count();
                String::new()
            }
            '/' if at(index + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(index), at(index + 1)) {
                        ('/', '*') => (depth, index) = (depth + 1, index + 2),
                        ('*', '/') => (depth, index) = (depth - 1, index + 2),
                        _ => index += 1,
                    }
                    if depth == 0 || index >= chars.len() {
                        break;
                    }
                }
                String::new()
            }
            '"' => {
                index += 1;
                while index < chars.len() && at(index) != '"' {
                    index += if at(index) == '\\' { 2 } else { 1 };
                }
                index += 1;
                "\"".to_owned()
            }
            // A character, or a lifetime, which has no quote at its end.
            '\'' if at(index + 1) == '\\' || at(index + 2) == '\'' => {
                index += if at(index + 1) == '\\' { 3 } else { 2 };
                index += chars[index..].iter().take_while(|c| **c != '\'').count() + 1;
                "'".to_owned()
            }
            c if is_part(c) => {
                index += chars[index..].iter().take_while(|c| is_part(**c)).count();
                let word: String = chars[begin..index].iter().collect();
                let hashes = chars[index..].iter().take_while(|c| **c == '#').count();
                if matches!(word.as_str(), "r" | "br" | "cr") && at(index + hashes) == '"' {
                    index += hashes + 1;
                    let end = |from: usize| at(from) == '"' && (1..=hashes).all(|n| at(from + n) == '#');
                    while index < chars.len() && !end(index) {
                        index += 1;
                    }
                    index += hashes + 1;
                    "\"".to_owned()
                } else {
                    word
                }
            }
            ':' if at(index + 1) == ':' => {
                index += 2;
                "::".to_owned()
            }
            c => {
                index += 1;
                c.to_string()
            }
        };
        if !text.is_empty() {
            tokens.push(Token { line, text });
        }
        line += chars[begin..index.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}
