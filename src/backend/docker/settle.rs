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
use super::coming::Coming;
use super::engine::{Engine, Error, Listed};
use super::{LOT_LABEL, RUN_LABEL, image_name};
use crate::model::id::RunId;

/// Time for an engine to say what it has of a run.
const ANSWER: Duration = Duration::from_secs(1);
/// Time for an engine to take away what it has of a run.
const REMOVAL: Duration = Duration::from_secs(2);
/// Time for what was asked for by one that died to come.
const COMING: Duration = Duration::from_secs(1);
/// Time for what it refuses to take away to go after all: its removal may be under way already.
const STUBBORN: Duration = Duration::from_millis(500);
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
    let containers = ids(&engine.containers(&labels).ok()?);
    Some(Remains { containers, images: ids(&engine.images(&labels).ok()?) })
}

fn ids(listed: &[Listed]) -> Vec<String> {
    listed.iter().map(|one| one.id.clone()).collect()
}

/// Has the engine at `socket` remove all containers of lot `lot` of run `id`.
pub(in crate::backend) fn settle_lot(socket: &Path, id: &RunId, lot: &str) {
    let engine = Engine::at(socket, Until::within(REMOVAL));
    // What is not removed now is when the run is swept.
    clear_containers(&engine, &[(RUN_LABEL, id.as_str()), (LOT_LABEL, lot)], |_| ()).ok();
}

/// Has the engine at `socket` remove all that it has of run `id`, and what is `coming` if it does so
/// in a while: what has come is not coming any more. What it would not remove; `None` if it gave no
/// answer.
pub(in crate::backend) fn settle(
    socket: &Path,
    id: &RunId,
    coming: &mut Coming,
) -> Option<Remains> {
    let engine = Engine::at(socket, Until::within(REMOVAL));
    let labels = [(RUN_LABEL, id.as_str())];
    // First its name, so that nothing new is made of it; then what was; then the image itself.
    heed(engine.delete(&image_path(&image_name(id)))).ok()?;
    let began = Instant::now();
    loop {
        let see = |one: &Listed| {
            one.names.iter().flatten().for_each(|name| coming.saw_container(name));
        };
        let containers = clear_containers(&engine, &labels, see).ok()?;
        let remove = |image: &Listed| {
            coming.saw_image();
            engine.delete(&image_path(&image.id))
        };
        let images = clear(|| engine.images(&labels), remove).ok()?;
        let is_clear = containers.is_empty() && images.is_empty();
        if coming.is_empty() || !is_clear || began.elapsed() > COMING {
            return Some(Remains { containers, images });
        }
        residue::pause(PAUSE, None);
    }
}

fn image_path(image: &str) -> String {
    format!("/images/{image}?force=1")
}

/// Removes the containers with `labels`, and has each of them seen before; the ids of what is left.
fn clear_containers(
    engine: &Engine,
    labels: &[(&str, &str)],
    mut see: impl FnMut(&Listed),
) -> Result<Vec<String>, Error> {
    let remove = |one: &Listed| {
        see(one);
        engine.remove(&one.id)
    };
    clear(|| engine.containers(labels), remove)
}

/// Has what `look` finds removed until two looks find nothing, or until it gets no further; the ids
/// of what is left.
fn clear(
    look: impl Fn() -> Result<Vec<Listed>, Error>,
    mut remove: impl FnMut(&Listed) -> Result<(), Error>,
) -> Result<Vec<String>, Error> {
    let (mut before, mut since) = (Vec::new(), Instant::now());
    let mut quiet = 0;
    while quiet < 2 {
        let found = look()?;
        let now = ids(&found);
        if now != before {
            (before, since) = (now, Instant::now());
        } else if !now.is_empty() && since.elapsed() > STUBBORN {
            return Ok(now);
        }
        for one in &found {
            heed(remove(one))?;
        }
        quiet = if found.is_empty() { quiet + 1 } else { 0 };
        residue::pause(PAUSE, None);
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
        assert_eq!(debts.runs(), std::slice::from_ref(&id), "a draft is nobody's debt");
        debts.pay(&id);
        assert!(!debts.place.exists());
    }

    #[test]
    fn an_engine_that_is_not_there_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("none.sock");
        assert_eq!(settle(&socket, &RunId::new(0, 7), &mut Coming::default()), None);
        assert_eq!(remains(&socket, &RunId::new(0, 7)), None);
    }
}
