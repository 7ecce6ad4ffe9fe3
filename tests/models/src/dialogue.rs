//! The dialogue with a relay that gives some answers twice, or not at all. Nothing in SMTP says which command
//! an answer belongs to, so the client takes what comes in its order, and believes it only once it is certain
//! that it was in step: after an answer that no other command has. The relay of the model is the worst there
//! can be for that: all its other answers have the same words.

use stateright::{Model, Property};

use crate::{assert_found, assert_sound};

/// Letters in the queue.
const LETTERS: usize = 3;

/// Letters on their way at once, in chunks.
const WINDOW: usize = 2;

/// How letters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// BDAT: no answer but those of the probe is a letter's own.
    Chunks,
    /// DATA: 354 is answered to nothing else.
    Texts,
}

/// Mends that can be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mend {
    /// What was settled is certain only after the relay has shown that its answers are in step.
    Proven,
    /// The probe has an answer that no other command has.
    ProbeIsUnmistakable,
    /// Refusals wait until they are certain.
    RefusalsWait,
    /// What stands as sent becomes unknown if an answer was out of its place.
    SentIsTakenBack,
    /// An answer that never came leaves what was settled before it in doubt.
    SilenceDoubts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Standing {
    Queued,
    Sending,
    Sent,
    Failed,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Command {
    /// MAIL and RCPT, which are answered alike.
    Envelope(usize),
    Data(usize),
    End(usize),
    Reset,
    Hello,
    Quit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Answer {
    /// 250.
    Yes,
    /// 550.
    No,
    /// 354.
    GoAhead,
    /// 250 in several lines, as EHLO has it.
    Lines,
    /// 221.
    Bye,
}

/// What a letter becomes once it is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Held {
    Refused,
    Back,
}

/// A connection, with what the client knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Line {
    /// What the relay has not looked at yet.
    commands: Vec<Command>,
    /// What the client has not read yet.
    answers: Vec<Answer>,
    /// To what answers are due.
    due: Vec<Command>,
    /// Letters that stand as sent since the last certain point.
    since: [bool; LETTERS],
    /// Letters whose fate is not written down.
    held: [Option<Held>; LETTERS],
    /// The envelope of the letter that is answered about was refused.
    refused: bool,
    /// The letter whose text the relay waits for.
    ready: Option<usize>,
    /// Nothing new goes out before a proof.
    drains: bool,
    /// The connection ends after it.
    ends: bool,
    /// QUIT has gone out.
    quits: bool,
}

/// How often each thing may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Budget {
    doubled: u8,
    missing: u8,
    refusals: u8,
    crashes: u8,
    connections: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    letters: [Standing; LETTERS],
    line: Option<Line>,
    budget: Budget,
    /// What the relay did, whatever it said.
    taken: [u8; LETTERS],
    refused: [bool; LETTERS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Once,
    Twice,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Connect,
    Launch(usize),
    /// The text that the relay waits for, and perhaps the next letter's envelope with it.
    Text(Option<usize>),
    /// The relay does what it is told, or refuses it, and says so.
    Answer(bool, Manner),
    Hear,
    TimeOut,
    Prove,
    Quit,
    Crash,
}

#[derive(Debug, Clone, Copy)]
struct Dialogue {
    way: Way,
    budget: Budget,
    without: Option<Mend>,
    /// Whether an end in which all letters are settled is to be found.
    looks_for_end: bool,
}

impl Dialogue {
    const fn new(way: Way, budget: Budget) -> Self {
        Self { way, budget, without: None, looks_for_end: false }
    }

    fn has(&self, mend: Mend) -> bool {
        self.without != Some(mend)
    }

    fn commands(&self, letter: usize) -> [Command; 2] {
        let second = if self.way == Way::Chunks { Command::End(letter) } else { Command::Data(letter) };
        [Command::Envelope(letter), second]
    }

    /// Whether an answer is a yes to a command; none if it makes no sense there.
    fn judge(&self, command: Command, answer: Answer) -> Option<bool> {
        match (command, answer) {
            (Command::Hello, Answer::Yes) => (!self.has(Mend::ProbeIsUnmistakable)).then_some(true),
            (Command::Quit, Answer::Bye) | (Command::Hello, Answer::Lines) | (Command::Data(_), Answer::GoAhead) => {
                Some(true)
            }
            (Command::Quit | Command::Hello, Answer::No) => None,
            (_, Answer::No) => Some(false),
            // By its code, which is all that counts there.
            (Command::Envelope(_) | Command::End(_) | Command::Reset, Answer::Yes | Answer::Lines) => Some(true),
            _ => None,
        }
    }
}

impl State {
    /// The next letter that waits.
    fn next(&self) -> Option<usize> {
        self.letters.iter().position(|letter| *letter == Standing::Queued)
    }

    /// All that was answered until now is certain.
    fn certain(&mut self) {
        let Some(line) = &mut self.line else { return };
        line.since = [false; LETTERS];
        for (letter, held) in line.held.iter_mut().enumerate() {
            match held.take() {
                Some(Held::Refused) => self.letters[letter] = Standing::Failed,
                Some(Held::Back) => self.letters[letter] = Standing::Queued,
                None => {}
            }
        }
    }

    /// The connection is over without a proof.
    fn broken(&mut self, model: &Dialogue, silent: bool) {
        if silent && !model.has(Mend::SilenceDoubts) {
            self.certain();
        }
        let Some(line) = self.line.take() else { return };
        let announced = |letter| line.ready == Some(letter) || line.due.contains(&Command::Data(letter));
        for letter in 0..LETTERS {
            let is_flying = self.letters[letter] == Standing::Sending;
            if is_flying && (announced(letter) || line.held[letter] == Some(Held::Back) && model.way == Way::Texts) {
                // Its text was not sent.
                self.letters[letter] = Standing::Queued;
            } else if is_flying || (line.since[letter] && model.has(Mend::SentIsTakenBack)) {
                self.letters[letter] = Standing::Unknown;
            }
        }
    }
}

impl Model for Dialogue {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            letters: [Standing::Queued; LETTERS],
            line: None,
            budget: self.budget,
            taken: [0; LETTERS],
            refused: [false; LETTERS],
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let Some(line) = &state.line else {
            if state.budget.connections > 0 && state.next().is_some() {
                actions.push(Action::Connect);
            }
            return;
        };
        if state.budget.crashes > 0 {
            actions.push(Action::Crash);
        }
        if let Some(command) = line.commands.first() {
            let may_refuse = matches!(command, Command::End(_)) && state.budget.refusals > 0;
            for refuses in if may_refuse { vec![false, true] } else { vec![false] } {
                actions.push(Action::Answer(refuses, Manner::Once));
                if state.budget.doubled > 0 {
                    actions.push(Action::Answer(refuses, Manner::Twice));
                }
                if state.budget.missing > 0 {
                    actions.push(Action::Answer(refuses, Manner::Never));
                }
            }
        }
        if !line.due.is_empty() {
            if !line.answers.is_empty() {
                actions.push(Action::Hear);
            } else if line.commands.is_empty() {
                actions.push(Action::TimeOut);
            }
        }
        if line.quits {
            return;
        }
        // Behind a probe nothing is written before it is answered.
        let proves = line.due.iter().any(|command| matches!(command, Command::Reset | Command::Hello));
        let next = state.next().filter(|_| !line.drains && !proves);
        let flying = line.due.iter().filter(|command| matches!(command, Command::End(_))).count();
        match (self.way, line.ready) {
            (_, Some(_)) if line.due.is_empty() => {
                actions.push(Action::Text(None));
                actions.extend(next.map(|next| Action::Text(Some(next))));
            }
            (Way::Chunks, None) if flying < WINDOW => actions.extend(next.map(Action::Launch)),
            (Way::Texts, None) if line.due.is_empty() => actions.extend(next.map(Action::Launch)),
            _ => {}
        }
        if line.due.is_empty() && line.ready.is_none() {
            actions.push(Action::Prove);
            // Refusals are proven before the end.
            if !line.drains && line.held.iter().all(Option::is_none) {
                actions.push(Action::Quit);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Connect => {
                state.budget.connections -= 1;
                state.line = Some(Line::default());
            }
            Action::Launch(letter) => {
                if write(self, &mut state, &self.commands(letter)) {
                    state.letters[letter] = Standing::Sending;
                }
            }
            Action::Text(next) => {
                let letter = state.line.as_mut()?.ready.take()?;
                let mut flight = vec![Command::End(letter)];
                flight.extend(next.map(|next| self.commands(next)).into_iter().flatten());
                if !write(self, &mut state, &flight) {
                    // The text stayed here.
                    state.letters[letter] = Standing::Queued;
                } else if let Some(next) = next {
                    state.letters[next] = Standing::Sending;
                }
            }
            Action::Answer(refuses, manner) => answer(&mut state, refuses, manner)?,
            Action::Hear => hear(self, &mut state)?,
            Action::TimeOut => state.broken(self, true),
            Action::Prove if self.has(Mend::Proven) => {
                write(self, &mut state, &[Command::Reset, Command::Hello]);
            }
            Action::Prove => {
                state.certain();
                state.line.as_mut()?.drains = false;
                if state.line.as_ref()?.ends {
                    state.line = None;
                }
            }
            Action::Quit if self.has(Mend::Proven) => {
                if write(self, &mut state, &[Command::Quit]) {
                    state.line.as_mut()?.quits = true;
                }
            }
            Action::Quit => {
                state.certain();
                state.line = None;
            }
            Action::Crash => {
                state.budget.crashes -= 1;
                state.line = None;
                for letter in state.letters.iter_mut().filter(|letter| **letter == Standing::Sending) {
                    *letter = Standing::Unknown;
                }
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a letter is sent only when its 250 was its own", |_, s: &State| {
                let is_certain = |letter: usize| s.line.as_ref().is_none_or(|line| !line.since[letter]);
                (0..LETTERS).all(|l| s.letters[l] != Standing::Sent || !is_certain(l) || s.taken[l] > 0)
            }),
            Property::always("who failed was refused, and has nothing", |_, s: &State| {
                (0..LETTERS).all(|l| s.letters[l] != Standing::Failed || (s.refused[l] && s.taken[l] == 0))
            }),
            Property::always("nobody gets a letter twice", |_, s: &State| s.taken.iter().all(|taken| *taken <= 1)),
            Property::always("a relay that answers each command once leaves nothing unknown", |m: &Self, s: &State| {
                let is_honest = m.budget.doubled == 0 && m.budget.missing == 0 && m.budget.crashes == 0;
                !is_honest || !s.letters.contains(&Standing::Unknown)
            }),
            // It is found where all goes well.
            Property::always(UNSETTLED, |m: &Self, s: &State| {
                let is_settled = |letter: &Standing| matches!(letter, Standing::Sent | Standing::Failed);
                !m.looks_for_end || s.line.is_some() || !s.letters.iter().all(is_settled)
            }),
        ]
    }
}

/// Writes commands, if the connection is as quiet as it should be; else it is over.
fn write(model: &Dialogue, state: &mut State, commands: &[Command]) -> bool {
    let Some(line) = &mut state.line else { return false };
    if line.due.is_empty() && !line.answers.is_empty() && model.has(Mend::Proven) {
        state.broken(model, false);
        return false;
    }
    line.commands.extend_from_slice(commands);
    line.due.extend_from_slice(commands);
    true
}

/// The relay looks at the next command.
fn answer(state: &mut State, refuses: bool, manner: Manner) -> Option<()> {
    let line = state.line.as_mut()?;
    let command = line.commands.remove(0);
    let answer = match command {
        Command::Envelope(_) | Command::Reset => Answer::Yes,
        Command::Data(_) => Answer::GoAhead,
        Command::Hello => Answer::Lines,
        Command::Quit => Answer::Bye,
        Command::End(letter) if refuses => {
            state.budget.refusals -= 1;
            state.refused[letter] = true;
            Answer::No
        }
        Command::End(letter) => {
            state.taken[letter] += 1;
            Answer::Yes
        }
    };
    match manner {
        Manner::Once => line.answers.push(answer),
        Manner::Twice => {
            state.budget.doubled -= 1;
            line.answers.extend([answer; 2]);
        }
        Manner::Never => state.budget.missing -= 1,
    }
    Some(())
}

/// The client takes the next answer for that to the oldest command without one.
fn hear(model: &Dialogue, state: &mut State) -> Option<()> {
    let line = state.line.as_mut()?;
    let (command, answer) = (line.due.remove(0), line.answers.remove(0));
    let says = model.judge(command, answer);
    match (command, says) {
        (Command::Envelope(_), _) => {
            line.refused = says == Some(false);
            if says.is_none() {
                (line.drains, line.ends) = (true, true);
            }
        }
        (Command::Data(letter), Some(true)) if !line.refused => {
            line.ready = Some(letter);
            state.certain();
        }
        (Command::Data(letter), _) => {
            // Its text was not sent, whatever was said.
            (line.drains, line.ends) = (true, true);
            state.letters[letter] = Standing::Queued;
            // Who refuses the sender is left at once; a text that is waited for never comes.
            if line.refused || says == Some(true) {
                state.broken(model, false);
            }
        }
        (Command::End(letter), Some(true)) => {
            line.since[letter] = true;
            line.drains |= line.refused;
            state.letters[letter] = Standing::Sent;
        }
        (Command::End(letter), Some(false)) => {
            line.drains |= model.way == Way::Chunks;
            line.ends |= line.refused;
            let held = if line.refused { Held::Back } else { Held::Refused };
            match (held, model.has(Mend::RefusalsWait)) {
                (Held::Refused, false) => state.letters[letter] = Standing::Failed,
                _ => line.held[letter] = Some(held),
            }
        }
        (Command::End(letter), None) => {
            (line.drains, line.ends) = (true, true);
            state.letters[letter] = Standing::Unknown;
        }
        (Command::Reset, Some(true)) => {}
        // Behind it nothing may stand.
        (Command::Hello, Some(true)) if line.answers.is_empty() => {
            line.drains = false;
            let ends = line.ends;
            state.certain();
            if ends {
                state.line = None;
            }
        }
        (Command::Quit, Some(true)) => {
            state.certain();
            state.line = None;
        }
        (Command::Reset | Command::Hello | Command::Quit, _) => state.broken(model, false),
    }
    Some(())
}

const HONEST: Budget = Budget { doubled: 0, missing: 0, refusals: 2, crashes: 0, connections: 2 };
const TWICE: Budget = Budget { doubled: 3, ..HONEST };
const NEVER: Budget = Budget { missing: 3, ..HONEST };

const OWN: &str = "a letter is sent only when its 250 was its own";
const UNSETTLED: &str = "a letter is not settled";
const REFUSED: &str = "who failed was refused, and has nothing";

pub fn whoever_answers_twice_or_never_makes_nobody_believe_that_a_letter_was_taken() {
    for way in [Way::Chunks, Way::Texts] {
        for budget in [HONEST, TWICE, NEVER] {
            let states = assert_sound(Dialogue::new(way, budget));
            let most = if budget == HONEST { 100 } else { 1_000 };
            assert!(states > most, "{way:?}, {budget:?}: {states} states are not all there are");
            assert_found(Dialogue { looks_for_end: true, ..Dialogue::new(way, budget) }, UNSETTLED);
        }
    }
}

pub fn each_fault_of_the_dialogue_is_found_without_its_mend() {
    let without = |way, budget, mend| Dialogue { without: Some(mend), ..Dialogue::new(way, budget) };
    // One that never came is missed at the end, with or without a probe.
    assert_found(without(Way::Chunks, TWICE, Mend::Proven), OWN);
    for budget in [TWICE, NEVER] {
        assert_found(without(Way::Chunks, budget, Mend::RefusalsWait), REFUSED);
        assert_found(without(Way::Chunks, budget, Mend::SentIsTakenBack), OWN);
    }
    assert_found(without(Way::Chunks, TWICE, Mend::ProbeIsUnmistakable), OWN);
    assert_found(without(Way::Chunks, NEVER, Mend::SilenceDoubts), OWN);
    // 354 goes before each end: there a refusal is a letter's own.
    assert_sound(without(Way::Texts, TWICE, Mend::RefusalsWait));
}

/// What no proof can show: faults that make up for one another between two certain points, and what is wrong
/// when the program dies before the next one. Where the words of a relay's answers differ, as they do with all
/// that we know, the first is seen by them.
pub fn what_cannot_be_known_is_known() {
    let model = |budget| Dialogue::new(Way::Chunks, budget);
    assert_found(model(Budget { doubled: 1, missing: 1, ..HONEST }), OWN);
    assert_found(model(Budget { doubled: 1, crashes: 1, ..HONEST }), OWN);
}
