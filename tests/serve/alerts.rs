//! Alerts where nobody sits before a screen: rules that change, benchmarks beside their baseline, and a
//! command that is told.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::home::{Home, err, status};
use crate::server::{SOON, Server, TOKEN};

/// A rule that fires at once on any machine.
const ALWAYS: &str =
    "[[rule]]\nname = \"always\"\nwhen = \"cpu >= 0%\"\nlabels = { team = \"ml\" }\n";

fn rules(home: &Home, text: &str) {
    let dir = home.path().join(".config/isomon");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("rules.toml"), text).unwrap();
}

/// What fires by the rule `name`.
fn firing(server: &Server, name: &str) -> Vec<serde_json::Value> {
    let answer = server.ask("GET", "/v1/alerts", &[], "");
    let Ok(told) = serde_json::from_str::<serde_json::Value>(&answer.body) else {
        return Vec::new();
    };
    let all = told["alerts"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|one| one["id"]["rule"] == name && one["state"] == "firing").collect()
}

fn until<T>(words: &str, look: impl Fn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < SOON * 2, "{words}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn rules_are_read_again_when_their_file_changes_and_when_asked() {
    let server = Server::start(&[]);
    let mistake = || server.json("/v1/alerts")["mistake"].as_str().map(str::to_owned);
    until("rules are asked", || {
        (server.ask("GET", "/v1/alerts", &[], "").status == 200).then_some(())
    });
    rules(&server.home, ALWAYS);
    let fired = until("a new rule fires", || firing(&server, "always").pop());
    assert_eq!(fired["labels"]["team"], "ml");
    rules(&server.home, "[[rule]]\nname = \"always\"\nwhen = \"cpuu >= 0%\"\n");
    // Asked for, it does not wait until somebody looks at the file.
    server.signal(Signal::HUP);
    let said = until("a mistake is said", mistake);
    assert!(said.contains("rules.toml:3:9: nothing is called `cpuu`"), "{said}");
    assert_eq!(firing(&server, "always").len(), 1, "the rules before are in force");
    rules(&server.home, "presets = false\n");
    until("the mistake is mended", || mistake().is_none().then_some(()));
    let (ended, log) = server.end(Signal::TERM);
    assert_eq!(ended.code(), Some(0), "{log}");
    assert!(log.contains("did you mean `cpu`?; the rules before are still in force"), "{log}");
    assert!(log.contains("isomon: 0 rules in force"), "{log}");
}

#[test]
fn a_benchmark_that_is_slower_or_broken_fires_its_preset() {
    let home = Home::new();
    let work = home.path().join("work.sh");
    let does = |text: &str| std::fs::write(&work, text).unwrap();
    let counts = |to: u32| format!("i=0; while [ $i -lt {to} ]; do i=$((i+1)); done");
    does(&counts(1_000));
    let command = format!("/bin/sh {}", work.display());
    let words = ["bench", "process", "--cmd", &command, "--runs", "12", "--save-baseline", "main"];
    let output = home.run(&words);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let plan = format!("{{\"plan\":{}}}", plan(home.path()));
    rules(&home, "baseline = \"main\"\n");
    std::fs::write(home.path().join("token"), TOKEN).unwrap();
    own(&home.path().join("token"));
    let server =
        Server::start_in(home, &["--allow-bench", "--allow-exec", "--token-file", "token"]);
    let measure = || {
        let token = format!("Authorization: Bearer {TOKEN}");
        let headers = [token.as_str(), "Content-Type: application/json"];
        let begun = until("a benchmark can begin", || {
            Some(server.ask("POST", "/v1/runs", &headers, &plan)).filter(|one| one.status != 409)
        });
        assert!(matches!(begun.status, 200..=202), "{}", begun.body);
    };
    does(&counts(60_000));
    measure();
    // On a busy machine something else may be slower as well.
    let slower = until("more work is slower", || {
        let mut all = firing(&server, "bench-slower").into_iter();
        all.find(|one| one["message"].as_str().unwrap().contains("process job"))
    });
    let message = slower["message"].as_str().unwrap();
    assert!(message.contains("% slower"), "{message}");
    assert!(firing(&server, "bench-broken").is_empty());
    does("exit 3");
    measure();
    let broken = until("work that fails is broken", || firing(&server, "bench-broken").pop());
    assert_eq!(broken["severity"], "critical");
}

/// The plan of the only run that is kept below `home`.
fn plan(home: &Path) -> serde_json::Value {
    let runs = std::fs::read_dir(home.join(".local/state/isomon/runs")).unwrap();
    let run =
        runs.map(|run| run.unwrap().path().join("run.json")).find(|run| run.exists()).unwrap();
    let run: serde_json::Value = serde_json::from_slice(&std::fs::read(run).unwrap()).unwrap();
    run["plan"].clone()
}

fn own(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn a_command_that_is_told_goes_with_isomon_also_when_that_is_killed() {
    let home = Home::new();
    let pid = home.path().join("pid");
    let receiver = format!(
        "[[receiver]]\nname = \"slow\"\nkind = \"command\"\n\
         command = [\"/bin/sh\", \"-c\", \"echo $$ > {}.new; mv {}.new {}; exec sleep 9\"]\n",
        pid.display(),
        pid.display(),
        pid.display()
    );
    rules(&home, &format!("{ALWAYS}{receiver}"));
    let server = Server::start_in(home, &[]);
    let told: u32 =
        until("the command is told", || std::fs::read_to_string(&pid).ok()).trim().parse().unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{told}/stat")).unwrap_or_default();
    assert!(state().contains("(sleep)") || state().contains("(sh)"), "it runs: {}", state());
    server.end(Signal::KILL);
    until("the command has gone", || {
        let state = state();
        let rest = state.rsplit(')').next().unwrap_or_default();
        (rest.is_empty() || rest.starts_with(" Z")).then_some(())
    });
}
