//! `isomon replay`: the screen on a recording, or what it holds of a moment.

use std::path::PathBuf;

use color_eyre::eyre::{Result, eyre};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::advice::Advise;
use super::record::advised;
use super::setting::Setting;
use super::{Exit, Outcome, log, print, runtime, screen};
use crate::model::id::SourceId;
use crate::model::replay::Replay;
use crate::model::text::{SafeText, counted};
use crate::model::time::Stamp;
use crate::model::update::Health;
use crate::record::replay::{Goal, play, state_at};
use crate::report::node::{FORMAT, Form, Remote, Snapshot};
use crate::state::{Node, State};
use crate::store::tape::{Head, Tape};
use crate::tui::when::moment;
use crate::tui::when::words::written;

/// Updates that may wait for the screen.
const ROOM: usize = 1_024;
/// Wishes that may wait for the recording.
const WISHES: usize = 256;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
On the screen: p pauses, + and - change the speed from ×0.25 to ×64, [ ] { } go through time, @ goes to \
a time, n to the end. A file of plain lines is played as well.

Examples:
  isomon replay day.ndjson.zst
  isomon replay day.ndjson.zst --at 14:30
  isomon replay day.ndjson.zst --at -10m --json";

/// Which recording, and how.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct ReplayArgs {
    /// The recording
    file: PathBuf,
    /// Begin at this time: 14:30, 2026-11-20 14:30, RFC 3339, or -10m before its end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<String>,
    /// Print what was known at that time, or at its end, as JSON and leave
    #[arg(long)]
    json: bool,
    /// In JSON, say why a value is missing instead of null
    #[arg(long, requires = "json")]
    reasons: bool,
    /// Theme by name
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    /// Draw with plain ASCII letters
    #[arg(long)]
    ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
}

pub(super) fn run(wish: &ReplayArgs, mut setting: Setting) -> Outcome {
    if !wish.json {
        screen::refuse_what_is_no_terminal("`isomon replay --json` prints what it holds")?;
    }
    let (tape, head) = Tape::open(&wish.file).map_err(advised)?;
    if wish.json {
        log::to_stderr()?;
        return print_state(wish, tape, head.as_ref(), &setting);
    }
    log::to_screen()?;
    let look = &mut setting.config.screen;
    look.ascii |= wish.ascii;
    look.mouse &= !wish.no_mouse;
    if let Some(theme) = &wish.theme {
        look.theme.clone_from(theme);
    }
    let goal = goal(wish, &tape, head.as_ref())?;
    runtime::block_on(show(tape, head, goal, &setting))?
}

async fn show(tape: Tape, head: Option<Head>, goal: Option<Goal>, setting: &Setting) -> Outcome {
    let (out, updates) = mpsc::channel(ROOM);
    let (commands, wishes) = mpsc::channel(WISHES);
    let playing = tokio::spawn(play(tape, head, goal, out, wishes));
    let shown = screen::face(updates, commands, setting, true).await;
    playing.abort();
    shown
}

/// The moment that is wished, if one is.
fn goal(wish: &ReplayArgs, tape: &Tape, head: Option<&Head>) -> Result<Option<Goal>> {
    let Some(text) = &wish.at else { return Ok(None) };
    // What is typed is counted from the end, which has to be known for that.
    let (_, replay) = state_at(tape.clone(), head, Goal::End);
    let zone = TimeZone::system();
    let at = moment::read(text, replay.to_ms, &zone).map_err(|why| eyre!("--at: {why}"));
    let at = at.advise("`isomon replay --help` shows how a time is written")?;
    Ok(Some(Goal::Wall(within(at, &replay, &zone)?)))
}

/// The moment `at` where the recording has it, to the second as it is told; else what it has.
fn within(at: i64, replay: &Replay, zone: &TimeZone) -> Result<i64> {
    // A clock that was set back makes the last moment the earlier one.
    let (from, to) = (replay.from_ms.min(replay.to_ms), replay.from_ms.max(replay.to_ms));
    let second = |ms: i64| ms.div_euclid(1_000);
    if (second(from)..=second(to)).contains(&second(at)) {
        return Ok(at.clamp(from, to));
    }
    let [at, from, to] = [at, from, to].map(|ms| written(ms, zone, "%Y-%m-%d %H:%M:%S"));
    Err(eyre!("--at: {at} is not in the recording, which is of {from} to {to}")
        .advise("name a time between those two, or -10m for ten minutes before its end"))
}

fn print_state(wish: &ReplayArgs, tape: Tape, head: Option<&Head>, setting: &Setting) -> Outcome {
    let goal = goal(wish, &tape, head)?.unwrap_or(Goal::End);
    let (state, replay) = state_at(tape, head, goal);
    let snapshot = snapshot(state, &replay);
    if replay.bad_lines > 0 {
        let lines = counted(replay.bad_lines, "line");
        print::err(&format!("isomon: {lines} could not be read"));
    }
    print::out(&snapshot.write(Form::Json, wish.reasons, &setting.config.threshold)?)?;
    Ok(Exit::Good)
}

/// What was known at the moment that `replay` shows, as `isomon snapshot` has it.
fn snapshot(mut state: State, replay: &Replay) -> Snapshot {
    let local = state.nodes.remove(&SourceId::local()).unwrap_or_default();
    let nodes = state.nodes.into_iter().map(|(id, node)| remote(&id, node)).collect();
    Snapshot {
        format: FORMAT,
        isomon: env!("CARGO_PKG_VERSION"),
        at: Stamp { mono_ms: 0, wall_ms: replay.at_ms }.rfc3339(),
        source: SourceId::local(),
        info: local.info.map(|info| *info).unwrap_or_default(),
        node: local.sample.map(|(_, sample)| *sample).unwrap_or_default(),
        gpus: local.gpus.map(|(_, gpus)| *gpus).unwrap_or_default(),
        serving: local.serving.map(|(_, all)| all).unwrap_or_default(),
        processes: local.processes.map(|(_, all)| all).unwrap_or_default(),
        agents: local.agents.map(|(_, agents)| *agents),
        nodes,
    }
}

fn remote(id: &SourceId, node: Node) -> Remote {
    let address = node.origin.as_ref().map(|origin| origin.address.clone());
    let down: Option<SafeText> = match node.health {
        Some(Health::Down { why, .. }) => Some(why),
        _ => None,
    };
    Remote {
        source: id.to_string(),
        address: address.unwrap_or_default(),
        down,
        origin: node.origin.map(|origin| *origin),
        info: node.info.map(|info| *info),
        node: node.sample.map(|(_, sample)| *sample),
        gpus: node.gpus.map(|(_, gpus)| *gpus),
        agents: node.agents.map(|(_, agents)| *agents),
        serving: node.serving.map(|(_, serving)| serving),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_outside_of_the_recording_is_refused_with_its_span() {
        // 2026-11-21 09:30:12.5 to 09:40:12.5 UTC.
        let (from_ms, to_ms) = (1_795_253_412_500, 1_795_254_012_500);
        let replay = Replay { from_ms, to_ms, ..Replay::default() };
        let at = |at: i64| within(at, &replay, &TimeZone::UTC).ok();
        assert_eq!(at(from_ms + 60_000), Some(from_ms + 60_000));
        assert_eq!(at(from_ms - 500), Some(from_ms), "it is told as 09:30:12");
        assert_eq!(at(to_ms + 400), Some(to_ms));
        assert_eq!((at(from_ms - 501), at(to_ms + 500)), (None, None));
        let why = within(to_ms - 86_400_000, &replay, &TimeZone::UTC).unwrap_err();
        let why = crate::cli::advice::told(&why);
        assert!(why.contains("2026-11-20 09:40:12 is not in the recording"), "{why}");
        assert!(why.contains("2026-11-21 09:30:12 to 2026-11-21 09:40:12"), "{why}");
    }
}
