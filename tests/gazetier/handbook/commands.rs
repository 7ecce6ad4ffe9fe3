//! docs/reference/commands.md: each command and option, as the command line itself has them.

use clap::{Arg, Command};

use super::{cell, compare, made};

#[test]
fn the_page_of_commands_is_what_the_command_line_says() {
    let mut root = gazetier::cli::command();
    root.build();
    let words = "What `gazetier --help` says, and `--help` behind each command. `man gazetier` has the same.";
    let mut text = made("Commands", words);
    text += "## Options of every command\n\n";
    text += &table(root.get_arguments());
    for command in root.get_subcommands() {
        write(&mut text, command, "gazetier");
    }
    compare("commands.md", &format!("{}\n", text.trim_end()));
}

/// Whether it is shown.
fn is_shown(command: &Command) -> bool {
    command.get_name() != "help" && !command.is_hide_set()
}

fn write(text: &mut String, command: &Command, above: &str) {
    if !is_shown(command) {
        return;
    }
    let name = format!("{above} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    *text += &format!("## {name}\n\n{}\n\n", paragraphs(&about));
    let below: Vec<&Command> = command.get_subcommands().filter(|command| is_shown(command)).collect();
    if below.is_empty() {
        let usage = command.clone().render_usage().to_string();
        *text += &format!("```text\n{}\n```\n\n", usage.trim_start_matches("Usage: "));
        *text += &table(command.get_arguments().filter(|argument| !argument.is_global_set()));
        return;
    }
    for command in below {
        write(text, command, &name);
    }
}

fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let told = parts.collect::<Vec<_>>().join("\n\n");
    if told.ends_with(['.', ':', '?']) { told } else { format!("{told}.") }
}

fn table<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let shown = arguments
        .filter(|argument| !argument.is_hide_set() && !["help", "version"].contains(&argument.get_id().as_str()));
    let rows: Vec<String> = shown.map(|argument| format!("| {} | {} |\n", name(argument), what(argument))).collect();
    if rows.is_empty() {
        String::new()
    } else {
        format!("| argument | what it is |\n| --- | --- |\n{}\n", rows.concat())
    }
}

/// Such as `--at INSTANT` or `FILE…`.
fn name(argument: &Arg) -> String {
    let takes = argument.get_action().takes_values();
    let values: Vec<String> = argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let values = values.join(" ");
    let more = if argument.get_num_args().is_some_and(|count| count.max_values() > 1) { "…" } else { "" };
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    match names.is_empty() {
        true => format!("`{values}{more}`"),
        false if takes => format!("`{} {values}{more}`", names.join(", ")),
        false => format!("`{}`", names.join(", ")),
    }
}

/// What it is for, what it may be, and what it is without being said.
fn what(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut told = cell(&help).replace('<', "\\<");
    if !told.is_empty() && !told.ends_with(['.', ':', '?']) {
        told.push('.');
    }
    if argument.get_action().takes_values() {
        let possible = argument.get_possible_values();
        let possible: Vec<String> = possible.iter().map(|value| format!("`{}`", value.get_name())).collect();
        if !possible.is_empty() {
            told += &format!(" One of {}.", possible.join(", "));
        }
        let usual: Vec<String> =
            argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
        if !usual.is_empty() {
            told += &format!(" Without it: `{}`.", usual.join(" "));
        }
    }
    if argument.is_required_set() && argument.get_long().is_some() {
        told += " It must be there.";
    }
    if let Some(variable) = argument.get_env() {
        told += &format!(" Also by the variable `{}`.", variable.to_string_lossy());
    }
    told.trim().to_owned()
}
