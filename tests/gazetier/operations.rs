//! docs/OPERATIONS.md: each command in it does what it says.

use crate::support::{MONDAY, Outcome, Scene};

#[test]
fn each_command_of_the_handbook_works() {
    let handbook = include_str!("../../docs/OPERATIONS.md");
    let blocks = handbook.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let commands: Vec<&str> = blocks.flat_map(|(block, _)| block.lines()).collect();
    assert!(commands.len() >= 9, "{commands:?}");
    let scene = Scene::sample();
    scene.ok(&["run", "--at", MONDAY]);
    for command in &commands {
        let (environment, words) =
            command.split_once("gazetier ").unwrap_or_else(|| panic!("{command} is no command of ours"));
        let arguments: Vec<&str> = words.split(' ').collect();
        let mut program = scene.command(&arguments);
        for (name, value) in environment.split_whitespace().filter_map(|setting| setting.split_once('=')) {
            program.env(name, value);
        }
        let outcome: Outcome = program.output().expect("the program").into();
        assert_eq!(outcome.code, 0, "{command}: {outcome:?}");
        assert!(!outcome.stdout.is_empty(), "{command}");
    }
    // No command of `store` is left out.
    for name in ["backup", "restore", "copy", "check"] {
        assert!(commands.iter().any(|command| command.contains(&format!("store {name}"))), "{name}");
    }
    // What was copied is used, and nothing is sent twice.
    let mut moved = scene.command(&["run", "--at", MONDAY]);
    let outcome: Outcome = moved.env("GAZETIER_STORE_URL", "sqlite:moved.db").output().expect("the program").into();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(scene.posted().len(), 3);
}
