//! Workflow files of others, hostile ones, and ones nobody wrote: what is taken, what is said, and that
//! nothing panics. `ISOMON_BLESS=1` writes the published schema anew.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use isomon::config::Mistake;
use isomon::config::mistake::Place;
use isomon::dialect::{self, plan, schema, template};
use isomon::model::workflow::{Dialect, Work, WorkflowWish};
use proptest::prelude::*;
use serde_json::{Value, json};

fn fixture(name: &str) -> String {
    let path = root().join("tests/fixture/benchctl").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn good(text: &str) -> dialect::Read {
    dialect::read("w.yaml", text).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:#?}"))
}

fn said(text: &str) -> Vec<String> {
    let mistakes = dialect::read("w.yaml", text).err().unwrap_or_default();
    mistakes.iter().map(ToString::to_string).collect()
}

const GOOD: [(&str, Dialect); 9] = [
    ("seed/1.yaml", Dialect::Seed),
    ("seed/local_container.yaml", Dialect::Seed),
    ("v0.2.1/append_metadata.yaml", Dialect::Plots),
    ("v0.2.1/background.yaml", Dialect::Plots),
    ("v0.2.1/local_container.yaml", Dialect::Plots),
    ("v0.2.1/multi_stage.yaml", Dialect::Cases),
    ("v0.2.1/simple.yaml", Dialect::Cases),
    ("v0.2.1/with_healthcheck.yaml", Dialect::Cases),
    ("v0.2.1/with_output.yaml", Dialect::Plots),
];

#[test]
fn every_fixture_that_benchctl_takes_is_taken() {
    for (name, wanted) in GOOD {
        let read = good(&fixture(name));
        assert_eq!(read.workflow.dialect, wanted, "{name}");
        let tasks = plan::plan(&read.workflow, &WorkflowWish::default());
        assert_eq!(tasks.len(), read.workflow.stages.len(), "{name}");
    }
    let read = good(&fixture("seed/1.yaml"));
    let db = &read.workflow.stages[0];
    assert_eq!(db.work, Work::Command("sudo systemctl start postgresql".to_owned()));
    assert_eq!(db.check.as_ref().unwrap().retries, Some(10));
    let output = &read.workflow.stages[1].outputs[0];
    let columns = &output.schema.as_ref().unwrap().columns;
    assert_eq!(columns.len(), 3);
    assert_eq!(output.local_path.as_deref(), Some("./results/run-001/data.csv"));
    assert_eq!(read.workflow.plots[0].y, ["latency_ms"]);
    let read = good(&fixture("v0.2.1/local_container.yaml"));
    assert!(read.workflow.stages[2].background && read.workflow.stages[5].append_metadata);
    assert_eq!(read.workflow.plots[1].groupby.as_deref(), Some("status"));
    assert_eq!(read.config["stages"][1]["health_check"]["retries"], 10);
}

#[test]
fn every_fixture_that_benchctl_refuses_is_refused_in_its_words() {
    let second = said(&fixture("seed/2.yaml"));
    assert_eq!(second.len(), 1, "{second:?}");
    assert!(
        second[0]
            .starts_with("w.yaml:9:11: stages[0]: exactly one of command or script must be set"),
        "{second:?}"
    );
    let third = said(&fixture("seed/3.yaml"));
    let wanted = [
        "w.yaml:13:13: stages[0].health_check.type must be one of [port, http, file, process, command]",
        "w.yaml:15:16: stages[0].health_check.timeout must be a positive duration",
        "w.yaml:16:16: stages[0].health_check.retries must be >= 0",
    ];
    assert_eq!(third.len(), wanted.len(), "{third:?}");
    for (said, wanted) in third.iter().zip(wanted) {
        assert!(said.starts_with(wanted), "{said}");
    }
}

#[test]
fn the_published_schema_is_that_of_the_code_and_takes_every_fixture() {
    let schema = schema::schema().unwrap();
    let path = root().join("assets/schema/workflow.json");
    if std::env::var_os("ISOMON_BLESS").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == schema,
        "assets/schema/workflow.json is out of date: ISOMON_BLESS=1 writes it"
    );
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, _) in GOOD {
        let json: Value = serde_saphyr::from_str(&fixture(name)).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
    let sketch: Value = serde_saphyr::from_str(&dialect::sketch::sketch("x")).unwrap();
    assert!(validator.is_valid(&sketch));
    let third: Value = serde_saphyr::from_str(&fixture("seed/3.yaml")).unwrap();
    assert!(!validator.is_valid(&third));
}

/// A file with every key of benchctl 0.3.4.
fn whole_034() -> Value {
    json!({
        "benchmark": {
            "name": "b", "output_dir": "./r", "shell": "bash -lc",
            "logging": {"level": "info", "path": "x.ndjson", "time_format": "15:04:05"},
            "git": {"capture": true, "require_clean": false, "save_patch": true},
            "sync": {"remote": "r:b", "args": ["--fast-list"]},
        },
        "hosts": {
            "local": {},
            "db": {"ip": "10.0.0.1", "port": 22, "username": "u", "password": "p", "key_file": "~/k", "key_password": "q"},
        },
        "cases": [{"name": "one", "env": {"A": "b"}}, {"name": "two"}],
        "stages": [
            {
                "name": "a", "host": "db", "command": "x", "shell": "sh -c", "skip": false,
                "execute_only_for": "one", "background": true,
                "health_check": {"type": "port", "target": "80", "timeout": "1m30s", "retries": 0},
                "outputs": [{"name": "o", "remote_path": "/o"}],
            },
            {"name": "b", "hosts": ["local", "db"], "script": "./x.sh"},
        ],
        "cleanup": [{"name": "c", "hosts": ["db"], "command": "y", "shell": "sh -c"}, {"name": "d", "host": "local", "script": "z"}],
    })
}

/// A file with every key of benchctl 0.2.1.
fn whole_021() -> Value {
    let mut whole = whole_034();
    let file = whole.as_object_mut().unwrap();
    file.remove("cases");
    file.remove("cleanup");
    file["benchmark"].as_object_mut().unwrap().retain(|key, _| key != "git" && key != "sync");
    file["benchmark"]["logging"].as_object_mut().unwrap().remove("time_format");
    let stage = file["stages"][0].as_object_mut().unwrap();
    stage.retain(|key, _| key != "skip" && key != "execute_only_for");
    stage.insert("append_metadata".into(), true.into());
    stage["outputs"][0]["local_path"] = "./o".into();
    stage["outputs"][0]["data_schema"] = json!({"format": "csv", "columns": [
        {"name": "t", "type": "timestamp", "unit": "s", "format": "unix"},
        {"name": "v", "type": "float"},
    ]});
    let plot = |name: &str, kind: &str| {
        json!({
            "name": name, "title": "T", "source": "o", "type": kind, "x": "t", "y": "v",
            "aggregation": "p95", "format": "pdf", "export_path": "./p", "engine": "gonum",
            "groupby": "v", "options": {"bins": 3, "dpi": 100, "legend": true, "palette": "deep"},
        })
    };
    file.insert(
        "plots".into(),
        json!([plot("p", "time_series"), plot("q", "histogram"), plot("r", "boxplot")]),
    );
    whole
}

/// What can be left out without another rule than the schema being broken.
const OPTIONAL: [&str; 34] = [
    "/benchmark/shell",
    "/benchmark/logging",
    "/benchmark/logging/path",
    "/benchmark/logging/time_format",
    "/benchmark/git",
    "/benchmark/git/capture",
    "/benchmark/git/require_clean",
    "/benchmark/git/save_patch",
    "/benchmark/sync",
    "/benchmark/sync/args",
    "/hosts/local",
    "/hosts/db/port",
    "/hosts/db/username",
    "/hosts/db/password",
    "/hosts/db/key_file",
    "/hosts/db/key_password",
    "/cases/0/env",
    "/stages/0/host",
    "/stages/0/shell",
    "/stages/0/skip",
    "/stages/0/execute_only_for",
    "/stages/0/background",
    "/stages/0/append_metadata",
    "/stages/0/health_check",
    "/stages/0/health_check/timeout",
    "/stages/0/health_check/retries",
    "/stages/1/hosts",
    "/cleanup",
    "/plots",
    "/plots/0/x",
    "/plots/0/options",
    "/plots/1/y",
    "/plots/2/groupby",
    "/stages/0/outputs/0/data_schema/columns/0/unit",
];

fn without(whole: &Value, left_out: u64) -> Value {
    let mut file = whole.clone();
    for (bit, pointer) in OPTIONAL.iter().enumerate() {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        if (left_out >> bit) & 1 == 1
            && let Some(parent) = file.pointer_mut(parent).and_then(Value::as_object_mut)
        {
            parent.remove(key);
        }
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_benchctl_s_schemas_take_is_taken(left_out in any::<u64>()) {
        for (whole, schema) in [(whole_021(), "v0.2.1/schema.json"), (whole_034(), "v0.3.4-schema.json")] {
            let schema: Value = serde_json::from_str(&fixture(schema)).unwrap();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let file = without(&whole, left_out);
            prop_assert!(validator.is_valid(&file), "{file:#}");
            let read = dialect::read("w.yaml", &file.to_string());
            prop_assert!(read.is_ok(), "{file:#}\n{:#?}", read.err());
        }
    }

    #[test]
    fn a_file_of_any_pieces_has_no_panic_and_mistakes_lie_within(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60)
    ) {
        within(&pieces.concat())?;
    }

    #[test]
    fn a_file_that_was_damaged_has_no_panic_and_mistakes_lie_within(
        which in 0..GOOD.len(), cuts in prop::collection::vec((any::<prop::sample::Index>(), "\\PC|[\t\n\r\0:{}'\"|>&*!-]"), 1..6)
    ) {
        let mut letters: Vec<char> = fixture(GOOD[which].0).chars().collect();
        for (at, put) in cuts {
            let at = at.index(letters.len());
            letters.splice(at..=at, put.chars());
        }
        within(&letters.into_iter().collect::<String>())?;
    }

    #[test]
    fn no_text_makes_templates_panic(text in "(\\{\\{|\\}\\}|hosts|run|\\.|id|[\"'`$(<#\\\\ \n]|\\PC){0,40}") {
        let mut values = template::Values::default();
        values.set("run.id", "x; id");
        let _command = template::command(&text, &values);
        let _plain = template::plain(&text, &values);
        let _so_far = template::so_far(&text, &values);
    }
}

const PIECES: [&str; 40] = [
    "benchmark:\n",
    "  name: b\n",
    "stages:\n",
    "- name: a\n",
    "  command: x\n",
    "  hosts: [a, b]\n",
    "hosts:\n",
    "  db: {ip: h}\n",
    "  outputs:\n",
    "  - name: o\n",
    "    remote_path: /o\n",
    "    data_schema:\n",
    "      format: csv\n",
    "      t: {type: float}\n",
    "plots:\n",
    "  needs: [a]\n",
    "matrix: {a: [1, 2]}\n",
    "repeat: 3\n",
    "cases:\n",
    "cleanup:\n",
    "  copy: {from: a, to: b}\n",
    "  health_check: {type: port}\n",
    "{{a.out}}",
    "{{hosts.db}}",
    "'",
    "\"",
    "|\n",
    ">-\n",
    "\t",
    "&a ",
    "*a ",
    "!!x ",
    "? ",
    "- ",
    ": ",
    "[",
    "{",
    "}",
    "é\u{202e}",
    "\r\n",
];

/// Reads `text`; every mistake has a place in it.
fn within(text: &str) -> Result<(), TestCaseError> {
    let mistakes = dialect::read("w.yaml", text).err().unwrap_or_default();
    for Mistake { place, what, .. } in mistakes {
        let Place::File { line, column, .. } = place else {
            return Err(TestCaseError::fail("a place in the file"));
        };
        let found = text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').nth(line - 1);
        let Some(found) = found else {
            return Err(TestCaseError::fail(format!("line {line}: {what}")));
        };
        prop_assert!(column <= found.chars().count() + 1, "{line}:{column} of {found:?}: {what}");
    }
    Ok(())
}

fn many(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn hostile_files_are_refused_at_once_with_a_place() {
    let bomb = many(30, |level| format!("a{}: &a{0} [*a{level}, *a{level}]\n", level + 1));
    let rows = [
        ("aliases", format!("a0: &a0 [x]\n{bomb}")),
        ("deep lists", "[".repeat(10_000)),
        ("deep maps", many(400, |depth| format!("{}a:\n", " ".repeat(depth)))),
        ("deep in one line", "a: ".repeat(10_000)),
        ("long", "# x\n".repeat(400_000)),
        ("a long key", format!("{}: x\n", "k".repeat(900_000))),
        ("many keys", many(60_000, |key| format!("k{key}: x\n"))),
        ("many stages", {
            let stages =
                many(1_000, |at| format!("- {{name: s{at}, command: x, background: true}}\n"));
            format!("benchmark: {{name: b}}\nstages:\n{stages}")
        }),
        ("many cases", {
            let matrix = many(6, |name| format!("v{name}: [1, 2, 3, 4, 5, 6, 7, 8, 9], "));
            format!(
                "benchmark: {{name: b}}\nmatrix: {{{matrix}}}\nstages: [{{name: a, command: x}}]\n"
            )
        }),
        // Each of these once took a time that grows with the square of its length.
        ("many unknown keys", {
            let keys = many(1_000, |key| format!("comand{key}: x, "));
            format!("benchmark: {{name: b}}\nstages:\n{}", format!("- {{{keys}}}\n").repeat(9))
        }),
        (
            "mistakes in a long line",
            format!("benchmark: {{name: b, {}}}", {
                many(9_000, |key| format!("k{key}: {}, ", "é".repeat(45)))
            }),
        ),
        ("names that stand for nothing", {
            let names = many(60_000, |at| format!("{{{{x.n{at}}}}} "));
            format!("benchmark: {{name: b}}\nstages: [{{name: a, command: \"{names}\"}}]\n")
        }),
        ("names in quotes, and many hosts", {
            let hosts = many(2_000, |at| format!("  h{at}: {{ip: 'a_b(c'}}\n"));
            let names = "{{hosts.h1}} ".repeat(40_000);
            format!(
                "benchmark: {{name: b}}\nhosts:\n{hosts}stages: [{{name: a, command: \"'{names}'\"}}]\n"
            )
        }),
        ("names of outputs", {
            let outputs = many(4_000, |at| format!("{{name: o{at}, remote_path: x}}, "));
            let names = many(40_000, |at| format!("{{{{b.o{}}}}} ", at % 4_000));
            format!(
                "benchmark: {{name: b}}\nstages:\n- {{name: a, command: \"{names}\"}}\n\
                 - {{name: b, command: x, outputs: [{outputs}]}}\n"
            )
        }),
        ("hosts that are not there", {
            let hosts = many(3_000, |at| format!("  host-{at}: {{ip: h}}\n"));
            let wanted = many(9_000, |at| format!("hots-{at}, "));
            format!(
                "benchmark: {{name: b}}\nhosts:\n{hosts}stages: [{{name: a, command: x, hosts: [{wanted}]}}]\n"
            )
        }),
        ("stages that need each other", {
            let stages = many(490, |at| {
                let needs = many(36, |far| format!("s{}, ", (at + 1 + far * 13) % 490));
                format!("- {{name: s{at}, command: x, needs: [{needs}]}}\n")
            });
            format!("benchmark: {{name: b}}\nstages:\n{stages}")
        }),
        ("braces", {
            let braces = "{{".repeat(450_000);
            format!("benchmark: {{name: b}}\nstages: [{{name: '', command: \"{braces}\"}}]\n")
        }),
        ("here-documents", {
            let heres = format!("{}\n{}", "<<a ".repeat(120_000), "    a\n\n".repeat(60_000));
            format!("benchmark: {{name: b}}\nstages:\n- name: ''\n  command: |\n    {heres}")
        }),
        ("a matrix of many names", {
            let names = many(4_000, |name| format!("v{name}: [1, 2], "));
            format!(
                "benchmark: {{name: b}}\nmatrix: {{{names}}}\nstages: [{{name: a, command: x}}]\n"
            )
        }),
        ("passwords", {
            let hosts = many(1_700, |at| format!("  h{at}: {{ip: h, password: secret-{at}}}\n"));
            let env = many(2_000, |at| format!("V{at}: text, "));
            format!(
                "benchmark: {{name: b}}\nhosts:\n{hosts}stages: [{{name: '', command: x, env: {{{env}}}}}]\n"
            )
        }),
        ("python", "benchmark: !!python/object/apply:os.system ['id']\n".to_owned()),
        ("tabs", "benchmark:\n\tname: x\n".to_owned()),
        ("a NUL", "benchmark:\n  name: a\0b\n".to_owned()),
        ("the same key", "benchmark: {name: a}\nbenchmark: {name: b}\nstages: []\n".to_owned()),
        ("no map", "just words\n".to_owned()),
        ("an open quote", "benchmark: {name: \"a\n".to_owned()),
        ("merged", "x: &x {name: a}\nbenchmark:\n  <<: *x\n".to_owned()),
    ];
    for (name, text) in rows {
        let began = Instant::now();
        let said = said(&text);
        let took = began.elapsed();
        println!("{name:32} {:7} bytes, {took:?}", text.len());
        assert!(!said.is_empty() && said.len() <= 101, "{name}: {}", said.len());
        assert!(said[0].starts_with("w.yaml:"), "{name}: {}", said[0]);
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    }
}

/// A shell reads back exactly the value, wherever a template lets it stand, and nothing of it is run.
#[test]
fn no_value_is_more_than_a_word_to_a_real_shell() {
    let dir = tempfile::tempdir().unwrap();
    let canary = dir.path().join("canary");
    let touch = format!("touch {}", canary.display());
    let values = [
        format!("; {touch}"),
        format!("$({touch})"),
        format!("`{touch}`"),
        format!("' ; {touch} ; '"),
        format!("\" ; {touch} ; \""),
        format!("\n{touch}\n"),
        format!("a\\' {touch}"),
        format!("x[$({touch})]"),
        "*".to_owned(),
        "~".to_owned(),
        "-n".to_owned(),
        String::new(),
        "a  b".to_owned(),
        "}}; {{".to_owned(),
    ];
    let texts = [
        "printf %s {{v}}",
        "printf %s \"x\"{{v}}",
        "printf %s $(printf %s {{v}})",
        "printf %s \"{{v}}\"",
        "printf %s '{{v}}'",
        "# {{v}}\nprintf x",
        "cat <<E\n{{v}}\nE",
        "cat <<'E'\n{{v}}\nE",
        "echo `echo {{v}}`",
        "echo \"$(echo \"{{v}}\")\"",
        "echo $(( {{v}} ))",
        "printf %s $'{{v}}'",
        "case a in {{v}}) echo x;; esac",
        "printf %s a#{{v}}",
        "cat <<E\nE\nprintf %s {{v}}",
    ];
    let mut taken = 0;
    for (text, value) in texts.iter().flat_map(|text| values.iter().map(move |value| (text, value)))
    {
        let mut known = template::Values::default();
        known.set("v", value);
        let made = template::command(text, &known);
        assert!(made.is_ok() || *text != "printf %s {{v}}", "{value:?}: {made:?}");
        let Ok(command) = made else { continue };
        taken += 1;
        let ran = std::process::Command::new("bash").args(["-c", &command]).output().unwrap();
        assert!(!canary.exists(), "{text} with {value:?} was run: {command}");
        if *text == "printf %s {{v}}" && value != "-n" {
            assert_eq!(String::from_utf8_lossy(&ran.stdout), value.as_str(), "{command}");
        }
    }
    assert!(taken > values.len(), "of others than the plain one some are taken: {taken}");
}
