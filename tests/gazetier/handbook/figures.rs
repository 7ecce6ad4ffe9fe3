//! docs/reference/metrics.md: the figures that the program gives, as it gives them.

use std::collections::{BTreeMap, BTreeSet};

use super::{compare, made};
use crate::{
    readers::house::{House, at_home},
    support::{MONDAY, Scene},
};

/// What stands of a figure in Prometheus' text format.
#[derive(Default)]
struct Figure {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
}

fn figures(text: &str) -> BTreeMap<String, Figure> {
    let mut figures: BTreeMap<String, Figure> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, help] => figures.entry(name.to_owned()).or_default().help = help.to_owned(),
            ["#", "TYPE", name, kind] => figures.entry(name.to_owned()).or_default().kind = kind.to_owned(),
            _ => {
                let name = line.split(['{', ' ']).next().unwrap_or_default();
                let labels = line.split_once('{').map(|(_, rest)| rest.split_once('}').expect("their end").0);
                let figure = figures.get_mut(name).unwrap_or_else(|| panic!("{line} has no head"));
                figure.labels.extend(
                    labels
                        .into_iter()
                        .flat_map(|labels| labels.split(','))
                        .filter_map(|label| label.split_once('=').map(|(label, _)| label.to_owned())),
                );
            }
        }
    }
    figures
}

#[test]
fn the_page_of_figures_is_what_is_given() {
    let scene = at_home(Scene::sample(), "metrics_listen = \"unix:figures.sock\"")
        .config("[theme]\n", "[watch]\nmetrics = \"figures.prom\"\n[theme]\n");
    scene.ok(&["run", "--at", MONDAY]);
    let house = House::open(&scene, &[]);
    assert_eq!(house.get("/healthz").text(), "ok\n");
    let served = figures(&House::ask_socket(&scene.path("figures.sock"), "/metrics").text());
    let written = figures(&scene.read("figures.prom"));
    assert!(written.keys().all(|name| served.contains_key(name)), "a file has what is not served");
    let words = "Figures in Prometheus' text format: at `/metrics` of `web.metrics_listen`, and in the file that `watch.metrics` names, \
                 which each run writes anew. [Running it](../OPERATIONS.md#what-did-not-happen) has a rule for alarms.";
    let mut text = made("Figures", words);
    text += "| figure | kind | by | also in the file | what it is |\n| --- | --- | --- | --- | --- |\n";
    for (name, figure) in &served {
        let labels: Vec<String> = figure.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let in_file = if written.contains_key(name) { "yes" } else { "no" };
        text += &format!("| `{name}` | {} | {labels} | {in_file} | {} |\n", figure.kind, figure.help);
    }
    compare("metrics.md", &text);
}
