//! The workflow that measures each rate in turn, and what all of them came to.

use std::path::Path;
use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use serde_json::{Value, json};

use super::super::super::advice::Advise;
use super::super::super::kernel::absolute;
use super::super::super::outcome::Form;
use super::super::super::result;
use super::super::super::run::{bad, live, show::Show};
use super::super::super::setting::Setting;
use super::super::super::{Exit, Outcome, color, log, print, runtime};
use super::super::args::BenchArgs;
use super::super::export::Export;
use super::{inner, outlook, plan};
use crate::bench::serving::{Plan, Told, reach};
use crate::model::request::Table;
use crate::model::workflow::{Column, ColumnKind, WorkflowWish};
use crate::report::serving::text;
use crate::workflow::made;

/// A plot: its name and title, its table, its kind, and its columns (x, y).
type Plot =
    (&'static str, &'static str, Table, &'static str, &'static str, &'static [&'static str]);
const SERIES: &str = "time_series";
const BARS: &str = "histogram";
const PLOTS: [Plot; 8] = [
    ("ttft", "Time to the first token", Table::Requests, BARS, "ttft_ms", &[]),
    ("itl", "Gaps between tokens", Table::Gaps, BARS, "gap_ms", &[]),
    ("e2e", "Whole answers", Table::Requests, BARS, "e2e_ms", &[]),
    ("ttft-over-time", "Time to the first token", Table::Requests, SERIES, "at", &["ttft_ms"]),
    ("e2e-over-time", "Whole answers", Table::Requests, SERIES, "at", &["e2e_ms"]),
    (
        "tokens-over-time",
        "Tokens a second: seen, and as the server says",
        Table::Server,
        SERIES,
        "at",
        &["seen_chunks_per_s", "generated_per_s"],
    ),
    (
        "requests-over-time",
        "Requests at work: seen, and as the server says",
        Table::Server,
        SERIES,
        "at",
        &["seen_at_work", "running", "waiting"],
    ),
    ("host-over-time", "This machine", Table::Host, SERIES, "at", &["use_percent"]),
];

/// Runs it, and says what came of it.
pub(super) fn run(wish: &BenchArgs, setting: &Setting, rates: &[f64], random: u64) -> Outcome {
    // Everything that is wrong is found before there is a run.
    let plan = plan(wish, rates.first().copied().unwrap_or(1.0), random)?;
    let results = result::of_loads(setting);
    let text = written(wish, &plan, rates, &results)?;
    if wish.dry_run {
        print::out(&format!("{}{text}", outlook::outlook(&plan, rates)))?;
        return Ok(Exit::Good);
    }
    log::to_stderr()?;
    runtime::block_on(reach(&plan))?.map_err(inner::bad)?;
    let loaded = made(WorkflowWish::default(), text).map_err(bad)?;
    let taken = wish.json || wish.export_json.as_deref() == Some(Path::new("-"));
    let mut show = if taken {
        Show::aside(&loaded)
    } else {
        Show::brief(color::of_stdout(setting.config.screen.color), &loaded)
    };
    let local = Arc::new(setting.local.clone());
    let (exit, outcome) = runtime::block_on(live::hear(local, loaded, &mut show))??;
    let Some(outcome) = outcome else { return Ok(exit) };
    let told: Vec<Told> = rates.iter().filter_map(|rate| read(&outcome.dir, *rate)).collect();
    tell(wish, &told)?;
    Ok(exit)
}

/// What came of one rate, where it came to that.
fn read(dir: &Path, rate: f64) -> Option<Told> {
    let bytes = std::fs::read(dir.join(figures(rate))).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn figures(rate: f64) -> String {
    format!("figures__rate={rate}.json")
}

/// Prints and writes what came of all rates.
fn tell(wish: &BenchArgs, told: &[Told]) -> Result<()> {
    let json = || serde_json::to_string_pretty(told).map(|text| text + "\n");
    if let Some(to) = &wish.export_json {
        Export { form: Form::Json, to }.write_text(&json()?)?;
        if to == Path::new("-") {
            return Ok(());
        }
    }
    if wish.json {
        return Ok(print::out(&json()?)?);
    }
    if told.is_empty() {
        return Ok(());
    }
    Ok(print::out(&format!("\n{}", text(told)))?)
}

/// The workflow's file.
fn written(wish: &BenchArgs, plan: &Plan, rates: &[f64], results: &Path) -> Result<String> {
    let name = wish.name.clone();
    let name = name.unwrap_or_else(|| format!("model at {}", plan.server.address.name()));
    let results = results.to_str().filter(|path| !path.contains("{{") && !path.contains('$'));
    let results = results.ok_or_else(|| {
        eyre!("the directory of runs has a name that no workflow can hold")
            .advise("set XDG_STATE_HOME to another")
    })?;
    let rates: Vec<String> = rates.iter().map(f64::to_string).collect();
    let mut outputs: Vec<Value> = Table::ALL.iter().map(|table| output(*table)).collect();
    outputs.push(json!({ "name": "figures", "remote_path": place("figures", "json") }));
    let stage = json!({
        "name": "load",
        "bench": words(wish, plan)?,
        "append_metadata": true,
        "outputs": outputs,
    });
    let file = json!({
        "benchmark": { "name": name, "output_dir": results, "git": { "capture": false } },
        "matrix": { "rate": rates },
        "stages": [stage],
        "plots": PLOTS.iter().map(plot).collect::<Vec<_>>(),
    });
    // JSON is YAML.
    let text = serde_json::to_string_pretty(&file)?;
    Ok(format!("# Written by isomon bench --model; `isomon run` does it again.\n{text}\n"))
}

/// Where the file of an output is: in the run's directory, by its case, as outputs are.
fn place(name: &str, ending: &str) -> String {
    format!("{{{{run.dir}}}}/{name}__rate={{{{matrix.rate}}}}.{ending}")
}

fn output(table: Table) -> Value {
    let columns: Vec<Value> = table.columns().iter().map(column).collect();
    json!({
        "name": table.name(),
        "remote_path": place(table.name(), "csv"),
        "data_schema": { "format": "csv", "columns": columns },
    })
}

fn column(column: &Column) -> Value {
    let kind = match column.kind {
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::Integer => "integer",
        ColumnKind::Float => "float",
        ColumnKind::String => "string",
    };
    let mut value = json!({ "name": column.name, "type": kind });
    if let Some(unit) = &column.unit {
        value["unit"] = Value::from(unit.as_str());
    }
    if column.format.is_some() {
        value["format"] = Value::from("unix");
    }
    value
}

fn plot((name, title, table, kind, x, y): &Plot) -> Value {
    let mut value =
        json!({ "name": name, "title": title, "source": table.name(), "type": kind, "x": x });
    if !y.is_empty() {
        value["y"] = json!(y);
    }
    if *table == Table::Host {
        value["groupby"] = Value::from("device");
    }
    value
}

/// The words behind `isomon bench` that measure one rate.
fn words(wish: &BenchArgs, plan: &Plan) -> Result<Vec<String>> {
    let model = &wish.model;
    let mut words: Vec<String> = Vec::new();
    let mut flag = |flag: &str, value: String| words.push(format!("--{flag}={value}"));
    flag("model", plan.server.address.to_string());
    flag("rate", "{{matrix.rate}}".to_owned());
    flag("arrivals", plan.arrivals.word().to_owned());
    plan.seconds.iter().for_each(|seconds| flag("duration", format!("{seconds}s")));
    plan.requests.iter().for_each(|requests| flag("requests", requests.to_string()));
    flag("prompt-tokens", plan.prompt_tokens.to_string());
    flag("output-tokens", plan.output_tokens.to_string());
    flag("concurrency", plan.at_once.to_string());
    flag("warmup", plan.warmup.to_string());
    flag("timeout", format!("{}s", plan.timeout.as_secs_f64()));
    flag("seed", plan.seed.to_string());
    plan.model.iter().for_each(|name| flag("model-name", name.clone()));
    plan.api.iter().for_each(|api| flag("api", api.word().to_owned()));
    model.token_env.iter().for_each(|name| flag("token-env", name.clone()));
    for (name, path) in [("token-file", &model.token_file), ("ca", &model.ca)] {
        if let Some(path) = path {
            let path = absolute(path)?.to_string_lossy().into_owned();
            if path.contains("{{") {
                return Err(eyre!("{path}: no workflow can hold this name").advise("rename it"));
            }
            flag(name, path);
        }
    }
    flag("tables", place("{}", "csv"));
    flag("export-json", place("figures", "json"));
    words.extend(model.no_stream.then(|| "--no-stream".to_owned()));
    words.extend(model.insecure.then(|| "--insecure".to_owned()));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::super::file::Line;
    use super::*;
    use crate::dialect;
    use crate::model::workflow::{Dialect, Work};

    #[test]
    fn the_workflow_is_one_that_isomon_reads_and_its_words_are_its_own() {
        let line =
            ["bench", "--model", "http://gpu-1:8000/v1", "--rate", "0.5,20", "--requests", "9"];
        let more =
            ["--name", "a: \"b\" # c", "--api", "chat", "--model-name", "m'1", "--no-stream"];
        let wish = Line::parse_from(line.iter().chain(&more)).bench;
        let first = plan(&wish, 0.5, 7).expect("a plan");
        let text = written(&wish, &first, &wish.rate, Path::new("/tmp/results")).expect("a text");
        let dry = outlook::outlook(&first, &wish.rate) + &text;
        let workflow = dialect::read("x", &dry).expect("a workflow").workflow;
        assert_eq!(workflow.dialect, Dialect::Own);
        assert_eq!(workflow.name.as_str(), "a: \"b\" # c");
        let cases: Vec<&str> = workflow.cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(cases, ["rate=0.5", "rate=20"]);
        assert_eq!(workflow.plots.len(), PLOTS.len());
        let stage = &workflow.stages[0];
        for output in &stage.outputs {
            // What is written lies where it would be fetched to.
            let name = format!("{{{{run.dir}}}}/{}__rate={{{{matrix.rate}}}}.", output.name);
            assert!(output.remote_path.starts_with(&name), "{}", output.remote_path);
        }
        let Work::Bench(words) = &stage.work else { panic!("{:?}", stage.work) };
        let words = words.iter().map(|word| word.replace("{{matrix.rate}}", "20"));
        let again = Line::try_parse_from(std::iter::once("bench".to_owned()).chain(words));
        let again = plan(&again.expect("its own words").bench, 20.0, 1).expect("a plan");
        let (seed, requests, stream) = (again.seed, again.requests, again.stream);
        assert_eq!((seed, requests, stream), (7, Some(9), false), "the seed is kept");
        assert_eq!((again.rate, again.model), (20.0, Some("m'1".to_owned())));
        assert_eq!(again.server.address, first.server.address);
    }

    #[test]
    fn every_column_of_a_plot_is_in_its_table() {
        for (name, _, table, _, x, y) in PLOTS {
            let columns: Vec<String> = table.columns().into_iter().map(|of| of.name).collect();
            for column in y.iter().chain([&x]) {
                assert!(columns.iter().any(|of| of == column), "{name}: {column}");
            }
        }
    }
}
