//! Going through time.

use super::*;
use crate::model::node::NodeSample;
use crate::model::past::{Past, PastTrack, Track};
use crate::model::update::{Update, What};

const WALL: i64 = 1_795_253_412_000;
const MINUTE: i64 = 60_000;

fn now() -> Stamp {
    Stamp { mono_ms: 100 * 3_600_000, wall_ms: WALL }
}

fn shown() -> Shown<'static> {
    Shown { is_shown: true, only: None, replayed: false }
}

fn state() -> State {
    let mut state = State::default();
    let what = What::Node(Box::<NodeSample>::default());
    state.apply(&Update { at: now(), from: SourceId::local(), what });
    state
}

fn answer(state: &mut State, wish: PastWish) {
    let track = PastTrack {
        track: Track::node(&SourceId::local()),
        columns: vec!["load_1m".into()],
        step_ms: 60_000,
        at_ms: vec![wish.from_ms],
        rows: vec![vec![Some(1.0)]],
    };
    let earliest_ms = Some(WALL - 40 * 86_400_000);
    let past = Past { wish, tracks: vec![track], earliest_ms, gap: None };
    state.apply(&Update { at: now(), from: SourceId::local(), what: What::Past(Box::new(past)) });
}

#[test]
fn a_step_back_is_a_part_of_the_span_and_forward_ends_at_now() {
    let mut when = When::default();
    assert!(!when.is_past() && when.minutes() == 15);
    assert!(
        matches!(when.travel(Action::Later, now()), Some(Err(_))),
        "there is nothing after now"
    );
    assert_eq!(when.travel(Action::Earlier, now()), Some(Ok(())));
    assert_eq!(when.end(now()), WALL - 15 * MINUTE / 4);
    when.travel(Action::EarlierSpan, now());
    assert_eq!(when.end(now()), WALL - 15 * MINUTE * 5 / 4);
    when.travel(Action::LaterSpan, now());
    when.travel(Action::Later, now());
    assert!(!when.is_past());
    when.travel(Action::Earlier, now());
    assert_eq!(when.travel(Action::Now, now()), Some(Ok(())));
    assert!(!when.is_past());
    assert_eq!(when.travel(Action::Sort, now()), None);
}

#[test]
fn the_instant_that_is_looked_at_goes_along_with_a_step() {
    let mut when = When::default();
    assert_eq!(when.go_to(WALL - 5 * MINUTE, now()), Ok(()));
    assert_eq!(when.instant(now()), WALL - 5 * MINUTE);
    when.travel(Action::EarlierSpan, now());
    assert_eq!(when.instant(now()), WALL - 20 * MINUTE);
    when.travel(Action::Earlier, now());
    assert_eq!(when.instant(now()), WALL - 20 * MINUTE - 15 * MINUTE / 4);
    when.travel(Action::Now, now());
    assert!(!when.has_cursor());
}

#[test]
fn the_span_has_ends() {
    let mut when = When::default();
    assert_eq!(when.travel(Action::Narrower, now()), Some(Ok(())));
    assert!(matches!(when.travel(Action::Narrower, now()), Some(Err(_))));
    for _ in 1..SPANS.len() {
        assert_eq!(when.travel(Action::Wider, now()), Some(Ok(())));
    }
    assert!(matches!(when.travel(Action::Wider, now()), Some(Err(_))));
    assert_eq!(when.minutes(), 30 * 1_440);
    assert!(when.point(Action::View, now()));
    assert_eq!(when.minutes(), 5, "the key for the next view goes through the short ones");
}

#[test]
fn the_cursor_holds_on_to_an_instant() {
    let mut when = When::default();
    assert!(when.point(Action::Right, now()) && !when.has_cursor(), "nothing is after now");
    when.point(Action::Left, now());
    assert_eq!(when.instant(now()), WALL - 15_000, "a sixtieth of the span");
    let later = Stamp { wall_ms: WALL + 5_000, ..now() };
    assert_eq!(when.instant(later), WALL - 15_000);
    when.point(Action::First, now());
    assert_eq!(when.instant(now()), WALL - 15 * MINUTE);
    when.point_at(0.5, now());
    assert_eq!(when.instant(now()), WALL - 15 * MINUTE / 2);
    when.travel(Action::Narrower, now());
    assert_eq!(when.instant(now()), WALL - 15 * MINUTE / 2, "what is looked at stays in sight");
    assert!(when.is_past());
    assert!(when.back() && when.is_past());
    assert!(when.back() && !when.is_past());
    assert!(!when.back());
}

#[test]
fn to_go_to_a_time_shows_what_was_around_it() {
    let mut when = When::default();
    when.go_to(WALL - 60 * MINUTE, now()).unwrap();
    assert_eq!(when.instant(now()), WALL - 60 * MINUTE);
    assert_eq!(when.end(now()), WALL - 60 * MINUTE + 15 * MINUTE / 2);
    when.go_to(WALL - MINUTE, now()).unwrap();
    assert!(!when.is_past() && when.has_cursor());
    assert!(when.go_to(WALL + 1, now()).is_err());
    when.go_to(WALL, now()).unwrap();
    assert!(!when.is_past() && !when.has_cursor());
}

#[test]
fn the_hour_before_the_start_is_asked_for_once() {
    let (mut when, mut state) = (When::default(), state());
    assert_eq!(when.attend(&State::default(), shown(), now()), None, "of nobody");
    let wish = when.attend(&state, shown(), now()).unwrap();
    assert_eq!((wish.from_ms, wish.to_ms, wish.most), (WALL - 60 * MINUTE, WALL, 3_600));
    assert_eq!(wish.sources, [SourceId::local()]);
    assert_eq!(when.attend(&state, shown(), now()), None);
    answer(&mut state, wish);
    assert_eq!(when.attend(&state, shown(), now()), None);
}

#[test]
fn a_key_that_is_held_asks_for_one_piece_at_a_time_and_the_newest_wins() {
    let (mut when, mut state) = (When::default(), state());
    let hour = when.attend(&state, shown(), now()).unwrap();
    answer(&mut state, hour);
    let mut wishes = Vec::new();
    for _ in 0..200 {
        when.travel(Action::Earlier, now());
        wishes.extend(when.attend(&state, shown(), now()));
    }
    assert_eq!(wishes.len(), 1, "one is under way");
    answer(&mut state, wishes[0].clone());
    let newest = when.attend(&state, shown(), now()).unwrap();
    let (begin, end) = (when.end(now()) - 15 * MINUTE, when.end(now()));
    assert!(newest.from_ms < begin && newest.to_ms > end, "{newest:?}");
    answer(&mut state, newest);
    assert_eq!(when.attend(&state, shown(), now()), None);
    when.travel(Action::Earlier, now());
    assert_eq!(when.attend(&state, shown(), now()), None, "the next step is at hand");
    let hidden = Shown { is_shown: false, ..shown() };
    when.travel(Action::EarlierSpan, now());
    when.travel(Action::EarlierSpan, now());
    assert_eq!(when.attend(&state, hidden, now()), None, "no chart is on the screen");
    assert!(when.attend(&state, shown(), now()).is_some());
}

#[test]
fn a_wish_that_is_not_answered_is_given_up_and_not_repeated() {
    let (mut when, state) = (When::default(), state());
    when.travel(Action::Wider, now());
    when.travel(Action::Wider, now());
    assert!(when.attend(&state, shown(), now()).unwrap().to_ms == WALL);
    assert_eq!(when.asker.standing(), Standing::Loading);
    let late = Stamp { mono_ms: now().mono_ms + 16_000, ..now() };
    let next = when.attend(&state, shown(), late).unwrap();
    assert_eq!(when.asker.standing(), Standing::Silent);
    assert_eq!(next.sources, [SourceId::local()], "the hour before the start, not the same again");
}

#[test]
fn one_node_alone_is_enough_for_one_node_and_not_for_all() {
    let (mut when, mut state) = (When::default(), state());
    let only = SourceId::local();
    when.go_to(WALL - 6 * 60 * MINUTE, now()).unwrap();
    let one = Shown { only: Some(&only), ..shown() };
    let wish = when.attend(&state, one, now()).unwrap();
    assert_eq!(wish.sources, [SourceId::local()]);
    answer(&mut state, wish);
    let hour = when.attend(&state, one, now()).unwrap();
    assert_eq!(hour.most, 3_600, "then the hour before the start");
    answer(&mut state, hour);
    assert_eq!(when.attend(&state, one, now()), None);
    assert_eq!(when.attend(&state, shown(), now()).unwrap().sources, []);
}

#[test]
fn nothing_is_before_what_is_kept() {
    let (mut when, mut state) = (When::default(), state());
    when.go_to(WALL - 39 * 86_400_000, now()).unwrap();
    let wish = when.attend(&state, shown(), now()).unwrap();
    answer(&mut state, wish);
    when.attend(&state, shown(), now());
    let mut said = None;
    for _ in 0..1_000 {
        if let Some(Err(why)) = when.travel(Action::EarlierSpan, now()) {
            said = Some(why);
            break;
        }
    }
    assert_eq!(said.as_deref(), Some("nothing is kept before that"));
    assert!(when.end(now()) > WALL - 41 * 86_400_000);
}
