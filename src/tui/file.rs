//! What is done with the user's files while the screen is on: read again, shown, changed.

use std::io;
use std::path::Path;

use super::app::{App, Effect, Errand};
use super::popup::Popup;
use super::run::{Options, load, reload};
use super::setting::Settings;
use crate::config::edit::{Change, Origin, Setting, changed, settings};
use crate::config::read::{LONGEST_BYTES, read};
use crate::config::{Bell, Config};
use crate::model::command::Command;

/// The files, as the options name them.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) options: Options,
}

impl Files {
    /// Does `errand` and tells `app`.
    pub(super) fn run(&mut self, app: &mut App, errand: Errand) {
        match errand {
            Errand::Reload => reload(app, &self.options),
            Errand::Settings => self.show(app),
            Errand::Set(change) => {
                let result = self.set(app, &change);
                if let Some(Popup::Settings(view)) = app.popups.last_mut() {
                    view.take(result);
                }
            }
        }
    }

    fn show(&self, app: &mut App) {
        let Some(path) = &self.options.settings else {
            return app.say(true, "there is no place for settings: HOME is not set");
        };
        match text(path) {
            Ok(text) => {
                let (rows, path) = (self.rows(&text), path.display().to_string());
                let readonly = app.setup.readonly;
                app.popups.push(Popup::Settings(Settings::new(rows, path, readonly)));
            }
            Err(error) => app.say(true, format!("{}: {error}", path.display())),
        }
    }

    fn rows(&self, text: &str) -> Vec<Setting> {
        let mut rows = settings(text, &environment());
        for row in &mut rows {
            let name = format!("{}.{}", row.section, row.key);
            if self.options.flags.iter().any(|flag| *flag == name) {
                row.origin = Origin::Flag;
            }
        }
        rows
    }

    /// Writes `change` and lets it hold where it can.
    fn set(&mut self, app: &mut App, change: &Change) -> Result<(Vec<Setting>, String), String> {
        let path = self.options.settings.clone().unwrap_or_default();
        let old = text(&path).map_err(|error| error.to_string())?;
        let new = changed(&path.display().to_string(), &old, change)?;
        let themed = (change.section.as_str(), change.key.as_str()) == ("screen", "theme");
        if themed && !change.value.is_empty() {
            app.setup.themes.clone().choose(&change.value).map_err(|error| error.to_string())?;
        }
        write(&path, &new).map_err(|error| format!("{}: {error}", path.display()))?;
        let rows = self.rows(&new);
        let row = rows.iter().find(|row| row.section == change.section && row.key == change.key);
        let words = match row.map(|row| row.origin) {
            Some(Origin::Flag) => "written; a flag of this start goes before it",
            Some(Origin::Variable) => "written; a variable of the environment goes before it",
            _ if self.apply(app, &new, change) => "written; it holds from now on",
            _ => "written; it holds from the next start on",
        };
        Ok((rows, words.to_owned()))
    }

    /// Lets the settings of `text` hold as far as `change` is about the screen; false where it takes a
    /// new start.
    fn apply(&mut self, app: &mut App, text: &str, change: &Change) -> bool {
        let Ok(config) = read("", text, environment()) else { return false };
        let options = &mut self.options;
        match (change.section.as_str(), change.key.as_str()) {
            ("threshold", _) => options.threshold = config.threshold,
            ("screen", "theme") => options.theme.clone_from(&config.screen.theme),
            ("screen", "charts") => options.charts = config.screen.charts,
            ("screen", "bell") => options.bell = rings(&config),
            ("screen", "mouse") => {
                app.mouse = config.screen.mouse;
                app.effects.push(Effect::Mouse(app.mouse));
            }
            ("watch", "interval") => {
                app.interval = config.watch.interval.0;
                app.effects.push(Effect::Wish(Command::Interval(app.interval)));
            }
            _ => return false,
        }
        let themed = change.key == "theme";
        let theme = app.setup.themes.current().name.clone();
        if let Ok(mut setup) = load(options) {
            if !themed {
                // The one that was gone to by a key stays; one whose file is gone cannot.
                setup.themes.choose(&theme).unwrap_or_default();
            }
            app.setup = setup;
        }
        true
    }
}

/// Whether the bell of this terminal is rung.
fn rings(config: &Config) -> bool {
    match config.screen.bell {
        Bell::Always => true,
        Bell::Never => false,
        Bell::Auto => std::env::var_os("SSH_CONNECTION").is_none(),
    }
}

fn environment() -> Vec<(String, String)> {
    let of = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("ISOMON_"))?;
        Some((name, value.to_string_lossy().into_owned()))
    };
    std::env::vars_os().filter_map(of).collect()
}

/// What the file at `path` says; nothing where there is none.
fn text(path: &Path) -> io::Result<String> {
    let wrong = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
        Ok(about) if !about.is_file() => wrong("this is no plain file"),
        Ok(about) if about.len() > LONGEST_BYTES as u64 => wrong("this is too long for settings"),
        Ok(_) => std::fs::read_to_string(path),
    }
}

/// Writes `text` wholly or not at all; a link stays a link, and who may read it stays as it was.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let beside = path.with_extension("toml.new");
    std::fs::write(&beside, text)?;
    if let Ok(about) = std::fs::metadata(path) {
        std::fs::set_permissions(&beside, about.permissions())?;
    }
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(section: &str, key: &str, value: &str) -> Change {
        let [section, key, value] = [section, key, value].map(ToOwned::to_owned);
        Change { section, key, value }
    }

    #[test]
    fn a_change_is_written_holds_at_once_and_what_is_wrong_is_not() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("isomon/isomon.toml");
        let options = Options { settings: Some(path.clone()), ..Options::default() };
        let mut app = App::new(load(&options).unwrap(), options.interval, true);
        let mut files = Files { options };
        files.run(&mut app, Errand::Settings);
        assert!(matches!(app.popups.last(), Some(Popup::Settings(_))));
        let (_, words) = files.set(&mut app, &change("screen", "theme", "light")).unwrap();
        assert!(words.contains("from now on"), "{words}");
        assert_eq!(app.setup.themes.current().name, "light");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[screen]\ntheme = \"light\"\n");
        let why = files.set(&mut app, &change("screen", "theme", "lihgt")).unwrap_err();
        assert!(why.contains("did you mean `light`?"), "{why}");
        assert!(files.set(&mut app, &change("watch", "interval", "never")).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[screen]\ntheme = \"light\"\n");
        let (rows, words) = files.set(&mut app, &change("bench", "cpus", "2")).unwrap();
        assert!(words.contains("next start"), "{words}");
        assert!(rows.iter().any(|row| row.key == "cpus" && row.value.starts_with('2')));
        files.set(&mut app, &change("threshold", "use_warn", "50")).unwrap();
        assert!((app.setup.threshold.use_warn - 50.0).abs() < 1e-9);
        assert_eq!(app.setup.themes.current().name, "light");
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing is left beside it");
    }
}
