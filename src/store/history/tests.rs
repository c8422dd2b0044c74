//! The history as a whole: what was kept is there, as closely as it is wanted, and nothing else.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::model::id::SourceId;
use crate::model::past::{Past, PastTrack, PastWish, Track};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::track::Shape;

/// A time that is the beginning of six hours.
const START: i64 = 1_794_960_000_000;
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;

fn row(source: &str, at: i64, values: &[Option<f32>]) -> Row {
    let names = ["a", "b", "c", "d", "e"];
    Row {
        track: Track::node(&SourceId(source.into())),
        at: Stamp { mono_ms: at.unsigned_abs(), wall_ms: START + at },
        shape: Shape::new(names.iter().take(values.len()).map(|name| SafeText::new(name))),
        values: values.to_vec(),
    }
}

/// A value that says when it was taken.
fn value(at: i64) -> f32 {
    ((at / SECOND) % 100_000) as f32
}

/// Feeds one node from `from` to `to` and folds as it goes.
fn feed(writer: &mut Writer, source: &str, from: i64, to: i64, step: i64) {
    let mut at = from;
    while at < to {
        let end = (at + HOUR).min(to);
        let mut rows = Vec::new();
        while at < end {
            rows.push(row(source, at, &[Some(value(at)), None]));
            at += step;
        }
        writer.append(&rows).unwrap();
        while writer.tend(1_000).unwrap() {}
    }
}

fn open(dir: &Path) -> Writer {
    Writer::open(dir, Keep::default()).unwrap()
}

fn past(dir: &Path, from: i64, to: i64, most: u32) -> Past {
    let reader = Reader::open(dir).unwrap().unwrap();
    let wish = PastWish { from_ms: START + from, to_ms: START + to, most, sources: Vec::new() };
    reader.past(&wish).unwrap()
}

fn only(past: &Past) -> &PastTrack {
    assert_eq!(past.gap, None);
    assert_eq!(past.tracks.len(), 1, "{past:?}");
    let track = &past.tracks[0];
    assert!(track.at_ms.is_sorted_by(|a, b| a < b), "each instant once, in order");
    track
}

#[test]
fn what_was_acknowledged_is_read_as_it_came() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = open(home.path());
    let rows = [row("n", 0, &[Some(1.5), None]), row("n", SECOND, &[None, Some(-2.0)])];
    assert_eq!(writer.append(&rows).unwrap(), Kept { rows: 2, late: 0, refused: 0 });
    assert_eq!(writer.append(&rows).unwrap().late, 2, "twice is once");
    let past = past(home.path(), 0, HOUR, 3_600);
    let track = only(&past);
    assert_eq!(track.at_ms, [START, START + SECOND]);
    assert_eq!(track.rows, [vec![Some(1.5), None], vec![None, Some(-2.0)]]);
    assert_eq!(past.earliest_ms, Some(START));
}

#[test]
fn a_day_is_folded_and_every_mean_is_right() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = open(home.path());
    feed(&mut writer, "n", 0, 26 * HOUR, SECOND);
    let hour = past(home.path(), 25 * HOUR, 26 * HOUR, 3_600);
    let track = only(&hour);
    assert_eq!((track.at_ms.len(), track.step_ms), (3_600, 1_000));
    assert_eq!(track.rows[10], [Some(value(25 * HOUR + 10 * SECOND)), None]);
    let day = past(home.path(), 2 * HOUR, 26 * HOUR, 9_000);
    let track = only(&day);
    assert_eq!((track.at_ms.len(), track.step_ms), (8_640, 10_000));
    for (at, row) in track.at_ms.iter().zip(&track.rows) {
        assert_eq!(row[0], Some(value(at - START) + 4.5), "at {at}");
    }
    let all = past(home.path(), 0, 26 * HOUR, 1_000);
    let track = only(&all);
    assert_eq!((track.at_ms.len(), track.step_ms), (780, 120_000));
    for (at, row) in track.at_ms.iter().zip(&track.rows) {
        let wanted = value(at - START) + 59.5;
        let found = row[0].unwrap();
        assert!((found - wanted).abs() < 0.01, "at {at}: {found}, not {wanted}");
    }
}

#[test]
fn the_last_hour_of_raw_rows_is_there_and_older_ones_are_not() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = open(home.path());
    feed(&mut writer, "n", 0, 5 * HOUR + 300 * SECOND, 10 * SECOND);
    let reader = Reader::open(home.path()).unwrap().unwrap();
    let all = 0..tier::LATEST_MS;
    let (raw, _) = reader.chunks(tier::Tier::Raw, 1, &all).unwrap();
    let oldest = raw.first().unwrap().0 - START;
    assert!(oldest <= 4 * HOUR, "{oldest}");
    assert!(oldest > 3 * HOUR + HOUR / 2, "{oldest}");
    let (ten, _) = reader.chunks(tier::Tier::Ten, 1, &all).unwrap();
    assert_eq!(ten.len(), 5);
}

#[test]
fn since_when_something_is_kept_is_when_its_first_row_was_taken() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = open(home.path());
    let since = |after: i64| {
        let info = Reader::open(home.path()).unwrap().unwrap().info().unwrap();
        assert_eq!(info.tracks[0].first_ms, Some(START + after));
        assert_eq!(past(home.path(), 0, 48 * HOUR, 100).earliest_ms, Some(START + after));
    };
    let begun = 1_234 * SECOND + 567;
    feed(&mut writer, "n", begun, begun + 10 * SECOND, SECOND);
    since(begun);
    feed(&mut writer, "n", begun + 10 * SECOND, begun + HOUR / 2, SECOND);
    since(begun);
    // Of what is older than an hour there are means, which stand where their time begins.
    feed(&mut writer, "n", begun + HOUR / 2, 30 * HOUR, 10 * SECOND);
    since(begun - begun % (60 * SECOND));
}

#[test]
fn a_gap_stays_a_gap_at_every_tier() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = open(home.path());
    feed(&mut writer, "n", 0, HOUR, 10 * SECOND);
    feed(&mut writer, "n", 9 * HOUR, 16 * HOUR, 10 * SECOND);
    for most in [100_000, 2_000, 100] {
        let past = past(home.path(), 0, 16 * HOUR, most);
        let track = only(&past);
        let within = START + HOUR..START + 9 * HOUR;
        // A slot of ten minutes may begin before and end after.
        let made_up = track.at_ms.iter().filter(|at| within.contains(at)).count();
        assert_eq!(made_up, 0, "most {most}: {:?}", track.at_ms);
        assert!(track.rows.iter().all(|row| row[0].is_some() && row[1].is_none()));
        let widest = track.at_ms.windows(2).map(|at| at[1] - at[0]).max();
        assert!(widest >= Some(8 * HOUR));
    }
}

#[test]
fn a_writer_that_ends_is_followed_by_another_which_goes_on() {
    let home = tempfile::tempdir().unwrap();
    for session in 0..30 {
        let mut writer = open(home.path());
        let from = session * 400 * SECOND;
        let rows: Vec<Row> = (0..399)
            .map(|second| from + second * SECOND)
            .map(|at| row("n", at, &[Some(value(at))]))
            .collect();
        assert_eq!(writer.append(&rows).unwrap().rows, 399);
        writer.tend(1).unwrap();
    }
    let past = past(home.path(), 30 * 400 * SECOND - HOUR, 30 * 400 * SECOND, 4_000);
    let track = only(&past);
    assert_eq!(track.at_ms.len(), 3_600 - 9);
    assert!(track.at_ms.iter().zip(&track.rows).all(|(at, row)| row[0] == Some(value(at - START))));
}

#[test]
fn two_writers_are_one_and_the_other_takes_over() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path());
    let second = Writer::open(home.path(), Keep::default());
    assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
    drop(first);
    open(home.path());
}

#[test]
fn columns_that_come_and_go_are_side_by_side() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = open(home.path());
    writer.append(&[row("n", 0, &[Some(1.0)])]).unwrap();
    writer.append(&[row("n", SECOND, &[Some(2.0), Some(3.0)])]).unwrap();
    for _ in 0..2 {
        let past = past(home.path(), 0, HOUR, 4_000);
        let track = only(&past);
        assert_eq!(track.columns, [SafeText::new("a"), "b".into()]);
        assert_eq!(track.rows[..2], [vec![Some(1.0), None], vec![Some(2.0), Some(3.0)]]);
        writer.append(&[row("n", 900 * SECOND, &[Some(9.0)])]).unwrap();
        while writer.tend(10).unwrap() {}
    }
}

#[test]
fn a_clock_that_jumps_loses_nothing_and_doubles_nothing() {
    let home = tempfile::tempdir().unwrap();
    let keep = Keep { age: Duration::from_hours(48), ..Keep::default() };
    let mut writer = Writer::open(home.path(), keep).unwrap();
    let years = 10 * 365 * 24 * HOUR;
    let (mut mono, mut sent) = (0, 0);
    for (offset, seconds) in
        [(0, 7_200), (-HOUR, 600), (years, 900), (0, 600), (years, 5), (0, 600)]
    {
        let mut rows = Vec::new();
        for _ in 0..seconds {
            let mut row = row("n", mono, &[Some(value(mono))]);
            row.at.wall_ms += offset;
            rows.push(row);
            mono += SECOND;
        }
        sent += rows.len() as u64;
        assert_eq!(writer.append(&rows).unwrap().rows, seconds);
        while writer.tend(10).unwrap() {}
    }
    assert_eq!(sent, 9_905);
    let now = past(home.path(), 0, mono, 20_000);
    assert!(now.earliest_ms.unwrap() <= START, "nothing was forgotten: {now:?}");
    let track = only(&now);
    let back = START + 2 * HOUR - HOUR;
    let at = track.at_ms.iter().position(|at| *at == back).unwrap();
    assert!(track.rows[at][0].unwrap() >= value(2 * HOUR), "what came later counts");
    let future = past(home.path(), years, years + 3 * HOUR, 20_000);
    assert_eq!(only(&future).at_ms.len(), 905);
}

#[test]
fn what_is_too_old_is_forgotten_and_what_is_too_much() {
    let home = tempfile::tempdir().unwrap();
    let keep = Keep { age: Duration::from_hours(12), ..Keep::default() };
    let mut writer = Writer::open(home.path(), keep).unwrap();
    feed(&mut writer, "n", 0, 48 * HOUR, 60 * SECOND);
    let earliest = past(home.path(), 0, 48 * HOUR, 100).earliest_ms.unwrap() - START;
    assert!((29 * HOUR..=36 * HOUR).contains(&earliest), "{earliest}");
    drop(writer);
    let small = Keep { age: Duration::from_hours(9_999), bytes: 200_000 };
    let mut writer = Writer::open(home.path(), small).unwrap();
    feed(&mut writer, "n", 48 * HOUR, 600 * HOUR, 60 * SECOND);
    drop(writer);
    let size = std::fs::metadata(file::path(home.path())).unwrap().len();
    assert!(size < 240_000, "{size}");
    let end = past(home.path(), 599 * HOUR, 600 * HOUR, 100);
    assert_eq!(only(&end).at_ms.len(), 60, "the newest stays");
}

#[test]
fn a_newer_file_and_another_programs_stay_as_they_are() {
    let home = tempfile::tempdir().unwrap();
    let path = file::path(home.path());
    let put = |sql: &str| {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        std::fs::read(&path).unwrap()
    };
    let refused = |before: Vec<u8>| {
        let written = open(home.path()).append(&[row("n", 0, &[None])]).unwrap_err();
        let read = Reader::open(home.path()).unwrap_err();
        assert_eq!(written.to_string(), read.to_string());
        assert_eq!(std::fs::read(&path).unwrap(), before, "not a byte is changed");
        written
    };
    let foreign = refused(put("CREATE TABLE t (x); PRAGMA application_id = 7"));
    assert!(matches!(foreign, Error::Foreign { .. }), "{foreign}");
    std::fs::remove_file(&path).unwrap();
    open(home.path()).append(&[row("n", 0, &[Some(1.0)])]).unwrap();
    let version: u32 = rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    let newer = refused(put(&format!("PRAGMA user_version = {}", version + 1)));
    assert!(matches!(newer, Error::Newer { found: 2, known: 1, .. }), "{newer}");
    put(&format!("PRAGMA user_version = {version}"));
    assert_eq!(only(&past(home.path(), 0, HOUR, 100)).rows, [[Some(1.0)]]);
}

#[test]
fn the_log_of_another_file_is_known_for_what_it_is() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (dir, number) in [(&home, 1.0), (&other, 2.0)] {
        open(dir.path()).append(&[row("n", 0, &[Some(number)])]).unwrap();
    }
    let mut foreign = open(other.path());
    for second in 1..200 {
        foreign.append(&[row("n", second * SECOND, &[Some(2.0)])]).unwrap();
    }
    std::fs::copy(other.path().join("metric.db-wal"), home.path().join("metric.db-wal")).unwrap();
    match Reader::open(home.path()) {
        Err(error) => assert!(error.to_string().contains("metric.db"), "{error}"),
        Ok(reader) => {
            let wish =
                PastWish { from_ms: START, to_ms: START + HOUR, most: 9_999, sources: Vec::new() };
            let past = reader.unwrap().past(&wish);
            let tracks = past.map(|past| past.tracks).unwrap_or_default();
            let values = tracks.iter().flat_map(|track| track.rows.iter().flatten());
            assert!(values.flatten().all(|value| (value - 1.0).abs() < 0.1), "{tracks:?}");
        }
    }
}

#[test]
fn the_size_is_as_stated() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = open(home.path());
    let (days, nodes) = (2, ["m", "n", "o", "p"]);
    for hour in 0..days * 24 {
        let instants = (0..360).map(|ten| hour * HOUR + ten * 10 * SECOND);
        let of = |at| nodes.map(|node| row(node, at, &[Some(value(at)); 5]));
        let rows: Vec<Row> = instants.flat_map(of).collect();
        writer.append(&rows).unwrap();
        while writer.tend(100).unwrap() {}
    }
    drop(writer);
    let found = std::fs::metadata(file::path(home.path())).unwrap().len() as f64;
    let load = size::Load { interval_s: 10.0, columns: 5, shape: 5 };
    let stated = size::bytes(load, 4, days as f64);
    assert!((found / stated - 1.0).abs() < 0.1, "{found} bytes, stated are {stated}");
}
