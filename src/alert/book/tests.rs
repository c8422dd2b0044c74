//! Who is told of what, and when not.

use std::sync::Arc;

use super::*;
use crate::model::alert::Severity;
use crate::model::id::SourceId;
use crate::model::time::SystemClock;
use crate::rule::Rules;
use crate::watch::Outlet;

fn id(thing: &str) -> AlertId {
    AlertId { rule: "r".into(), node: "n".into(), thing: thing.into() }
}

fn change(thing: &str, from: AlertState, to: AlertState) -> Change {
    Change {
        id: id(thing),
        severity: Severity::Warning,
        from,
        to,
        message: "m".into(),
        labels: <_>::default(),
    }
}

fn fires(thing: &str) -> Change {
    change(thing, AlertState::Ok, AlertState::Firing)
}

fn us(_: &AlertId) -> Teller {
    Teller::Us
}

fn another(_: &AlertId) -> Teller {
    Teller::Another
}

fn nobody(_: &AlertId) -> Teller {
    Teller::Nobody
}

fn ends(thing: &str) -> Change {
    change(thing, AlertState::Firing, AlertState::Ok)
}

#[test]
fn what_is_silenced_is_told_when_the_silence_is_over() {
    let mut book = Book::default();
    let silence = Silence { of: id("a"), until_ms: 1_000, reason: "work".into() };
    book.notes.silences.push(silence);
    let told = book.take(vec![fires("a"), fires("b")], 10, us);
    assert_eq!(told, [fires("b")]);
    assert_eq!(book.take(vec![], 500, us), []);
    assert_eq!(book.take(vec![], 1_000, us), [fires("a")], "it fires still");
    assert_eq!(book.take(vec![ends("a")], 1_001, us), [ends("a")]);
    assert_eq!(book.events.len(), 3);
}

#[test]
fn what_nobody_was_told_of_does_not_end() {
    let mut book = Book::default();
    let all = Silence { until_ms: 1_000, ..Silence::default() };
    book.notes.silences.push(all);
    assert_eq!(book.take(vec![fires("a")], 10, us), []);
    assert_eq!(book.take(vec![ends("a")], 20, us), []);
    assert_eq!(book.take(vec![], 2_000, us), []);
    assert_eq!(book.events.len(), 2, "the history has it");
}

#[test]
fn what_nobody_could_tell_is_told_once_somebody_can() {
    let mut book = Book::default();
    assert_eq!(book.take(vec![fires("a"), fires("b"), fires("c")], 10, nobody), []);
    assert_eq!(book.take(vec![ends("b")], 20, nobody), []);
    let seen = Acknowledgement { at_ms: 25, ..Acknowledgement::default() };
    book.notes.seen.push((id("c"), seen));
    assert_eq!(book.take(vec![], 30, us), [fires("a")], "b ended, and c was seen");
    assert_eq!(book.take(vec![], 40, us), [], "and not again");
    assert_eq!(book.take(vec![ends("a"), ends("c")], 50, us), [ends("a")]);
}

#[test]
fn what_another_told_is_not_told_again_and_its_end_is() {
    let mut book = Book::default();
    assert_eq!(book.take(vec![fires("a"), fires("b")], 10, another), []);
    assert_eq!(book.take(vec![ends("b")], 20, another), []);
    assert_eq!(book.take(vec![], 30, us), []);
    assert_eq!(book.take(vec![ends("a")], 40, us), [ends("a")]);
    book.take(vec![fires("d")], 50, nobody);
    assert_eq!(book.take(vec![], 60, another), [], "the other tells it");
    assert_eq!(book.take(vec![ends("d")], 70, us), [ends("d")]);
}

#[test]
fn that_it_was_seen_is_of_that_time_alone() {
    let mut book = Book::default();
    let seen = Acknowledgement { at_ms: 20, ..Acknowledgement::default() };
    book.notes.seen.push((id("a"), seen));
    assert!(book.seen(&id("a"), 10).is_some());
    assert!(book.seen(&id("a"), 30).is_none(), "it ended, and fires again");
    assert!(book.seen(&id("b"), 10).is_none());
}

#[test]
fn one_that_cannot_be_told_is_no_news_to_receivers() {
    let mut book = Book::default();
    book.take(vec![fires("a")], 10, us);
    let unsure = change("a", AlertState::Firing, AlertState::Unsure);
    let again = change("a", AlertState::Unsure, AlertState::Firing);
    assert_eq!(book.take(vec![unsure], 20, us), []);
    assert_eq!(book.take(vec![again], 30, us), []);
    let turns: Vec<Turn> = book.events.iter().map(|event| event.turn).collect();
    assert_eq!(turns, [Turn::Unsure, Turn::Fired]);
}

#[tokio::test]
async fn what_fired_before_a_start_is_not_told_again() {
    let (to, _) = tokio::sync::mpsc::channel(8);
    let voice = Voice::begin(Outlet::new(SourceId::local(), Arc::new(SystemClock), to));
    let rules =
        crate::rule::file::read("f", "presets = false\n[[rule]]\nname = \"r\"\nwhen = \"cpu > 1\"");
    let mut judge = Judge::new(Arc::new(rules.unwrap()));
    let fired = vec![Fired { id: id(""), since_ms: 5, message: "m".into() }];
    let past = Past { at_ms: 10, fired, events: Vec::new() };
    let mut book = Book::open(Ok(Notes::default()), Ok(past.clone()), None, 20, &mut judge, &voice);
    assert_eq!(book.table(&judge).loud, 1);
    assert_eq!(book.take(vec![ends("")], 30, us), [ends("")], "its end is told");
    let mut judge = Judge::new(Arc::new(Rules::default()));
    let late = OLDEST_MS + 20;
    let book = Book::open(Ok(Notes::default()), Ok(past), None, late, &mut judge, &voice);
    assert!(book.told.is_empty(), "what is older than a day is forgotten");
}
