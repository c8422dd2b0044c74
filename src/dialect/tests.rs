//! Files as people write them, and what is said of their mistakes.

use super::*;
use crate::model::unit::Seconds;
use crate::model::workflow::{CheckKind, ColumnKind, Work, WorkflowWish};

fn said(text: &str) -> Vec<String> {
    match read("w.yaml", text) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
    }
}

fn good(text: &str) -> Read {
    read("w.yaml", text).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:#?}"))
}

/// A file with `stages`.
fn file(stages: &str) -> String {
    format!(
        "benchmark: {{name: b, output_dir: r}}\nhosts:\n  db: {{ip: 10.0.0.1, username: u}}\nstages:\n{stages}"
    )
}

#[track_caller]
fn wrong(text: &str, what: &str) {
    let said = said(text);
    assert!(said.iter().any(|said| said.contains(what)), "{text}\nwanted {what}\nfound {said:#?}");
}

#[test]
fn the_words_of_benchctl_for_what_is_wrong() {
    let stages = "- {name: a, command: x}\n- {name: a, command: x, host: dd}\n- {name: c, host: db, hosts: [db], command: x}\n- {name: d}\n- {name: e, command: x, script: y}\n- {name: f, command: x, execute_only_for: z}\n- name: g\n  command: x\n  health_check: {type: prot, target: 1, timeout: -5s, retries: -1}\n";
    let said = said(&file(stages)).join("\n");
    for wanted in [
        "w.yaml:6:10: stages[1].name duplicates stages[0] (a)",
        "w.yaml:6:31: stages[1].host references unknown host 'dd'",
        "did you mean `db`?",
        "w.yaml:7:23: stages[2] cannot set both host and hosts",
        "w.yaml:8:10: stages[3]: exactly one of command or script must be set",
        "stages[4]: exactly one of command or script must be set",
        "stages[5].execute_only_for requires cases",
        "w.yaml:13:24: stages[6].health_check.type must be one of [port, http, file, process, command]",
        "did you mean `port`?",
        "stages[6].health_check.timeout must be a positive duration",
        "stages[6].health_check.retries must be >= 0",
    ] {
        assert!(said.contains(wanted), "wanted {wanted}\nfound {said}");
    }
    let outputs = "- name: a\n  command: x\n  outputs: [{name: o, remote_path: /o}]\n- name: b\n  command: x\n  outputs: [{name: o, remote_path: /o}]\n";
    wrong(&file(outputs), "output name 'o' is not unique; found in stages: [a b]");
}

#[test]
fn a_key_that_is_not_there_is_told_with_the_nearest_one() {
    wrong(&file("- {name: a, comand: x}\n"), "w.yaml:5:13: there is no `comand` in a stage");
    wrong(&file("- {name: a, comand: x}\n"), "did you mean `command`?");
    wrong("benchmark: {nam: x}\nstages: []\n", "benchmark.name must be set");
    wrong("benchmark: {name: x}\nstages: []\n", "there are no stages");
    wrong("benchmark: [a]\nstages: {a: b}\n", "stages must be a list, not a map");
    wrong("- a\n", "a workflow is keys with values, not a list");
    wrong("", "there is no workflow in this file");
    wrong("# only a comment\n", "there is no workflow in this file");
}

#[test]
fn yaml_that_is_a_trap_is_refused_with_its_place() {
    let stage = |more: &str| file(&format!("- name: a\n  command: x\n{more}"));
    wrong(&stage("  skip: no\n"), "stages[0].skip must be true or false");
    wrong(&stage("  skip: no\n"), "write false, without quotes");
    wrong(&stage("  repeat: 010\n"), "must be a whole number in decimal");
    wrong(&stage("  repeat: 0o10\n"), "must be a whole number in decimal");
    wrong(&stage("  command: y\n"), "the key `command` is there twice");
    wrong(&stage("  env: &e {A: b}\n  shell: *e\n"), "an alias (`*name`) is not taken");
    wrong(&stage("  shell: *gone\n"), "an alias (`*name`) is not taken");
    wrong(&stage("  shell: !!python/object:os.system x\n"), "a tag (`!name`) is not taken");
    wrong(&stage("  shell: !local x\n"), "a tag (`!name`) is not taken");
    wrong(&stage("\tshell: x\n"), "tab");
    wrong(&stage("  shell: \"a\\0b\"\n"), "holds a NUL");
    wrong(&stage("  shell: a\0b\n"), "a control character (U+0000) stands here");
    wrong(&stage("  ? [a]\n  : b\n"), "a key is a word, not a list");
    wrong(&stage("---\na: b\n"), "a second document begins here");
    wrong(&stage("  shell: [x\n"), "this is no YAML");
    wrong(&stage("  timeout: 30\n"), "it needs a unit: `30s`");
    let deep = format!("benchmark: {}\n", "[".repeat(10_000));
    wrong(&deep, "more than 32 deep");
    let deep: Vec<String> = (0..200).map(|depth| format!("{}a:", " ".repeat(depth))).collect();
    let deep = deep.join("\n");
    wrong(&deep, "more than 32 deep");
    wrong(&format!("a: [{}]\n", "1,".repeat(30_000)), "the file holds more than 20000 things");
    wrong(&" ".repeat(LONGEST + 1), "the file is longer than 1 MiB");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    let text = format!(
        "\u{feff}{}",
        file("- name: a\n  command: |\n    x\n    y\n").replace('\n', "\r\n")
    );
    assert_eq!(good(&text).workflow.stages[0].work, Work::Command("x\ny\n".to_owned()));
}

#[test]
fn a_plain_no_and_numbers_are_texts_where_a_text_is_wished() {
    let text = "benchmark: {name: no, output_dir: 0123}\nhosts: {db: {ip: 10.0.0.1, port: \"2222\"}}\nstages:\n- {name: 1e3, host: db, command: true, health_check: {type: port, target: 8080}}\n";
    let workflow = good(text).workflow;
    assert_eq!((workflow.name.as_str(), workflow.output_dir.as_str()), ("no", "0123"));
    assert_eq!(workflow.hosts["db"].port, Some(2222));
    assert_eq!(workflow.stages[0].work, Work::Command("true".to_owned()));
    let check = workflow.stages[0].check.as_ref().unwrap();
    assert_eq!((check.kind, check.target.as_str()), (CheckKind::Port, "8080"));
    assert_eq!((check.timeout, check.retries), (Seconds(30.0), None));
}

#[test]
fn columns_are_read_in_each_of_the_three_ways() {
    let ways = [
        "{format: csv, columns: [{name: t, type: timestamp, unit: ns}, {name: v, type: float}]}",
        "{format: csv, t: {type: timestamp, unit: ns}, v: {type: float}}",
        "{format: csv, t: [{type: timestamp}, {unit: ns}], v: [type: float]}",
    ];
    for way in ways {
        let text = file(&format!(
            "- name: a\n  command: x\n  outputs: [{{name: o, remote_path: /o, data_schema: {way}}}]\n"
        ));
        let workflow = good(&text).workflow;
        let columns = &workflow.stages[0].outputs[0].schema.as_ref().unwrap().columns;
        let found: Vec<_> = columns
            .iter()
            .map(|column| (column.name.as_str(), column.kind, column.unit.as_deref()))
            .collect();
        assert_eq!(
            found,
            [("t", ColumnKind::Timestamp, Some("ns")), ("v", ColumnKind::Float, None)],
            "{way}"
        );
    }
    let with = |way: &str| {
        file(&format!(
            "- name: a\n  command: x\n  outputs: [{{name: o, remote_path: /o, data_schema: {way}}}]\n"
        ))
    };
    wrong(&with("{format: xml, t: {type: float}}"), "data_schema.format must be one of [csv]");
    wrong(&with("{format: csv, t: {type: floot}}"), "did you mean `float`?");
    wrong(&with("{format: csv, t: {tipe: float}}"), "there is no `tipe` in a column");
    wrong(
        &with("{format: csv, columns: [{name: t, type: float}, {name: t, type: float}]}"),
        "this column twice",
    );
    wrong(&with("{format: csv}"), "has no columns");
    wrong(&with("[a]"), "`data_schema` is keys with values, not a list");
}

#[test]
fn what_a_file_uses_tells_its_dialect() {
    let rows = [
        ("- {name: a, command: x}\n", Dialect::Cases),
        ("- {name: a, command: x, append_metadata: true}\n", Dialect::Plots),
        (
            "- name: a\n  command: x\n  outputs: [{name: o, remote_path: /o, local_path: /p}]\n",
            Dialect::Seed,
        ),
        (
            "- name: a\n  command: x\n  skip: true\n  outputs: [{name: o, remote_path: /o, local_path: /p}]\n",
            Dialect::Plots,
        ),
        ("- {name: a, command: x, needs: []}\n", Dialect::Own),
        ("- {name: a, command: \"echo {{run.id}}\"}\n", Dialect::Own),
        ("- {name: a, command: x}\ncleanup: [{name: c, command: y}]\n", Dialect::Cases),
        ("- {name: a, command: x}\nplots: []\n", Dialect::Plots),
    ];
    for (stages, wanted) in rows {
        assert_eq!(good(&file(stages)).workflow.dialect, wanted, "{stages}");
    }
}

#[test]
fn secrets_are_left_out_of_what_is_kept() {
    let text = "benchmark: {name: b}\nhosts: {db: {ip: h, password: hunter22, key_password: env:KEY}, local: }\nstages:\n- {name: a, host: db, command: mysql -phunter22, skip: true}\n";
    let read = good(text);
    let kept = read.config.to_string();
    assert!(!kept.contains("hunter22") && kept.contains("env:KEY"), "{kept}");
    assert_eq!(read.config["stages"][0]["skip"], true);
    let tasks = plan::plan(&read.workflow, &WorkflowWish::default());
    assert_eq!(tasks[0].plan.argv.last().unwrap().as_str(), "mysql -p[redacted]");
    assert!(!format!("{:?}", read.workflow.hosts).contains("hunter22"));
}

#[test]
fn hosts_become_no_options_of_ssh() {
    for (key, value) in
        [("ip", "-oProxyCommand=id"), ("ip", "a b"), ("username", "-l"), ("username", "a@b")]
    {
        let ip = if key == "ip" { String::new() } else { "ip: h, ".to_owned() };
        let text = format!(
            "benchmark: {{name: b}}\nhosts: {{x: {{{ip}{key}: \"{value}\"}}}}\nstages: [{{name: a, command: x}}]\n"
        );
        wrong(&text, &format!("hosts.x.{key} cannot be given to ssh"));
    }
    wrong(
        "benchmark: {name: b}\nhosts: {x: }\nstages: [{name: a, command: x}]\n",
        "hosts.x.ip must be set",
    );
    wrong(
        "benchmark: {name: b}\nhosts: {x: {ip: h, port: 70000}}\nstages: []\n",
        "must be <= 65535",
    );
}

#[test]
fn stages_that_wait_for_each_other_are_named() {
    let text = file(
        "- {name: a, command: x, needs: [c]}\n- {name: b, command: x, needs: [a]}\n- {name: c, command: x, needs: [b]}\n- {name: d, command: x, needs: [cc]}\n",
    );
    wrong(&text, "w.yaml:5:25: stages wait for each other: a -> c -> b -> a");
    wrong(&text, "stages[3].needs references unknown stage 'cc'");
    wrong(&file("- {name: a, command: x, needs: [a]}\n"), "stages wait for each other: a -> a");
    let fine = good(&file(
        "- {name: m, command: x, background: true}\n- {name: a, command: x}\n- {name: b, command: x}\n- {name: c, command: x, needs: []}\n- {name: d, command: x, needs: [a, c]}\n",
    ));
    assert_eq!(plan::edges(&fine.workflow), [(0, 1), (1, 2), (1, 4), (3, 4)]);
}

#[test]
fn what_is_put_in_is_known_by_then() {
    let a = "- name: a\n  command: x\n  outputs: [{name: o, remote_path: \"/o/{{a.out}}\"}]\n";
    let fine = good(&file(&format!(
        "{a}- {{name: b, command: \"cat {{{{a.o}}}} {{{{hosts.db.username}}}}@{{{{hosts.db}}}}\"}}\n"
    )));
    assert_eq!(fine.workflow.dialect, Dialect::Own);
    let with =
        |command: &str| file(&format!("- name: b\n  command: |\n    true\n    {command}\n{a}"));
    wrong(&with("{{a.out}}"), "`{{a.out}}` is not known yet here");
    wrong(&with("{{b.out}}"), "`{{b.out}}` is not known yet here");
    wrong(&with("{{hosts.dbb}}"), "nothing is known as `{{hosts.dbb}}`");
    wrong(&with("{{hosts.dbb}}"), "w.yaml:8:7:");
    wrong(&with("{{hosts.dbb}}"), "did you mean `hosts.db`?");
    wrong(&with("{{case}}"), "nothing is known as `{{case}}`");
    wrong(&with("\"{{run.dir}}\""), "`{{run.dir}}` stands in quotes");
    assert_eq!(said(&with("docker ps --format '{{.Names}}' {{range .X}}{{end}}")), [""; 0]);
    assert_eq!(said(&with("curl \"http://{{hosts.db}}/{{run.id}}\"")), [""; 0]);
    let background =
        file("- {name: m, command: x, background: true}\n- {name: a, command: \"{{m.out}}\"}\n");
    wrong(&background, "is in the background, and over at the end");
}

#[test]
fn no_case_is_known_at_the_end() {
    let head = "benchmark: {name: b}\nmatrix: {n: [1, 2]}\nstages:\n- {name: a, command: x, outputs: [{name: o, remote_path: /o}]}\n";
    let cleanup = |text: &str| format!("{head}cleanup:\n- {{name: c, command: \"{text}\"}}\n");
    assert_eq!(said(&cleanup("rm {{a.out}} {{a.o}} {{run.id}}")), [""; 0]);
    wrong(&cleanup("rm {{case}}"), "`{{case}}` is not known at the end");
    wrong(&cleanup("rm {{matrix.n}}"), "`{{matrix.n}}` is not known at the end");
    let plot =
        "{name: p, title: P, source: o, type: histogram, x: x, export_path: \"{{case}}.svg\"}";
    wrong(&format!("{head}plots:\n- {plot}\n"), "`{{case}}` is not known at the end");
}

#[test]
fn a_matrix_is_cases_and_a_plan_is_in_the_order_of_the_file() {
    let text = "benchmark: {name: b}\nmatrix: {size: [1, 2], mode: [fast, slow]}\nrepeat: 2\nstages:\n- {name: a, command: \"x {{matrix.size}} {{case}}\"}\n- {name: b, command: y, repeat: 3, execute_only_for: \"size=1,mode=fast\"}\ncleanup:\n- {name: c, command: z}\n";
    let read = good(text);
    let names: Vec<&str> = read.workflow.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(
        names,
        ["size=1,mode=fast", "size=1,mode=slow", "size=2,mode=fast", "size=2,mode=slow"]
    );
    let tasks = plan::plan(&read.workflow, &WorkflowWish::default());
    assert_eq!(tasks.len(), 4 * 2 * (1 + 3) + 1);
    assert_eq!(tasks.len() as u64, plan::count(&read.workflow));
    assert_eq!(tasks[0].plan.argv.last().unwrap().as_str(), "x 1 size=1,mode=fast");
    let repetitions: Vec<u32> = tasks.iter().take(8).map(|task| task.repetition).collect();
    assert_eq!(repetitions, [1, 1, 2, 3, 2, 4, 5, 6]);
    assert_eq!(tasks[9].skip.as_ref().unwrap().as_str(), "only for case size=1,mode=fast");
    assert!(tasks.last().unwrap().plan.cleanup && tasks.last().unwrap().case.is_none());
    let wish = WorkflowWish {
        case: Some("size=2,mode=fast".into()),
        skip: vec!["a".into()],
        ..WorkflowWish::default()
    };
    let tasks = plan::plan(&read.workflow, &wish);
    assert_eq!((tasks.len(), tasks[0].skip.is_some()), (9, true));
    let many = text.replace("repeat: 2", "repeat: 1000").replace("repeat: 3", "repeat: 900");
    wrong(&many, "tasks, at most 10000 are taken");
    wrong(
        "benchmark: {name: b}\nmatrix: {\"a b\": [1], c: []}\ncases: [{name: x}]\nstages: [{name: a, command: x}]\n",
        "cases and matrix cannot both be set",
    );
}

#[test]
fn a_stage_of_isomon_s_own_is_checked() {
    let stages = "- {name: a, backend: gvisor, command: x}\n- {name: b, bench: process gvisor --runs 3}\n- {name: c, copy: {from: \"db:/a\", to: \"/b:c\"}}\n- {name: d, host: db, copy: {from: \"db:/a\", to: local:/b}}\n- {name: e, backend: gviser, command: x}\n- {name: f, host: db, bench: [noop]}\n- {name: g, backend: runc, script: x}\n- {name: h, command: x, background: true, repeat: 2}\n";
    let text = file(stages);
    let said = said(&text).join("\n");
    for wanted in [
        "stages[2].copy.to references unknown host '/b'",
        "stages[3] is a copy and names its hosts itself",
        "stages[4].backend: there is no backend 'gviser'",
        "stages[5] is done by isomon itself, on this machine",
        "stages[6].backend runs a command, and there is none",
        "stages[7] is in the background and cannot be repeated",
    ] {
        assert!(said.contains(wanted), "wanted {wanted}\nfound {said}");
    }
    let fine = good(&file(
        "- {name: b, bench: process 'a b'}\n- {name: c, copy: {from: \"db:/a\", to: /b}}\n",
    ));
    assert_eq!(fine.workflow.stages[0].work, Work::Bench(vec!["process".into(), "a b".into()]));
    assert_eq!(fine.workflow.stages[1].hosts, ["db"]);
}

#[test]
fn plots_have_a_source_and_an_axis() {
    let text = |plot: &str| {
        file(&format!(
            "- name: a\n  command: x\n  outputs: [{{name: res, remote_path: /o, data_schema: {{t: {{type: float}}}}}}]\nplots: [{plot}]\n"
        ))
    };
    wrong(
        &text("{name: p, source: ress, type: histogram, x: t}"),
        "plots[0].source references unknown output 'ress'",
    );
    wrong(&text("{name: p, source: res, type: time_series, x: t}"), "plots[0].y must be set");
    wrong(
        &text("{name: ../p, source: res, type: histogram, x: t}"),
        "the name of a plot is that of its file",
    );
    let read = good(&text(
        "{name: p, source: res, type: boxplot, x: [z], y: t, window: 1m30s, options: {bins: 3, colour: red}}",
    ));
    let plot = &read.workflow.plots[0];
    assert_eq!(
        (plot.x[0].as_str(), plot.window, plot.options.bins),
        ("z", Some(Seconds(90.0)), Some(3))
    );
    let notes: Vec<&str> = read.notes.iter().map(SafeText::as_str).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("options.colour is not known") && notes[1].contains("column 'z'"));
}
