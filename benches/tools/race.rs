//! Runs programs beside one another and prints a table: one warm-up, then rounds in alternating
//! order, medians of wall time, CPU time (user and system, from the kernel's accounts) and peak
//! resident memory, and each wall time against those of the floors.
//!
//! `race ROUNDS EACH-ROUND [NAME BEFORE COMMAND]…`: EACH-ROUND and BEFORE are shell commands, run
//! untimed, before a round and before each command of it, or empty. COMMAND is split at white
//! space and run without a shell. A NAME that begins with `=` is a floor.
#![allow(missing_docs)]

use std::{
    process::{Command, Stdio},
    time::Instant,
};

struct Contender<'a> {
    name: &'a str,
    floor: bool,
    before: &'a str,
    command: Vec<&'a str>,
    runs: Vec<Run>,
}

/// What a run took, in milliseconds and MiB.
#[derive(Clone, Copy)]
struct Run {
    wall: f64,
    cpu: f64,
    memory: f64,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, each_round, rest @ ..] = &args[..] else { panic!("race ROUNDS EACH-ROUND [NAME BEFORE COMMAND]…") };
    let rounds: usize = rounds.parse().expect("a number of rounds");
    let mut contenders: Vec<Contender<'_>> = rest
        .chunks_exact(3)
        .map(|words| Contender {
            name: words[0].trim_start_matches('='),
            floor: words[0].starts_with('='),
            before: &words[1],
            command: words[2].split_whitespace().collect(),
            runs: Vec::new(),
        })
        .collect();
    for round in 0..=rounds {
        shell(each_round);
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let contender = &mut contenders[index];
            shell(contender.before);
            let run = measure(&contender.command);
            // The first round warms up.
            if round > 0 {
                contender.runs.push(run);
            }
        }
    }
    print(&contenders);
}

fn shell(command: &str) {
    if command.is_empty() {
        return;
    }
    let status = Command::new("sh").args(["-c", command]).stdout(Stdio::null()).status().expect("a shell");
    assert!(status.success(), "{command}: {status}");
}

fn measure(command: &[&str]) -> Run {
    // What others have left to write must not be waited for in here.
    let synced = Command::new("sync").status().expect("sync");
    assert!(synced.success(), "sync: {synced}");
    let start = Instant::now();
    // GNU time tells what a process took; Debian's package is called time.
    let ended = Command::new("/usr/bin/time").args(["-f", "%U %S %M"]).args(command).stdout(Stdio::null()).output();
    let ended = ended.expect("/usr/bin/time");
    let wall = start.elapsed();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{}: {said}", command.join(" "));
    let figures = said.lines().last().unwrap_or_default().split(' ').map(|figure| figure.parse().expect("a figure"));
    let [user, system, memory] = figures.collect::<Vec<f64>>()[..] else { panic!("{said}") };
    Run { wall: wall.as_secs_f64() * 1e3, cpu: (user + system) * 1e3, memory: memory / 1024.0 }
}

fn median(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(contenders: &[Contender<'_>]) {
    let wall = |contender: &Contender<'_>| median(&contender.runs, |run| run.wall);
    let floors: Vec<&Contender<'_>> = contenders.iter().filter(|contender| contender.floor).collect();
    print!("| {:<24} | {:>9} | {:>15} | {:>9} | {:>8} |", "", "wall ms", "least … most", "CPU ms", "peak MiB");
    for floor in &floors {
        print!(" × {:<16} |", floor.name);
    }
    print!("\n| :-- | --: | --: | --: | --: |");
    floors.iter().for_each(|_| print!(" --: |"));
    println!();
    for contender in contenders {
        let walls = || contender.runs.iter().map(|run| run.wall);
        let (least, most) = (walls().fold(f64::MAX, f64::min), walls().fold(0.0, f64::max));
        print!(
            "| {:<24} | {:>9.1} | {:>6.1} … {:>6.1} | {:>9.1} | {:>8.1} |",
            contender.name,
            wall(contender),
            least,
            most,
            median(&contender.runs, |run| run.cpu),
            median(&contender.runs, |run| run.memory)
        );
        for floor in &floors {
            print!(" {:>18.2} |", wall(contender) / wall(floor));
        }
        println!();
    }
}
