//! docs/reference/exit-codes.md: the codes as src/cli/exit.rs has them.

use std::fs;

use super::{compare, made, root};

#[test]
fn the_page_of_exit_codes_is_what_the_program_ends_with() {
    let words = "How the program ends, after `sysexits.h`: what cron, systemd or a mail server can act on. What is wrong \
                 stands on standard error; `gazetier bounce` behind a mail server's pipe turns what may pass into 75.";
    let mut text = made("Exit codes", words);
    text += "| code | when |\n| --- | --- |\n| 0 | Done. |\n| 1 | Anything else: a fault of the program or the machine. |\n";
    let source = fs::read_to_string(root().join("src/cli/exit.rs")).expect("the codes");
    let lines: Vec<&str> = source.lines().collect();
    let mut codes = 0;
    for pair in lines.windows(2) {
        let constant = pair[1].strip_prefix("pub(super) const ").and_then(|rest| rest.split_once(": u8 = "));
        if let (Some(comment), Some((_, code))) = (pair[0].strip_prefix("/// "), constant) {
            text += &format!("| {} | {comment} |\n", code.trim_end_matches(';'));
            codes += 1;
        }
    }
    assert_eq!(codes, source.matches("const ").count() - 1, "each constant but the one that is another's");
    compare("exit-codes.md", &text);
}
