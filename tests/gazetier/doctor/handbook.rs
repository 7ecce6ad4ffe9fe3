//! The records that docs/howto/deliverability.md shows: with them, the doctor finds nothing wrong.

use super::{Doctor, told};

#[test]
fn the_records_of_the_handbook_are_right() {
    let page = include_str!("../../../docs/howto/deliverability.md");
    let (_, block) = page.split_once("```dns\n").expect("the records");
    let (block, _) = block.split_once("```").expect("their end");
    let zone = block.lines().map(|line| {
        let (name, data) = line.split_once(". IN ").expect("a record");
        format!("{name} {}", data.replace('"', "").trim_end_matches('.'))
    });
    let doctor = Doctor::new();
    let mut case = doctor.case();
    case.zone.retain(|line| line.starts_with("g1."));
    assert_eq!(case.zone.len(), 1);
    case.zone.extend(zone);
    let (outcome, found) = doctor.examine(&case);
    assert_eq!((outcome.code, told(&found, &["wrong", "advice"])), (0, Vec::new()), "{:?}", case.zone);
}
