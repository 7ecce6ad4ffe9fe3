//! Ten thousand histories of a page that editors keep by hand: whatever they do to it, each text
//! stays the column that it is. What the program asks is answered as the editors would; what it
//! decides by itself must be right.

use std::collections::HashMap;

use gazetier::ingest::listing::matching::{MatchVerdict, PageColumn, StoredColumn, match_page};

use crate::support::Dice;

const HISTORIES: u64 = 10_000;
const WEEK: i64 = 7 * 86_400_000;

/// A column as its editors know it.
#[derive(Debug, Clone)]
struct Written {
    id: usize,
    title: String,
    standfirst: String,
}

/// A column as the store has it.
#[derive(Debug, Clone)]
struct Kept {
    written: Written,
    published: i64,
    heading: u64,
}

struct History {
    dice: Dice,
    page: Vec<Written>,
    store: Vec<Kept>,
    newest: i64,
    heading: u64,
    ids: usize,
    twice: Option<usize>,
    /// What was done since the page was read last.
    done: Vec<&'static str>,
    asked: usize,
    read: usize,
}

const SERIES: [&str; 3] = ["Le billet", "La recette du dimanche", "Horaires des marées"];

impl History {
    fn new(seed: u64) -> Self {
        // Neighbouring seeds would begin alike.
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..8 {
            dice.between(0, 2);
        }
        let mut history = Self {
            dice,
            page: Vec::new(),
            store: Vec::new(),
            newest: 3_000 * WEEK,
            heading: 0,
            ids: 0,
            twice: None,
            done: Vec::new(),
            asked: 0,
            read: 0,
        };
        let most = if history.dice.between(0, 20) == 0 { 41 } else { 9 };
        for _ in 0..history.dice.between(1, most) {
            let column = history.column();
            history.page.push(column);
        }
        history
    }

    /// A word of some eight hundred.
    fn word(&mut self) -> String {
        const PARTS: [&str; 28] = [
            "ba", "cri", "dou", "fe", "gri", "ha", "jo", "ku", "lan", "mer", "nu", "or", "pa", "qui", "ra", "sel",
            "tor", "uz", "va", "xi", "zé", "bru", "cha", "den", "flo", "gué", "hui", "île",
        ];
        let mut part = || PARTS[usize::try_from(self.dice.between(0, 28)).expect("a small number")];
        format!("{}{}", part(), part())
    }

    fn words(&mut self, from: u64, to: u64) -> String {
        (0..self.dice.between(from, to)).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn column(&mut self) -> Written {
        self.ids += 1;
        let (title, standfirst) = match self.dice.between(0, 10) {
            // One title each week.
            0 | 1 => (SERIES[0].to_owned(), self.words(6, 25)),
            // A formula for both.
            2 => {
                let (fruit, spice) = (self.word(), self.word());
                let text = format!(
                    "Une recette simple, pour quatre personnes, avec les fruits du marché : {fruit}, beurre et {spice}"
                );
                (format!("{} : la tarte aux {fruit}", SERIES[1]), text)
            }
            3 => {
                let [low, high] = [(); 2].map(|()| self.dice.between(1, 24));
                let day = self.ids;
                let text =
                    format!("Numéro {day} : basse mer à {low} heures, pleine mer à {high} heures au port de Brume");
                (SERIES[2].to_owned(), text)
            }
            _ => (self.words(2, 9), self.words(3, 30)),
        };
        Written { id: self.ids, title, standfirst }
    }

    fn any(&mut self) -> usize {
        let length = u64::try_from(self.page.len()).expect("a small number");
        usize::try_from(self.dice.between(0, length)).expect("a small number")
    }

    /// Another word somewhere in a text.
    fn mend(&mut self, text: &str) -> String {
        let new = self.word();
        let mut words: Vec<&str> = text.split(' ').collect();
        let at = usize::try_from(self.dice.between(0, words.len() as u64)).expect("a small number");
        words[at] = &new;
        words.join(" ")
    }

    /// One thing that editors do.
    fn edit(&mut self) {
        let at = self.any();
        match self.dice.between(0, 12) {
            0..=3 => {
                self.done.push("new on top");
                let count = self.dice.between(1, 4);
                for _ in 0..count {
                    let column = self.column();
                    self.page.insert(0, column);
                }
                // The date of the first column is what who reads the page in is asked for.
                self.newest += WEEK * i64::try_from(count).expect("a small number");
            }
            4 | 5 => {
                self.done.push("a word of a standfirst");
                self.page[at].standfirst = self.mend(&self.page[at].standfirst.clone());
            }
            6 => {
                self.done.push("a word of a title");
                self.page[at].title = self.mend(&self.page[at].title.clone());
            }
            7 => {
                self.done.push("another title");
                self.page[at].title = self.words(2, 9);
            }
            8 => {
                self.done.push("the heading");
                self.heading += 1;
            }
            9 => {
                self.done.push("the oldest away");
                let kept = self.page.len().saturating_sub(usize::try_from(self.dice.between(1, 4)).expect("small"));
                self.page.truncate(kept.max(1));
            }
            10 => {
                self.done.push("the order");
                let column = self.page.remove(at);
                let to = if self.page.is_empty() { 0 } else { self.any() };
                self.page.insert(to, column);
            }
            _ => {
                self.done.push("one twice");
                self.twice = Some(at);
            }
        }
    }

    /// Reads the page in; what is asked is answered.
    fn import(&mut self) {
        let mut page = self.page.clone();
        if let Some(at) = self.twice.take() {
            let twin = page[at.min(page.len() - 1)].clone();
            page.push(twin);
        }
        self.store.sort_by(|a, b| b.published.cmp(&a.published).then(a.written.id.cmp(&b.written.id)));
        let expected = |index: usize| self.newest - WEEK * i64::try_from(index).expect("a small number");
        let columns: Vec<PageColumn<'_>> = page
            .iter()
            .enumerate()
            .map(|(index, c)| PageColumn { title: &c.title, standfirst: &c.standfirst, expected: expected(index) })
            .collect();
        let stored: Vec<StoredColumn<'_>> = self
            .store
            .iter()
            .map(|kept| StoredColumn {
                title: &kept.written.title,
                standfirst: &kept.written.standfirst,
                published: kept.published,
                same_heading: kept.heading == self.heading,
            })
            .collect();
        let truth = |own: usize| self.store.iter().position(|kept| kept.written.id == page[own].id);
        let mut answers = HashMap::new();
        let mut verdicts = match_page(&columns, &stored, &answers, WEEK);
        self.read += page.len();
        while let Some(own) = verdicts.iter().position(|verdict| matches!(verdict, MatchVerdict::Doubt(_))) {
            self.asked += 1;
            if let (MatchVerdict::Doubt(near), Some(own_old)) = (&verdicts[own], truth(own)) {
                assert!(near.contains(&own_old), "{:?}: the right one is not among {near:?}", page[own]);
            }
            answers.insert(own, truth(own));
            verdicts = match_page(&columns, &stored, &answers, WEEK);
        }
        let mut next = self.store.clone();
        for (own, verdict) in verdicts.iter().enumerate() {
            let right = truth(own);
            match verdict {
                MatchVerdict::New => {
                    assert_eq!(right, None, "doubled: {:?} after {:?}", page[own], self.done);
                    next.push(Kept { written: page[own].clone(), published: expected(own), heading: self.heading });
                }
                MatchVerdict::Same(old) | MatchVerdict::Changed(old) => {
                    assert_eq!(
                        right,
                        Some(*old),
                        "{:?} became {:?} after {:?}",
                        page[own],
                        self.store[*old].written,
                        self.done
                    );
                    next[*old].written = page[own].clone();
                }
                MatchVerdict::Twice(first) => assert_eq!(page[own].id, page[*first].id, "{:?} is lost", page[own]),
                MatchVerdict::Doubt(_) => unreachable!("all was answered"),
            }
        }
        self.store = next;
        let mut ids: Vec<usize> = self.store.iter().map(|kept| kept.written.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), self.store.len(), "a column is there twice");
    }

    /// The whole of it; says how many columns were read, and how many were asked about.
    fn run(seed: u64) -> (usize, usize) {
        let mut history = Self::new(seed);
        history.import();
        for _ in 0..history.dice.between(2, 6) {
            history.done.clear();
            for _ in 0..history.dice.between(0, 3) {
                history.edit();
            }
            history.import();
        }
        (history.read, history.asked)
    }
}

#[test]
fn whatever_editors_do_to_a_page_each_text_stays_its_column() {
    let workers: Vec<_> = (0..4)
        .map(|part| {
            std::thread::spawn(move || {
                let (mut read, mut asked) = (0, 0);
                let mut wrong = Vec::new();
                for seed in (0..HISTORIES).filter(|seed| seed % 4 == part) {
                    match std::panic::catch_unwind(|| History::run(seed)) {
                        Ok((r, a)) => (read, asked) = (read + r, asked + a),
                        Err(_) => wrong.push(seed),
                    }
                }
                (read, asked, wrong)
            })
        })
        .collect();
    let (mut read, mut asked, mut wrong) = (0, 0, Vec::new());
    for worker in workers {
        let (r, a, w) = worker.join().expect("a worker");
        (read, asked) = (read + r, asked + a);
        wrong.extend(w);
    }
    println!("{read} columns read, {asked} asked about");
    assert!(wrong.is_empty(), "{} histories went wrong; seeds {wrong:?}", wrong.len());
    assert!(asked * 50 < read, "of {read} columns, {asked} were asked about: too many");
}
