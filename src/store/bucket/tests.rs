//! A bucket in a directory: what is pushed comes back, and what is wrong is said.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::model::run::RunBrief;

fn place(dir: &Path) -> Place {
    Place::parse(&format!("file://{}", dir.display())).unwrap()
}

/// A run's directory with these files.
fn make(dir: &Path, id: &RunId, files: &[(&str, &str)]) -> PathBuf {
    let path = dir.join(id.as_str());
    for (name, text) in files {
        let file = path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    path
}

const WHOLE: [(&str, &str); 3] =
    [("head.json", "{}"), ("samples.ndjson", "{}\n{}\n"), ("run.json", "{\"format\":1}")];

struct Rig {
    dir: tempfile::TempDir,
    bucket: Bucket,
    id: RunId,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Bucket::open_to_write(&place(&dir.path().join("bucket"))).unwrap();
        Self { dir, bucket, id: RunId::new(5_000, 1) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn push(&self, from: &Path) -> Result<Pushed, Error> {
        let brief = RunBrief { status: "COMPLETED".into(), ..RunBrief::default() };
        self.bucket.push(from, &self.id, (&brief, false), &mut |_| {}).await
    }

    async fn pull(&self, to: &str) -> Result<Pulled, Error> {
        self.bucket.pull(&self.id, &self.path(to), &mut |_| {}).await
    }
}

#[tokio::test]
async fn a_run_comes_back_as_it_went() {
    let rig = Rig::new();
    let mut files = WHOLE.to_vec();
    files.extend([("plots/a.svg", "<svg/>"), ("head.json.tmp", "half"), (".hidden", "x")]);
    let from = make(&rig.path("a"), &rig.id, &files);
    let pushed = rig.push(&from).await.unwrap();
    assert_eq!((pushed.written, pushed.there, pushed.finished), (4, 0, true));
    let again = rig.push(&from).await.unwrap();
    assert_eq!((again.written, again.there), (0, 4));
    let listed = rig.bucket.list().await.unwrap();
    assert_eq!(listed.runs.len(), 1);
    assert!(listed.runs[0].finished && listed.strange == 0);
    let pulled = rig.pull("b").await.unwrap();
    assert_eq!(pulled.fetched, 4);
    for (name, text) in files.iter().take(4) {
        assert_eq!(fs::read_to_string(pulled.path.join(name)).unwrap(), *text);
    }
    assert!(!pulled.path.join("head.json.tmp").exists());
    let names: Vec<_> = fs::read_dir(rig.path("b")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(rig.pull("b").await.unwrap().fetched, 0);
}

#[tokio::test]
async fn another_run_of_the_same_id_changes_nothing() {
    let rig = Rig::new();
    let from = make(&rig.path("a"), &rig.id, &WHOLE);
    rig.push(&from).await.unwrap();
    let other = [WHOLE[0], ("samples.ndjson", "{}\n"), WHOLE[2]];
    let other = make(&rig.path("b"), &rig.id, &other);
    let error = rig.push(&other).await.unwrap_err().to_string();
    assert!(error.contains("bucket/") && error.contains("/b/"), "both are named: {error}");
    assert!(error.contains("samples.ndjson"), "{error}");
    assert_eq!(rig.pull("c").await.unwrap().fetched, 3);
    let error = rig.pull("b").await.unwrap_err();
    assert!(matches!(error, Error::Differs { .. }), "{error}");
    assert_eq!(fs::read_to_string(other.join("samples.ndjson")).unwrap(), "{}\n");
}

#[tokio::test]
async fn what_goes_on_is_not_pushed_unless_wished() {
    let rig = Rig::new();
    let from = make(&rig.path("a"), &rig.id, &WHOLE[..2]);
    assert!(matches!(rig.push(&from).await, Err(Error::Unfinished { .. })));
    let brief = RunBrief { status: "CUT OFF".into(), ..RunBrief::default() };
    rig.bucket.push(&from, &rig.id, (&brief, true), &mut |_| {}).await.unwrap();
    assert!(!rig.bucket.list().await.unwrap().runs[0].finished);
    assert!(matches!(rig.bucket.read(&rig.id).await, Err(Error::Unfinished { .. })));
}

#[tokio::test]
async fn a_run_in_part_is_told_as_such_and_gone_on_with() {
    let rig = Rig::new();
    let from = make(&rig.path("a"), &rig.id, &WHOLE);
    rig.push(&from).await.unwrap();
    let there = rig.path("bucket").join(rig.id.as_str());
    fs::remove_file(there.join("manifest.json")).unwrap();
    fs::remove_file(there.join("run.json")).unwrap();
    fs::remove_dir_all(rig.path("bucket/index")).unwrap();
    rig.bucket.begin_for_test(&rig.id).await;
    let listed = rig.bucket.list().await.unwrap();
    assert!(index::is_half(&listed.runs[0]), "{listed:?}");
    assert!(matches!(rig.pull("b").await, Err(Error::Half { .. })));
    let pushed = rig.push(&from).await.unwrap();
    assert_eq!((pushed.written, pushed.there), (1, 2));
    assert!(!index::is_half(&rig.bucket.list().await.unwrap().runs[0]));
    let gone = RunId::new(1, 1);
    let unknown = rig.bucket.pull(&gone, &rig.path("b"), &mut |_| {}).await;
    assert!(matches!(unknown, Err(Error::Unknown { .. })));
}

#[tokio::test]
async fn a_pull_that_was_killed_is_gone_on_with_and_checked() {
    let rig = Rig::new();
    rig.push(&make(&rig.path("a"), &rig.id, &WHOLE)).await.unwrap();
    let part = rig.path("b").join(format!("{}.part", rig.id));
    fs::create_dir_all(&part).unwrap();
    fs::write(part.join("head.json"), "{}").unwrap();
    fs::write(part.join("samples.ndjson"), "{}\n{").unwrap();
    fs::write(part.join("stray"), "x").unwrap();
    let pulled = rig.pull("b").await.unwrap();
    assert_eq!((pulled.fetched, pulled.there), (2, 1));
    assert!(!pulled.path.join("stray").exists() && !part.exists());
}

#[tokio::test]
async fn a_hostile_manifest_writes_nothing() {
    let entry =
        |name: &str, bytes: u64| format!(r#"{{"name":"{name}","bytes":{bytes},"sha256":"x"}}"#);
    let long = "a/".repeat(9) + "b";
    let rows = [
        entry("../../evil", 1),
        entry("/etc/evil", 1),
        entry("a/../../evil", 1),
        entry("evil\\u0000", 1),
        entry("evil\\n", 1),
        entry("", 1),
        entry("a//b", 1),
        entry(".ssh", 1),
        entry(&long, 1),
        entry("huge", u64::MAX),
        format!("{},{}", entry("a", 1), entry("a", 1)),
        format!("{},{}", entry("a", 1), entry("a/b", 1)),
        "{}".to_owned(),
        "[".repeat(10_000),
    ];
    for row in rows {
        let rig = Rig::new();
        let there = rig.path("bucket").join(rig.id.as_str());
        fs::create_dir_all(&there).unwrap();
        let text = format!(r#"{{"format":1,"id":"{}","finished":true,"files":[{row}]}}"#, rig.id);
        fs::write(there.join("manifest.json"), text).unwrap();
        fs::write(there.join("huge"), "x").unwrap();
        let error = rig.pull("b").await.expect_err(&row);
        assert!(matches!(error, Error::Hostile { .. }), "{row}: {error}");
        assert!(!rig.path("b").exists() && !rig.path("evil").exists());
    }
}

#[tokio::test]
async fn an_object_that_is_not_what_was_pushed_is_refused() {
    for text in ["{}\n[]\n", "{}\n{}\n{}\n", ""] {
        let rig = Rig::new();
        rig.push(&make(&rig.path("a"), &rig.id, &WHOLE)).await.unwrap();
        let there = rig.path("bucket").join(rig.id.as_str());
        fs::write(there.join("samples.ndjson"), text).unwrap();
        let error = rig.pull("b").await.unwrap_err();
        assert!(matches!(error, Error::Hostile { .. }), "{error}");
        assert!(!rig.path("b").join(rig.id.as_str()).exists());
    }
}

#[tokio::test]
async fn two_at_the_same_time_never_mix() {
    for round in 0..20 {
        let rig = Rig::new();
        let other = [WHOLE[0], ("samples.ndjson", "{}\n"), ("run.json", "{\"format\": 1}")];
        let (a, b) = (
            make(&rig.path("a"), &rig.id, &WHOLE),
            make(&rig.path("b"), &rig.id, if round % 2 == 0 { &other } else { &WHOLE }),
        );
        let both = tokio::join!(rig.push(&a), rig.push(&b));
        let won = [&both.0, &both.1].iter().filter(|pushed| pushed.is_ok()).count();
        assert!(won == if round % 2 == 0 { 1 } else { 2 }, "{both:?}");
        let pulled = rig.pull("c").await.unwrap();
        let from = if both.0.is_ok() { &a } else { &b };
        for (name, _) in WHOLE {
            let (one, two) = (fs::read(from.join(name)).unwrap(), fs::read(pulled.path.join(name)));
            assert_eq!(one, two.unwrap());
        }
    }
}
