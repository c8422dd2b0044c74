//! What runs left in container engines: taken away when they are swept, or asked for again until it is.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::backend::audit::{self, Kind, LeftOver};
use crate::backend::docker::{self, Coming, Debts, Remains};
use crate::backend::settings::CampSettings;
use crate::backend::{Error, residue};
use crate::model::id::RunId;
use crate::model::text::SafeText;

/// How long a reaper goes on asking an engine that was too busy to take everything away.
const LATE: Duration = Duration::from_secs(45);
/// How long it looks for what an engine was still making.
const COMING: Duration = Duration::from_secs(4);
/// First wait before it asks again.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// Longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Has `engines` remove what they have of run `id`; what they would not, or `None` if one gave no
/// answer. What is not settled stays written down, for the reaper, or the next start, to try.
pub(super) fn settle(
    settings: &CampSettings,
    id: &RunId,
    engines: &[PathBuf],
) -> Option<Vec<LeftOver>> {
    if engines.is_empty() {
        return Some(Vec::new());
    }
    let debts = Debts::of(settings);
    // Where it cannot be written, the engines are asked all the same.
    debts.owe(id, engines).ok();
    let mut coming = coming(settings, id);
    let left = ask(id, engines, &mut coming)?;
    if left.is_empty() && coming.is_empty() {
        debts.pay(id);
    }
    Some(left)
}

/// What `engines` would not remove of run `id`, or `None` if one gave no answer.
fn ask(id: &RunId, engines: &[PathBuf], coming: &mut Coming) -> Option<Vec<LeftOver>> {
    let asked = engines.iter().map(|socket| docker::settle(socket, id, coming));
    let remains: Option<Vec<Remains>> = asked.collect();
    Some(remains?.into_iter().flat_map(|remains| audit::in_engine(id, remains)).collect())
}

/// What an engine may still make of run `id`, by what stands in its directory.
pub(in crate::backend) fn coming(settings: &CampSettings, id: &RunId) -> Coming {
    Coming::of(&audit::place(settings, id))
}

/// Goes on until nothing of run `id` is in an engine any more, and nothing is `coming`, or for
/// [`LATE`]: a busy engine may take longer than a sweep waits, and nobody waits for a reaper.
pub(in crate::backend) fn settle_late(settings: &CampSettings, id: &RunId, mut coming: Coming) {
    let debts = Debts::of(settings);
    let began = Instant::now();
    let mut wait = SHORTEST_WAIT;
    loop {
        let engines = debts.owed(id);
        if engines.is_empty() || began.elapsed() > LATE {
            return;
        }
        residue::pause(wait, None);
        wait = (wait * 2).min(LONGEST_WAIT);
        let left = ask(id, &engines, &mut coming);
        let none_comes = coming.is_empty() || began.elapsed() > COMING;
        if left.is_some_and(|left| left.is_empty()) && none_comes {
            debts.pay(id);
        }
    }
}

/// Settles what runs that are swept otherwise left in engines, until one gives no answer.
pub(super) fn settle_old(settings: &CampSettings) -> Vec<LeftOver> {
    let debts = Debts::of(settings);
    for run in debts.runs().iter().filter(|run| debts.owed(run).is_empty()) {
        // There is no engine to ask, so there is nothing that could be taken away.
        debts.pay(run);
    }
    let swept = |id: &RunId| !audit::place(settings, id).exists();
    let old = debts.runs().into_iter().filter(swept);
    let settled = old.map_while(|id| {
        let left = ask(&id, &debts.owed(&id), &mut Coming::default())?;
        if left.is_empty() {
            debts.pay(&id);
        }
        Some(left)
    });
    settled.flatten().collect()
}

/// What engines may still have of runs that are swept otherwise. It holds up no start, but a person
/// may want to know.
pub(super) fn unsettled(settings: &CampSettings, dry_run: bool) -> Vec<LeftOver> {
    let debts = Debts::of(settings);
    let mut left = Vec::new();
    for (run, socket) in debts.all() {
        match docker::remains(&socket, &run) {
            // Without a dry run it is told already that it could not be removed.
            Some(remains) if dry_run => left.extend(audit::in_engine(&run, remains)),
            Some(_) => {}
            None => {
                left.push(silent(&run, &socket));
                break;
            }
        }
    }
    left
}

/// Forgets what runs may have left in engines that give no answer; what that is.
pub fn write_off(settings: &CampSettings) -> Result<Vec<LeftOver>, Error> {
    settings.check_state()?;
    let debts = Debts::of(settings);
    let mut forgotten = Vec::new();
    for run in debts.runs() {
        let answers = |socket: &PathBuf| docker::remains(socket, &run).is_some();
        let (heard, unheard): (Vec<_>, Vec<_>) = debts.owed(&run).into_iter().partition(answers);
        if heard.is_empty() {
            debts.pay(&run);
        } else if !unheard.is_empty() {
            debts.owe(&run, &heard).map_err(|source| {
                Error::io("note what engines have in", &settings.state, source)
            })?;
        }
        forgotten.extend(unheard.iter().map(|socket| silent(&run, socket)));
    }
    Ok(forgotten)
}

/// An engine at `socket` that gives no answer and may have something of `run`.
fn silent(run: &RunId, socket: &Path) -> LeftOver {
    let name = SafeText::new(&socket.to_string_lossy());
    LeftOver { kind: Kind::Engine, run: run.clone(), name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::gc;

    #[test]
    fn what_a_silent_engine_has_is_told_until_it_is_written_off() {
        let home = tempfile::tempdir().unwrap();
        let settings = CampSettings::of_state(home.path().join("state"));
        let id = RunId::new(0, 7);
        let socket = home.path().join("none.sock");
        Debts::of(&settings).owe(&id, std::slice::from_ref(&socket)).unwrap();
        let told = [silent(&id, &socket)];
        for dry_run in [true, false] {
            assert_eq!(gc(&settings, dry_run).unwrap(), told);
        }
        assert_eq!(write_off(&settings).unwrap(), told);
        assert_eq!(gc(&settings, false).unwrap(), []);
        assert_eq!(write_off(&settings).unwrap(), []);
    }
}
