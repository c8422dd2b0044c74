//! Takes away what a run made in an engine, or writes down that it still has to be.
//!
//! An engine outlives a run, and may be down when that is swept. Then its address stays as a debt in
//! `owed/<run>`, which every later start and `isomon gc` tries to settle. A debt holds up nobody:
//! the processes are dead by then, and what is left is the engine's own book-keeping.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::http::Until;
use super::super::residue;
use super::super::settings::CampSettings;
use super::engine::{Engine, Error};
use super::{LOT_LABEL, RUN_LABEL, image_name};
use crate::model::id::RunId;

/// Time for an engine to say what it has of a run.
const ANSWER: Duration = Duration::from_secs(1);
/// Time for an engine to take away what it has of a run.
const REMOVAL: Duration = Duration::from_secs(2);
/// Time for an image to come whose maker died.
const IMPORT: Duration = Duration::from_secs(1);
/// Between two looks: a container that was being made when its maker died may come late.
const PAUSE: Duration = Duration::from_millis(10);

/// What an engine still has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::backend) struct Remains {
    /// Containers, by id.
    pub containers: Vec<String>,
    /// Images, by id.
    pub images: Vec<String>,
}

/// What the engine at `socket` has of run `id`; `None` if it does not say.
pub(in crate::backend) fn remains(socket: &Path, id: &RunId) -> Option<Remains> {
    let engine = Engine::at(socket, Until::within(ANSWER));
    let labels = [(RUN_LABEL, id.as_str())];
    let containers = engine.containers(&labels).ok()?;
    Some(Remains { containers, images: engine.images(&labels).ok()? })
}

/// Has the engine at `socket` remove all containers of run `id`, or those of one lot; with the whole
/// run its image too, for which it waits a while if `late` says that one may still come. What it
/// would not remove; `None` if it gave no answer.
pub(in crate::backend) fn settle(
    socket: &Path,
    id: &RunId,
    lot: Option<&str>,
    late: bool,
) -> Option<Remains> {
    let engine = Engine::at(socket, Until::within(REMOVAL));
    let mut labels = vec![(RUN_LABEL, id.as_str())];
    labels.extend(lot.map(|lot| (LOT_LABEL, lot)));
    if lot.is_some() {
        let containers = clear(&engine, &labels).ok()?;
        return Some(Remains { containers, images: Vec::new() });
    }
    // First its name, so that nothing new is made of it; then what was; then the image itself.
    heed(engine.delete(&format!("/images/{}?force=1", image_name(id)))).ok()?;
    let containers = clear(&engine, &labels).ok()?;
    let mut images = engine.images(&labels).ok()?;
    let began = Instant::now();
    while late && images.is_empty() && began.elapsed() < IMPORT {
        residue::pause(PAUSE, None);
        images = engine.images(&labels).ok()?;
    }
    for image in images {
        heed(engine.delete(&format!("/images/{image}?force=1"))).ok()?;
    }
    Some(Remains { containers, images: engine.images(&labels).ok()? })
}

/// Removes the containers with `labels` until two looks find none, or until it gets no further; the
/// ones that are left.
fn clear(engine: &Engine, labels: &[(&str, &str)]) -> Result<Vec<String>, Error> {
    let mut before = Vec::new();
    let mut quiet = 0;
    while quiet < 2 {
        let found = engine.containers(labels)?;
        if found.is_empty() {
            quiet += 1;
            residue::pause(PAUSE, None);
        } else if found == before {
            return Ok(found);
        }
        for container in &found {
            heed(engine.remove(container))?;
        }
        before = found;
    }
    Ok(Vec::new())
}

/// An engine that says no is still one that answers.
fn heed(done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Err(Error::Refused { .. }) => Ok(()),
        done => done,
    }
}

/// The engines that runs left something in and that could not be asked since.
#[derive(Debug)]
pub(in crate::backend) struct Debts {
    place: PathBuf,
    /// The engine that is asked where a file is torn and does not say which.
    usual: Option<PathBuf>,
}

impl Debts {
    /// Those in the state directory.
    pub(in crate::backend) fn of(settings: &CampSettings) -> Self {
        Self { place: settings.state.join("owed"), usual: settings.engine.clone() }
    }

    /// The engines of run `id`, by their sockets; of a file that a crash of the machine tore, the one
    /// that is usually there.
    pub(in crate::backend) fn owed(&self, id: &RunId) -> Vec<PathBuf> {
        let Ok(text) = fs::read(self.place.join(id.as_str())) else { return Vec::new() };
        let usual = || self.usual.iter().cloned().collect();
        serde_json::from_slice(&text).unwrap_or_else(|_| usual())
    }

    /// Writes down the engines of run `id`; on disk when it returns.
    pub(in crate::backend) fn owe(&self, id: &RunId, sockets: &[PathBuf]) -> std::io::Result<()> {
        fs::create_dir_all(&self.place)?;
        // Under a name that is no run's, so that nobody finds half of it.
        let torn = self.draft(id);
        let mut file = File::create(&torn)?;
        file.write_all(&serde_json::to_vec(sockets)?)?;
        file.sync_data()?;
        fs::rename(torn, self.place.join(id.as_str()))
    }

    fn draft(&self, id: &RunId) -> PathBuf {
        self.place.join(format!("{id}.draft"))
    }

    /// Forgets run `id`.
    pub(in crate::backend) fn pay(&self, id: &RunId) {
        fs::remove_file(self.place.join(id.as_str())).ok();
        fs::remove_file(self.draft(id)).ok();
        // Refused while there are others.
        fs::remove_dir(&self.place).ok();
    }

    /// Each run that has one, with each of its engines.
    pub(in crate::backend) fn all(&self) -> Vec<(RunId, PathBuf)> {
        let runs = self.runs().into_iter();
        let each = runs.map(|run| (self.owed(&run), run));
        each.flat_map(|(sockets, run)| sockets.into_iter().map(move |socket| (run.clone(), socket)))
            .collect()
    }

    /// The runs that have one.
    pub(in crate::backend) fn runs(&self) -> Vec<RunId> {
        let entries = fs::read_dir(&self.place).into_iter().flatten().flatten();
        entries.filter_map(|entry| RunId::parse(entry.file_name().to_str()?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_is_kept_until_it_is_paid() {
        let home = tempfile::tempdir().unwrap();
        let settings = CampSettings::of_state(home.path().join("state"));
        let (debts, id) = (Debts::of(&settings), RunId::new(0, 7));
        assert_eq!((debts.runs(), debts.owed(&id)), (vec![], vec![]));
        let sockets = [PathBuf::from("/a.sock")];
        debts.owe(&id, &sockets).unwrap();
        assert_eq!((debts.runs(), debts.owed(&id)), (vec![id.clone()], sockets.to_vec()));
        debts.pay(&id);
        assert!(!settings.state.join("owed").exists());
    }

    #[test]
    fn a_torn_debt_is_asked_of_the_usual_engine() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = CampSettings::of_state(home.path().join("state"));
        settings.engine = Some("/usual.sock".into());
        let (debts, id) = (Debts::of(&settings), RunId::new(0, 7));
        debts.owe(&id, &["/a.sock".into()]).unwrap();
        assert_eq!(fs::read_dir(&debts.place).unwrap().count(), 1, "no draft is left");
        for torn in ["", "[\"/a.so"] {
            fs::write(debts.place.join(id.as_str()), torn).unwrap();
            assert_eq!(debts.all(), [(id.clone(), PathBuf::from("/usual.sock"))]);
        }
        settings.engine = None;
        let nobody = Debts::of(&settings);
        assert_eq!((nobody.all(), nobody.runs()), (vec![], vec![id.clone()]));
        fs::write(debts.draft(&id), "").unwrap();
        assert_eq!(debts.runs(), [id.clone()], "a draft is nobody's debt");
        debts.pay(&id);
        assert!(!debts.place.exists());
    }

    #[test]
    fn an_engine_that_is_not_there_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("none.sock");
        assert_eq!(settle(&socket, &RunId::new(0, 7), None, true), None);
        assert_eq!(remains(&socket, &RunId::new(0, 7)), None);
    }
}
