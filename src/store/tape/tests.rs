//! Recordings, whole and broken.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::*;
use crate::model::id::SourceId;
use crate::model::update::{Notice, Update, What};

fn update(second: u64, what: What) -> Update {
    let wall_ms = 1_795_253_412_000 + i64::try_from(second).unwrap() * 1_000;
    let at = Stamp { mono_ms: second * 1_000, wall_ms };
    Update { at, from: SourceId::local(), what }
}

fn lost(number: u64) -> Update {
    update(number, What::Lost(number))
}

fn head() -> Head {
    Head::new("web-1".into(), Stamp { mono_ms: 5, wall_ms: 1_795_253_412_000 })
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("tape")
    }

    fn write(&self, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.file(), bytes).unwrap();
        self.file()
    }
}

/// Every line, in order; and what else was met.
fn lines(path: &Path) -> (Vec<String>, usize, bool) {
    let (tape, _) = Tape::open(path).unwrap();
    let (mut texts, mut long, mut torn) = (Vec::new(), 0, false);
    for chunk in tape.chunks() {
        let mut lines = tape.lines(chunk);
        loop {
            match lines.next() {
                Line::Whole(line) | Line::Rest(line) => {
                    texts.push(String::from_utf8_lossy(line).into_owned());
                }
                Line::TooLong => long += 1,
                Line::Wait => {}
                Line::Torn => {
                    torn = true;
                    break;
                }
                Line::End => break,
            }
        }
    }
    (texts, long, torn)
}

fn updates(path: &Path) -> Vec<Update> {
    let (texts, ..) = lines(path);
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}

#[test]
fn what_is_written_is_read_from_every_chunk() {
    let place = Place::new();
    let mut writer = Writer::create(&place.file(), &head(), false).unwrap();
    let written: Vec<Update> = (0..20_000).map(lost).collect();
    for update in &written {
        writer.push(update).unwrap();
        if update.at.mono_ms.is_multiple_of(7_000) {
            writer.flush().unwrap();
        }
    }
    writer.finish().unwrap();
    let (tape, found) = Tape::open(&place.file()).unwrap();
    assert_eq!(found, Some(head()));
    let chunks = tape.chunks();
    assert_eq!(chunks.iter().map(|chunk| chunk.length).sum::<u64>(), tape.length());
    assert_eq!(updates(&place.file()), written);
}

#[test]
fn a_file_is_written_over_only_when_told() {
    let place = Place::new();
    let path = place.write(b"dear");
    let error = Writer::create(&path, &head(), false).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"dear");
    Writer::create(&path, &head(), true).unwrap();
    assert!(Tape::open(&path).is_ok());
    let error = Writer::create(place.0.path(), &head(), true).unwrap_err();
    assert!(matches!(error, Error::NoFile { .. }), "{error}");
}

#[test]
fn wherever_it_is_cut_what_was_flushed_before_is_read() {
    let place = Place::new();
    let mut writer = Writer::create(&place.file(), &head(), false).unwrap();
    let mut flushed = vec![(std::fs::metadata(place.file()).unwrap().len(), 0)];
    for (second, count) in (0..80).zip(1_usize..) {
        writer.push(&lost(second)).unwrap();
        writer.flush().unwrap();
        flushed.push((std::fs::metadata(place.file()).unwrap().len(), count));
    }
    let bytes = std::fs::read(place.file()).unwrap();
    for cut in (usize::try_from(flushed[0].0).unwrap()..bytes.len()).step_by(3) {
        let path = place.write(&bytes[..cut]);
        let whole = flushed.iter().rev().find(|(length, _)| *length <= cut as u64).unwrap().1;
        let read = updates(&path);
        assert!(read.len() >= whole, "cut at {cut}: {} of {whole}", read.len());
        assert!(read.iter().zip(0..).all(|(update, second)| *update == lost(second)), "{cut}");
    }
}

#[test]
fn a_full_disk_loses_nothing_that_there_is_room_to_keep() {
    let place = Place::new();
    let mut writer = Writer::create(&place.file(), &head(), false).unwrap();
    writer.push(&lost(1)).unwrap();
    writer.flush().unwrap();
    writer.fill_disk(true);
    writer.push(&lost(2)).unwrap();
    assert!(writer.flush().unwrap_err().is_full());
    writer.push(&lost(3)).unwrap();
    assert!(writer.flush().is_err());
    writer.fill_disk(false);
    writer.flush().unwrap();
    assert_eq!(updates(&place.file()), [lost(1), lost(2), lost(3)]);
    assert_eq!(writer.lost(), 0);
}

#[test]
fn a_disk_that_stays_full_ends_the_frame_and_the_next_is_read() {
    let place = Place::new();
    let mut writer = Writer::create(&place.file(), &head(), false).unwrap();
    writer.push(&lost(1)).unwrap();
    writer.flush().unwrap();
    writer.fill_disk(true);
    let mut random = 1_u64;
    let mut noise = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{random:016x}")
    };
    while writer.lost() == 0 {
        for _ in 0..2_000 {
            let text: String = (0..12).map(|_| noise()).collect();
            let notice = Notice { bad: false, text: text.into() };
            writer.push(&update(2, What::Notice(notice))).unwrap();
        }
        assert!(writer.flush().is_err());
    }
    writer.fill_disk(false);
    writer.push(&lost(3)).unwrap();
    writer.flush().unwrap();
    writer.push(&lost(4)).unwrap();
    writer.finish().unwrap();
    assert_eq!(updates(&place.file()), [lost(1), lost(3), lost(4)]);
}

#[test]
fn plain_lines_are_read_in_chunks_and_none_twice() {
    let place = Place::new();
    let mut text = String::new();
    let mut count = 0;
    while text.len() < 3 << 20 {
        text += &serde_json::to_string(&lost(count)).unwrap();
        text += if count % 3 == 0 { "\r\n\n" } else { "\n" };
        count += 1;
    }
    let path = place.write(text.trim_end().as_bytes());
    let (tape, head) = Tape::open(&path).unwrap();
    assert!(head.is_none() && tape.chunks().len() > 2);
    let read = updates(&path);
    assert_eq!(read.len() as u64, count);
    assert!(read.iter().zip(0..).all(|(update, number)| *update == lost(number)));
}

#[test]
fn what_is_no_recording_is_refused_with_a_reason() {
    let place = Place::new();
    for bytes in [&b""[..], b"\n\n", b"hello\n", b"{\"at\":1}\n", &[0; 4096], &frame::MAGIC] {
        let error = Tape::open(&place.write(bytes)).unwrap_err();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
    }
    let newer = serde_json::to_string(&Head { format: 9, ..head() }).unwrap();
    let error = Tape::open(&place.write(newer.as_bytes())).unwrap_err();
    assert!(error.to_string().contains("format 9"), "{error}");
    assert!(matches!(Tape::open(place.0.path()), Err(Error::NoFile { .. })));
    assert!(matches!(Tape::open(&place.0.path().join("none")), Err(Error::Io { .. })));
}

#[test]
fn a_line_without_end_is_passed_over_in_bounded_memory() {
    let place = Place::new();
    let good = serde_json::to_vec(&lost(1)).unwrap();
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    packed.write_all(&good).unwrap();
    packed.write_all(b"\n").unwrap();
    for _ in 0..100 {
        packed.write_all(&vec![0; 1 << 20]).unwrap();
    }
    packed.write_all(b"\n").unwrap();
    packed.write_all(&good).unwrap();
    let path = place.write(&packed.finish().unwrap());
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000, "100 MiB in a small file");
    let (texts, long, torn) = lines(&path);
    assert_eq!((texts.len(), long, torn), (2, 1, false));
}

#[test]
fn a_glance_tells_what_a_line_is_about_however_it_is_written() {
    let line = |update: &Update| serde_json::to_vec(update).unwrap();
    let node = update(1, What::Node(Box::default()));
    let loose = serde_json::to_string_pretty(&node).unwrap();
    let text = line(&node);
    let glance = Glance::at(&text).unwrap();
    assert_eq!((glance.at, glance.kind, &*glance.from), (node.at, Kind::Hour, "local"));
    assert_eq!(Glance::at(loose.as_bytes()), Some(glance));
    assert_eq!(Glance::at(&line(&update(1, What::Anew))).unwrap().kind, Kind::Never);
    let run = br#"{"at":{"mono_ms":1,"wall_ms":-2},"from":"a\"b","what":{"run":{"id":"x","event":{"progress":{}}}}}"#;
    let glance = Glance::at(run).unwrap();
    assert_eq!((&*glance.from, glance.kind, &*glance.of), ("a\"b", Kind::Until, "x progress"));
    let quick = br#"{"at":{"mono_ms":1,"wall_ms":-2},"from":"a","what":{"run":{"id":"x","event":{"sample":{"#;
    assert_eq!(&*Glance::at(quick).unwrap().of, "x sample");
    for wrong in [&b"{}"[..], b"", b"[1]", b"\xff\xfe", b"{\"at\":{\"mono_ms\":-"] {
        assert_eq!(Glance::at(wrong), None);
    }
}
