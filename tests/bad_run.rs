//! A run's file after disks, editors and other tools had it: nothing panics, whatever is in it, and
//! what was changed by hand is told with its place.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/home.rs"]
mod home;
#[path = "support/made.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod made;

use std::fs;

use home::{Home, err, out, status};
use isomon::model::run::Run;
use isomon::report::{
    compare_json, compare_text, run_csv, run_hyperfine, run_json, run_markdown, run_text,
};
use isomon::stats::compare::{Rules, compare};
use isomon::stats::verify::verify;
use isomon::store::RunDir;
use made::Shape;
use proptest::prelude::*;
use serde_json::{Value, json};

fn good() -> Run {
    made::whole(1, 8, &[(0.01, Shape::Normal(0.02)), (0.02, Shape::LogNormal(0.1))])
}

/// Reads `text` as a run's file and makes everything of it that isomon can.
fn use_it(text: &[u8]) {
    let home = tempfile::tempdir().unwrap();
    let at = home.path().join("run.json");
    fs::write(&at, text).unwrap();
    let run = match RunDir::read(&at) {
        Ok(run) => run,
        Err(error) => {
            let told = error.to_string();
            assert!(told.contains(at.to_str().unwrap()), "{told}");
            return;
        }
    };
    let (rules, base) = (Rules { resamples: 49, permutations: 99, ..Rules::default() }, good());
    verify(&run);
    for (one, two) in [(&run, &base), (&base, &run), (&run, &run)] {
        let comparison = compare(one, two, &rules);
        let text = compare_text::text(&comparison, &rules, ["a", "b"], [one, two]);
        assert!(!text.contains('\u{1b}'));
        compare_json::json(&rules, ("a", one), &[(("b", two), &comparison)]).unwrap();
    }
    assert!(!run_text::text(&run).contains('\u{1b}'));
    run_csv::csv(&run);
    run_markdown::markdown(&run);
    run_json::json(&run).unwrap();
    run_hyperfine::hyperfine(&run).ok();
}

/// Every place in a document.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), found));
        }
        Value::Array(entries) => {
            let entries = entries.iter().enumerate();
            entries.for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn hostile() -> Vec<Value> {
    vec![
        Value::Null,
        json!(0),
        json!(-1),
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(u64::MAX),
        json!(u32::MAX),
        json!("\u{1b}[2J\u{202e}"),
        json!("x".repeat(70_000)),
        json!([]),
        json!({}),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_in_any_place_makes_anything_panic(at: prop::sample::Index, value in prop::sample::select(hostile())) {
        let mut document = serde_json::to_value(good()).unwrap();
        let mut found: Vec<String> = Vec::new();
        places(&document, "", &mut found);
        *document.pointer_mut(at.get::<String>(&found).as_str()).unwrap() = value;
        use_it(document.to_string().as_bytes());
    }

    #[test]
    fn no_byte_and_no_cut_makes_anything_panic(at: prop::sample::Index, byte: u8, cut: bool) {
        let mut bytes = serde_json::to_vec(&good()).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        use_it(&bytes);
    }
}

/// Status, standard output and standard error of `isomon verify` on the good run after `change`.
fn verified(change: impl FnOnce(&mut Value)) -> (Option<i32>, String, String) {
    let home = Home::new();
    let mut document = serde_json::to_value(good()).unwrap();
    change(&mut document);
    fs::write(home.path().join("run.json"), document.to_string()).unwrap();
    let output = home.run(&["verify", "./run.json"]);
    (status(&output), out(&output), err(&output))
}

#[test]
fn a_good_run_is_verified() {
    let (status, out, err) = verified(|_| {});
    assert_eq!((status, out.as_str()), (Some(0), "verified: 16 samples, 9 figures\n"), "{err}");
}

#[test]
fn what_was_changed_by_hand_is_told_with_its_place() {
    let told = |change: fn(&mut Value), wanted: &str| {
        let (status, out, err) = verified(change);
        assert_eq!(status, Some(1), "{out}{err}");
        assert!(out.contains(wanted), "{wanted} in {out}{err}");
    };
    told(
        |run| run["tail"]["summary"][0]["estimate"]["median_seconds"] = json!(0.5),
        "tail.summary[0].estimate.median_seconds: expected 0.0",
    );
    told(
        |run| drop(run["samples"].as_array_mut().unwrap().remove(4)),
        "tail.summary[0].n: expected 7, found 8",
    );
    told(|run| run["cells"].as_array_mut().unwrap().swap(0, 1), "cells[0]: expected process noop");
    told(
        |run| run["samples"][3]["phases"]["ready_seconds"] = json!(-1),
        "samples[3].phases.ready_seconds",
    );
    told(|run| run["samples"][3]["round"] = json!("x"), "samples[3]: invalid type: string");
    told(|run| run["format"] = json!(9), "has format 9; this isomon reads up to 1");
    told(
        |run| *run = json!({"results": [{"command": "true", "mean": 1}]}),
        "a result of hyperfine",
    );
}

#[test]
fn runs_are_compared_by_file_and_by_name() {
    let home = Home::new();
    let write = |name: &str, run: &Run| {
        fs::write(home.path().join(name), serde_json::to_string(run).unwrap()).unwrap();
    };
    let mut slower = made::whole(2, 20, &[(0.013, Shape::Normal(0.02))]);
    write("base.json", &made::whole(1, 20, &[(0.01, Shape::Normal(0.02))]));
    write("slow.json", &slower);
    let run = |words: &[&str]| {
        let output = home.run(words);
        (status(&output), out(&output), err(&output))
    };
    assert_eq!(run(&["baseline", "save", "main", "base.json"]).0, Some(0));
    assert_eq!(run(&["baseline", "list"]).1, "main\n");
    let (status, out, err) = run(&["compare", "main", "slow.json"]);
    assert_eq!(status, Some(0), "{err}");
    assert!(out.contains("slower") && out.contains("1.30"), "{out}");
    assert_eq!(run(&["compare", "main", "slow.json", "--fail-on-regression"]).0, Some(1));
    assert_eq!(run(&["compare", "slow.json", "main", "--fail-on-regression"]).0, Some(0));
    assert_eq!(
        run(&["compare", "main", "slow.json", "--noise", "50%", "--fail-on-regression"]).0,
        Some(0)
    );
    let json: Value =
        serde_json::from_str(&run(&["compare", "main", "slow.json", "--json"]).1).unwrap();
    assert_eq!(json["comparisons"][0]["rows"][0]["change"], "slower");
    slower.head.fingerprint.kernel = Some("6.13".into());
    write("slow.json", &slower);
    let (status, out, err) = run(&["compare", "main", "slow.json"]);
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert!(
        err.contains("kernel: 6.12.0 in the base, 6.13 in the other") && err.contains("--anyway"),
        "{err}"
    );
    let (status, out, _) = run(&["compare", "main", "slow.json", "--anyway"]);
    assert!(status == Some(0) && out.contains("not alike"), "{out}");
    assert_eq!(run(&["compare", "main", "gone"]).0, Some(2));
    assert_eq!(run(&["bench", "process", "-r", "1", "--baseline", "gone"]).0, Some(2));
    assert_eq!(run(&["baseline", "remove", "main"]).0, Some(0));
    assert_eq!(run(&["baseline", "remove", "main"]).0, Some(2));
}
