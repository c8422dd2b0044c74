//! `isomon run` with real processes: what passes, what fails, what is left behind, what is kept.

#![allow(clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
#[allow(dead_code, reason = "this program uses a part of it")]
mod home;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use home::{Home, status};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A file of a workflow in `home`.
fn file(home: &Home, text: &str) -> String {
    fs::write(home.path().join("w.yaml"), text).unwrap();
    "w.yaml".to_owned()
}

fn run(home: &Home, text: &str, more: &[&str]) -> Output {
    let file = file(home, text);
    let words: Vec<&str> = ["run", &file].into_iter().chain(more.iter().copied()).collect();
    home.run(&words)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The directory of the only run in `home`.
fn dir(home: &Home) -> PathBuf {
    let results = home.path().join("results");
    let mut dirs: Vec<PathBuf> =
        fs::read_dir(results).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(dirs.len(), 1, "{dirs:?}");
    dirs.remove(0)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn id(home: &Home) -> String {
    json(&dir(home).join("run.json"))["head"]["id"].as_str().unwrap().to_owned()
}

/// Whether some process has `word` among its arguments.
fn is_running(word: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes.map(|entry| entry.path().join("cmdline")).any(|path| {
        let line = fs::read(path).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    })
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn begin(home: &Home, text: &str) -> Child {
    let file = file(home, text);
    let mut command = home.command(&["run", &file]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

const HEAD: &str = "benchmark: {name: t, output_dir: ./results, shell: sh -c}\n";

#[test]
fn stages_metadata_outputs_and_the_background_are_kept_as_benchctl_has_them() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - name: monitor
    command: 'echo a,b > m.csv; while true; do echo 1,2 >> m.csv; sleep 0.05; done'
    background: true
    health_check: {{type: file, target: m.csv, timeout: 10s, retries: 100}}
    outputs: [{{name: monitor, remote_path: m.csv}}]
  - name: emit
    command: 'echo text; echo \"{{\\\"am_key\\\":\\\"am_value\\\",\\\"am_num\\\":42}}\"; echo $BENCHCTL_RUN_ID $FOO > o.txt'
    append_metadata: true
    outputs: [{{name: out, remote_path: o.txt}}]
  - name: use
    command: 'cat {{{{emit.out}}}} {{{{run.dir}}}}/out.txt || true'
cleanup:
  - {{name: clean, command: rm m.csv o.txt}}
"
    );
    let output = run(&home, &text, &["-m", "branch=main", "-e", "FOO=bar"]);
    assert_eq!(status(&output), Some(0), "{}", said(&output));
    let dir = dir(&home);
    let metadata = json(&dir.join("metadata.json"));
    assert_eq!(metadata["status"], "success");
    assert_eq!(metadata["custom"]["am_num"], "42");
    assert_eq!(metadata["custom"]["branch"], "main");
    let number = dir.file_name().unwrap().to_str().unwrap();
    let out = fs::read_to_string(dir.join("out.txt")).unwrap();
    assert_eq!(out.trim(), format!("{number} bar"));
    assert!(fs::read_to_string(dir.join("monitor.csv")).unwrap().lines().count() > 1);
    assert!(!home.path().join("m.csv").exists(), "the cleanup was done");
    let listed = String::from_utf8(home.run(&["list"]).stdout).unwrap();
    assert!(listed.contains("COMPLETED") && listed.contains("monitor emit use"), "{listed}");
}

#[test]
fn the_first_failure_ends_the_rest_and_keeps_everything() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - {{name: behind, command: exec sleep 77001, background: true}}
  - name: bad
    command: |
      for i in $(seq 30); do
        echo line $i
      done
      exit 3
  - {{name: never, command: touch never}}
cleanup:
  - {{name: clean, command: 'touch cleaned; false'}}
  - {{name: also, command: touch also}}
"
    );
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(1), "{}", said(&output));
    let shown = String::from_utf8(home.run(&["show", "last"]).stdout).unwrap();
    for text in [said(&output), shown] {
        let below = "for i in $(seq 30); do\n             echo line $i\n           done\n";
        assert!(text.contains(below), "a line of the command below the other: {text}");
    }
    let run = json(&dir(&home).join("run.json"));
    let failure = &run["tail"]["failure"];
    assert_eq!((&failure["stage"], &failure["exit"]), (&"bad".into(), &3.into()));
    let lines = failure["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[19]), (20, &"line 30".into()));
    assert_eq!(run["tail"]["troubles"].as_array().unwrap().len(), 1, "{run:#}");
    let metadata = json(&dir(&home).join("metadata.json"));
    assert_eq!(metadata["status"], "failed");
    assert!(!home.path().join("never").exists());
    assert!(home.path().join("cleaned").exists() && home.path().join("also").exists());
    assert!(!is_running("77001"));
}

#[test]
fn ctrl_c_ends_the_work_does_the_cleanup_and_leaves_nothing() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - {{name: long, command: 'touch begun; sleep 77002'}}
cleanup:
  - {{name: clean, command: touch cleaned}}
"
    );
    let mut child = begin(&home, &text);
    until("it begins", || home.path().join("begun").exists());
    signal(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(home.path().join("cleaned").exists());
    assert!(!is_running("77002"));
    assert_eq!(json(&dir(&home).join("run.json"))["tail"]["ending"], "cancelled");
}

#[test]
fn kill_9_leaves_nothing_and_the_run_goes_on_with_what_is_left() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - {{name: quick, command: 'echo x >> quick'}}
  - {{name: long, command: '[ -f go ] || {{ touch begun; sleep 77003; }}'}}
"
    );
    let mut child = begin(&home, &text);
    until("it begins", || home.path().join("begun").exists());
    until("it is kept", || {
        let events = fs::read_to_string(dir(&home).join("events.ndjson")).unwrap();
        events.lines().filter(|line| line.contains("passed")).count() == 1
    });
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    until("nothing is left", || !is_running("77003"));
    let listed = String::from_utf8(home.run(&["list"]).stdout).unwrap();
    assert!(listed.contains("CUT OFF"), "{listed}");
    fs::write(home.path().join("go"), "").unwrap();
    let id = id(&home);
    let again = home.run(&["run", "--resume", &id]);
    assert_eq!(status(&again), Some(0), "{}", said(&again));
    assert_eq!(fs::read_to_string(home.path().join("quick")).unwrap(), "x\n", "it was done once");
    assert_eq!(json(&dir(&home).join("run.json"))["head"]["resumed"], true);
    let over = home.run(&["run", "--resume", &id]);
    assert_eq!(status(&over), Some(2), "a finished run is refused");
}

#[test]
fn the_cleanup_finds_what_stages_did_and_is_passed_over_where_they_were_not_done() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - name: behind
    command: 'echo behind; touch began; exec sleep 77005'
    background: true
    health_check: {{type: file, target: began, timeout: 20s}}
  - name: up
    command: 'echo box; echo made > o.txt'
    outputs: [{{name: made, remote_path: o.txt}}]
  - {{name: bad, command: test -e go}}
  - {{name: never, command: echo never}}
cleanup:
  - {{name: down, command: 'echo {{{{up.out}}}} {{{{behind.out}}}} > down; cat {{{{up.made}}}} >> down; rm began'}}
  - {{name: idle, command: 'echo {{{{never.out}}}} > idle'}}
"
    );
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(1), "{}", said(&output));
    let down = || fs::read_to_string(home.path().join("down")).unwrap();
    assert_eq!(down(), "box behind\nmade\n", "{}", said(&output));
    assert!(!home.path().join("idle").exists());
    let kept = json(&dir(&home).join("run.json"));
    let state = &kept["tasks"][5]["state"];
    assert_eq!(state["state"], "skipped", "{state}");
    assert_eq!(state["reason"], "{{never.out}} is not known: stage never was not done");

    // What the cleanup asks for was not kept, so it is done again.
    fs::remove_file(home.path().join("down")).unwrap();
    fs::write(home.path().join("go"), "").unwrap();
    let again = home.run(&["run", "--resume", &id(&home)]);
    assert_eq!(status(&again), Some(0), "{}", said(&again));
    assert_eq!(down(), "box behind\nmade\n", "{}", said(&again));
    assert_eq!(fs::read_to_string(home.path().join("idle")).unwrap(), "never\n");
}

#[test]
fn what_goes_on_writing_does_not_hold_its_stage_up() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - {{name: chatty, command: 'sh -c \"while :; do echo x; sleep 0.05; done\" 77006 & echo told'}}
  - {{name: flood, command: 'yes 77007 & true'}}
  - {{name: after, command: 'echo {{{{chatty.out}}}} > after'}}
"
    );
    let mut child = begin(&home, &text);
    let end = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() && Instant::now() < end {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    // It does nothing to one that has ended.
    child.kill().unwrap();
    let code = child.wait().unwrap().code();
    until("nothing is left", || !is_running("77006") && !is_running("77007"));
    assert_eq!(code, Some(0));
    assert!(fs::read_to_string(home.path().join("after")).unwrap().contains("told"));
}

#[test]
fn what_is_known_is_put_into_variables_and_a_stage_knows_its_own() {
    let home = Home::new();
    let text = format!(
        "{HEAD}matrix: {{n: ['1', '2']}}
stages:
  - {{name: say, command: echo word}}
  - name: use
    env: {{X: '{{{{say.out}}}}-{{{{matrix.n}}}}'}}
    command: 'echo own; echo $X > o-$X.txt'
    outputs: [{{name: made, remote_path: 'o-$X.txt', local_path: 'kept/{{{{use.out}}}}-{{{{matrix.n}}}}'}}]
"
    );
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(0), "{}", said(&output));
    for n in ["1", "2"] {
        let kept = fs::read_to_string(home.path().join(format!("kept/own-{n}"))).unwrap();
        assert_eq!(kept, format!("word-{n}\n"));
    }
}

#[cfg(feature = "plot")]
#[test]
fn pictures_of_several_cases_do_not_meet_where_they_are_copied_to() {
    let home = Home::new();
    let text = format!(
        "{HEAD}matrix: {{n: ['1', '2']}}
stages:
  - name: load
    command: 'printf \"x\\n1\\n2\\n\" > y.csv'
    outputs: [{{name: y, remote_path: y.csv}}]
plots:
  - name: p
    title: P
    source: y
    type: histogram
    x: x
    format: svg
    export_path: 'out-{{{{run.id}}}}/p.svg'
"
    );
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(0), "{}", said(&output));
    let number = dir(&home).file_name().unwrap().to_str().unwrap().to_owned();
    for n in ["1", "2"] {
        let path = home.path().join(format!("out-{number}/p__y__n={n}.svg"));
        assert!(path.exists(), "{}: {}", path.display(), said(&output));
    }
    let kept = json(&dir(&home).join("run.json"));
    assert_eq!(kept["plots"][0]["export_path"], format!("out-{number}/p.svg"));
}

#[test]
fn twenty_at_once_have_directories_of_their_own() {
    let home = Home::new();
    let name = file(&home, &format!("{HEAD}stages:\n  - {{name: one, command: 'true'}}\n"));
    let mut children: Vec<Child> = (0..20)
        .map(|_| home.command(&["run", &name]).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    assert_eq!(fs::read_dir(home.path().join("results")).unwrap().count(), 20);
}

#[test]
fn cases_and_repetitions_have_files_and_statistics_of_their_own() {
    let home = Home::new();
    let text = "benchmark: {name: t, output_dir: ./results, shell: sh -c}
matrix: {size: ['1', '2']}
repeat: 6
stages:
  - name: load
    command: 'printf \"x\\n{{matrix.size}}\\n\" > y.csv'
    outputs: [{name: y, remote_path: y.csv}]
";
    let output = run(&home, text, &[]);
    assert_eq!(status(&output), Some(0), "{}", said(&output));
    let dir = dir(&home);
    assert!(dir.join("y__size=1__1.csv").exists() && dir.join("y__size=2__6.csv").exists());
    let run = json(&dir.join("run.json"));
    let statistics = run["statistics"].as_array().unwrap();
    let changed =
        statistics.iter().find(|one| one["figure"] == "y: x median" && one["case"] == "size=2");
    assert_eq!(changed.unwrap()["change_percent"], 100.0, "{statistics:#?}");
}

#[test]
fn what_daemonises_lives_until_the_end_and_no_longer() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - {{name: start, command: 'setsid sleep 77004 > /dev/null 2>&1 &'}}
  - {{name: alive, command: 'pgrep -f \"sleep 7700[4]\"'}}
"
    );
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(0), "{}", said(&output));
    until("it is ended", || !is_running("77004"));
}

#[test]
fn a_flood_of_output_is_bounded() {
    let home = Home::new();
    let text =
        format!("{HEAD}stages:\n  - {{name: flood, command: 'timeout 3 yes 0123456789; true'}}\n");
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(0));
    let kept = fs::metadata(dir(&home).join("events.ndjson")).unwrap().len();
    assert!(kept < 64 << 20, "{kept}");
    assert!(said(&output).contains("lines are left out"));
}

#[test]
fn no_field_is_more_than_a_word_to_a_shell() {
    let home = Home::new();
    let odd = "a'b\"c$(touch bad1)`touch bad2`;touch bad3|&\\ü";
    let text = format!(
        "{HEAD}stages:
  - name: \"odd; touch bad4\"
    command: 'printf %s \"$ODD\" > o.txt'
    outputs: [{{name: \"OUTPUT\", remote_path: o.txt}}]
  - {{name: say, command: 'cat o.txt'}}
  - {{name: put, command: 'printf %s {{{{say.out}}}} > p.txt'}}
"
    );
    let (env, metadata) = (format!("ODD={odd}"), format!("k={odd}"));
    let wish = ["-e", env.as_str(), "-m", metadata.as_str()];
    let up = run(&home, &text.replace("OUTPUT", "../o$(touch bad5)"), &wish);
    assert_eq!(status(&up), Some(2), "it is refused before it starts: {}", said(&up));
    let output = run(&home, &text.replace("OUTPUT", "o`touch bad5`$$(touch bad6)"), &wish);
    assert_eq!(status(&output), Some(0), "{}", said(&output));
    assert_eq!(fs::read_to_string(home.path().join("p.txt")).unwrap(), odd);
    assert_eq!(json(&dir(&home).join("metadata.json"))["custom"]["k"], odd);
    let bad = fs::read_dir(home.path()).unwrap().filter_map(Result::ok);
    let bad: Vec<_> =
        bad.filter(|entry| entry.file_name().to_string_lossy().starts_with("bad")).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn secrets_stand_nowhere() {
    let home = Home::new();
    let canaries: Vec<String> = (0..12).map(|number| format!("canary{number}Xq7")).collect();
    let text = format!(
        "{HEAD}hosts:
  far: {{ip: 127.0.0.1, port: 1, username: me, password: {0}, key_password: {1}}}
cases:
  - {{name: one, env: {{CASE_TOKEN: {2}}}}}
stages:
  - name: say
    command: 'echo $A_PASSWORD $B_TOKEN $C_SECRET $CASE_TOKEN {0} {1}; echo $A_PASSWORD >&2; echo \"{{\\\"api_token\\\":\\\"$D_API_KEY\\\"}}\"'
    append_metadata: true
  - {{name: fail, command: 'echo $A_PASSWORD; exit 1'}}
",
        canaries[0], canaries[1], canaries[2]
    );
    let name = file(&home, &text);
    let mut command = home.command(&["run", &name, "--json"]);
    for (variable, canary) in
        ["A_PASSWORD", "B_TOKEN", "C_SECRET", "D_API_KEY", "E_CREDENTIALS", "F_PASSPHRASE"]
            .iter()
            .zip(&canaries[3..])
    {
        command.args(["-e", &format!("{variable}={canary}")]);
    }
    for (key, canary) in ["db_password", "token", "secret"].iter().zip(&canaries[9..]) {
        command.args(["-m", &format!("{key}={canary}")]);
    }
    let output = command.output().unwrap();
    assert_eq!(status(&output), Some(1), "{}", said(&output));
    let own = fs::read(home.path().join(&name)).unwrap();
    let mut written = said(&output).into_bytes();
    gather(home.path(), &own, &mut written);
    let written = String::from_utf8_lossy(&written);
    for canary in &canaries {
        assert!(!written.contains(canary.as_str()), "{canary}");
    }
}

#[test]
fn a_secret_of_a_file_stands_nowhere_either() {
    let home = Home::new();
    for (name, canary) in [("word", "canaryFileXq7"), ("phrase", "canaryPhraseXq7")] {
        fs::write(home.path().join(name), format!("{canary}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(home.path().join(name), mode).unwrap();
    }
    let text = format!(
        "{HEAD}hosts:
  local: {{}}
  far: {{ip: 127.0.0.1, port: 1, username: me, password: 'file:word', key_password: 'file:phrase'}}
stages:
  - {{name: say, command: 'cat word phrase; cat word >&2; rm word phrase'}}
  - {{name: far, host: far, command: 'true'}}
"
    );
    let output = run(&home, &text, &["--json"]);
    assert_eq!(status(&output), Some(1), "{}", said(&output));
    let mut written = said(&output).into_bytes();
    gather(home.path(), &[], &mut written);
    let written = String::from_utf8_lossy(&written);
    assert!(written.contains("[redacted]"), "{written}");
    for canary in ["canaryFileXq7", "canaryPhraseXq7"] {
        assert!(!written.contains(canary), "{canary}");
    }
}

/// Every byte of every file below `dir` but those of the workflow itself.
fn gather(dir: &Path, own: &[u8], into: &mut Vec<u8>) {
    for entry in fs::read_dir(dir).unwrap().filter_map(Result::ok) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            gather(&entry.path(), own, into);
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            if bytes != own {
                into.extend(bytes);
            }
        }
    }
}

#[test]
fn a_file_that_is_changed_while_it_runs_changes_nothing_of_the_run() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - {{name: first, command: 'printf \"stages: [\" > w.yaml; echo first >> done'}}
  - {{name: second, command: 'rm w.yaml; mkdir w.yaml; echo second >> done'}}
  - {{name: third, command: 'rmdir w.yaml; echo third >> done; test -e go', needs: [second]}}
cleanup:
  - {{name: clean, command: echo clean >> done}}
"
    );
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(1), "the third fails: {}", said(&output));
    let done = || fs::read_to_string(home.path().join("done")).unwrap();
    assert_eq!(done(), "first\nsecond\nthird\nclean\n");
    let kept = json(&dir(&home).join("metadata.json"));
    assert_eq!(kept["config"]["stages"].as_array().unwrap().len(), 3, "{kept:#}");

    // It goes on only as it was.
    fs::write(home.path().join("go"), "").unwrap();
    let id = id(&home);
    let resume = || home.run(&["run", "--resume", &id]);
    let gone = resume();
    assert_eq!(status(&gone), Some(2), "{}", said(&gone));
    fs::write(home.path().join("w.yaml"), text.replace("echo third", "echo other")).unwrap();
    let changed = resume();
    assert_eq!(status(&changed), Some(2), "{}", said(&changed));
    assert!(said(&changed).contains("was changed since the run began"), "{}", said(&changed));
    fs::write(home.path().join("w.yaml"), &text).unwrap();
    let again = resume();
    assert_eq!(status(&again), Some(0), "{}", said(&again));
    assert_eq!(done(), "first\nsecond\nthird\nclean\nthird\nclean\n");
}

#[test]
fn names_that_are_not_known_are_refused_before_anything_starts() {
    let home = Home::new();
    let text = format!(
        "{HEAD}stages:
  - {{name: one, command: touch begun, outputs: [{{name: '${{NO_SUCH}}', remote_path: x}}]}}
"
    );
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(2), "{}", said(&output));
    assert!(said(&output).contains("NO_SUCH"), "{}", said(&output));
    let output = run(
        &home,
        &format!("{HEAD}stages:\n  - {{name: one, command: 'true'}}\n"),
        &["--skip", "on"],
    );
    assert!(said(&output).contains("one"), "{}", said(&output));
    assert!(!home.path().join("begun").exists() && !home.path().join("results").exists());
}

#[test]
fn a_stage_may_be_a_benchmark_and_what_is_beside_it_waits() {
    let home = Home::new();
    let text = "benchmark: {name: t, output_dir: ./results, shell: sh -c}
stages:
  - {name: bench, bench: process --runs 2 --warmup 0}
  - {name: slow, command: sleep 5, timeout: 200ms}
";
    let output = run(&home, text, &[]);
    assert_eq!(status(&output), Some(1), "{}", said(&output));
    let run = json(&dir(&home).join("run.json"));
    assert_eq!(run["tasks"][0]["state"]["state"], "passed", "{run:#}");
    assert!(run["metadata"]["bench.run"].is_string(), "its run is linked");
    assert!(dir(&home).join("bench.json").exists());
    let reason = run["tail"]["failure"]["reason"].as_str().unwrap();
    assert!(reason.contains("200 ms"), "{reason}");
}

#[test]
fn a_benchmark_that_fails_keeps_its_result() {
    let home = Home::new();
    let bench = "process --cmd false --runs 2 --warmup 0";
    let text = format!("{HEAD}stages:\n  - {{name: bench, bench: {bench}}}\n");
    let output = run(&home, &text, &[]);
    assert_eq!(status(&output), Some(1), "{}", said(&output));
    assert!(dir(&home).join("bench.json").exists(), "{}", said(&output));
    let run = json(&dir(&home).join("run.json"));
    assert_eq!(run["files"][0]["file"], "bench.json", "{run:#}");
    assert!(run["metadata"]["bench.run"].is_string(), "its run is linked");
    let verified = home.run(&["verify", &id(&home)]);
    assert_eq!(status(&verified), Some(0), "{}", said(&verified));
}

#[test]
fn each_task_of_a_benchmark_has_a_result_of_its_own() {
    let home = Home::new();
    let text = "benchmark: {name: t, output_dir: ./results, shell: sh -c}
matrix: {n: ['1', '2']}
repeat: 2
stages:
  - {name: bench, bench: process --runs 2 --warmup 0}
";
    let output = run(&home, text, &[]);
    assert_eq!(status(&output), Some(0), "{}", said(&output));
    let run = json(&dir(&home).join("run.json"));
    let files = run["files"].as_array().unwrap();
    let names: BTreeSet<&str> = files.iter().filter_map(|file| file["file"].as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.contains("bench__n=2__2.json"), "{names:?}");
    for name in names {
        assert!(dir(&home).join(name).exists(), "{name}");
        let link = name.replace(".json", ".run");
        assert!(run["metadata"][&link].is_string(), "{link}");
    }
}

#[test]
fn a_full_disk_is_said_and_ends_it_badly() {
    let home = Home::new();
    let mounted = home.path().join("results");
    fs::create_dir(&mounted).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&mounted)
        .stderr(Stdio::null())
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        let why = "no file system can be mounted here: that needs root";
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
        eprintln!("skipped: {why}");
        return;
    }
    let text = format!("{HEAD}stages:\n  - {{name: much, command: seq 5000}}\n");
    let output = run(&home, &text, &[]);
    let unmounted = Command::new("umount").arg(&mounted).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(status(&output), Some(1), "{}", said(&output));
    assert!(said(&output).contains("No space left"), "{}", said(&output));
}

const TWICE: &str = "benchmark: {name: pace, output_dir: ./results, shell: sh -c}
stages:
  - name: load
    command: 'printf \"x\\n$X\\n\" > y.csv'
    outputs: [{name: y, remote_path: y.csv}]
";

/// A home with two runs, of 1 and of 4, and a third that failed.
fn three() -> Home {
    let home = Home::new();
    for x in ["1", "4"] {
        let output = run(&home, TWICE, &["-e", &format!("X={x}"), "-m", &format!("x={x}")]);
        assert_eq!(status(&output), Some(0), "{}", said(&output));
        assert!(said(&output).contains(", 1 task, in ") && said(&output).contains("1 of 1 task "));
    }
    let failed = TWICE.replace("pace", "other").replace("printf", "false; exit 3;");
    assert_eq!(status(&run(&home, &failed, &[])), Some(1));
    home
}

#[test]
fn what_is_printed_of_runs_is_of_those_and_in_the_form_that_is_asked_for() {
    let home = three();
    let compared = home.run(&["compare", "1", "2", "--json"]);
    assert_eq!(status(&compared), Some(0), "{}", said(&compared));
    let compared: Value = serde_json::from_slice(&compared.stdout).unwrap();
    let only = &compared["comparisons"][0];
    let x = only["metadata"].as_array().unwrap().iter().find(|one| one["name"] == "x");
    assert_eq!(x.unwrap()["change_percent"], 300.0, "{compared:#}");
    assert_eq!(only["tables"][0]["columns"][0]["median_change_percent"], 300.0, "{compared:#}");
    assert_eq!(only["stages"][0]["base"]["status"], "finished", "{compared:#}");
    assert_eq!((&only["regression"], &only["whole"]["other"]["tasks"]), (&false.into(), &1.into()));

    let shown = said(&home.run(&["show", "1"]));
    let (head, rest) = shown.split_once("\nmetadata\n").unwrap();
    assert!(head.contains("  repeat it: isomon run ") && !rest.contains("repeat it"), "{shown}");
    let refused = home.run(&["show", "1", "--format", "csv"]);
    assert_eq!((status(&refused), refused.stdout.len()), (Some(2), 0));
    let why = said(&refused);
    assert!(why.contains("cannot be written as csv") && why.contains("text or json"), "{why}");
    let json = home.run(&["show", "1", "--format", "json"]);
    assert!(serde_json::from_slice::<Value>(&json.stdout).is_ok());
}

#[test]
fn a_directory_of_results_is_filtered() {
    let home = three();
    let listed = |words: &[&str]| {
        let words: Vec<&str> = ["list", "results"].iter().chain(words).copied().collect();
        let output = home.run(&words);
        assert_eq!(status(&output), Some(0), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let count = |words: &[&str]| listed(words).lines().count() - 1;
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--state", "failed"]), 1);
    assert_eq!(count(&["--state", "resumable"]), 1);
    let here = said(&home.run(&["list", "--state", "resumable"]));
    assert!(here.contains("FAILED") && !here.contains("COMPLETED"), "{here}");
    assert_eq!(count(&["--name", "PACE"]), 2);
    assert_eq!(count(&["--since", "1h", "--state", "completed"]), 2);
    let none = listed(&["--name", "gone"]);
    assert_eq!(none, "no run is like that; `isomon list results` shows all\n");
    let json: Value = serde_json::from_str(&listed(&["--state", "failed", "--json"])).unwrap();
    assert_eq!((json.as_array().unwrap().len(), &json[0]["benchmark_name"]), (1, &"other".into()));
}
