//! A user's work made ready for a backend that runs programs: its files, its input, its command.
//!
//! Files lie in a directory of the run, shown inside at `/job`, and go with it. A program of the
//! user's that the sandbox does not show is copied there, so that its owner and mode do not matter.
//! The user's variables are set inside, for the command alone: never for a tool on the host.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::audit::MARK;
use super::kind::Shown;
use super::view::{JOB, View, open_to_all};
use super::wire::Input;
use super::{Error, archive, tool, work};
use crate::model::backend::BackendId;
use crate::model::job::{Job, Runtime, What};

/// Where programs are looked for, unless the user says otherwise.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Largest program that is copied.
const LARGEST: u64 = 256 << 20;

/// What is started, and what it needs.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// What isomon is told inside; the whole command where `direct`.
    pub inside: Vec<String>,
    /// Nothing of isomon runs inside: in a root of the user's it may find no libraries.
    pub direct: bool,
    /// The command's variables, where `direct`.
    pub env: Vec<(String, String)>,
    /// Its files.
    pub shown: Vec<Shown>,
    /// What it reads.
    pub input: Input,
    /// What of which root it sees, if not the host's programs.
    pub view: Option<View>,
}

/// Writes the files of `job` to `dir`, which is made, and says how it is started in `backend`;
/// `heard`: somebody listens to what it says, and so to when it began.
pub(super) fn prepare(
    backend: BackendId,
    job: &Job,
    nonce: u64,
    dir: &Path,
    host: &View,
    heard: bool,
) -> Result<Prepared, Error> {
    let made = fs::create_dir(dir).and_then(|()| open_to_all(dir, 0o755));
    made.map_err(|source| Error::io("create", dir, source))?;
    if let Some(files) = &job.archive {
        let unpacked = archive::unpack(&files.bytes, dir);
        unpacked.map_err(|error| Error::refused(&error.to_string()))?;
    }
    let view = view(backend, job, dir)?;
    // A plain process sees its files where they are.
    let plain = backend == BackendId::Process;
    let at = if plain { tool::text(dir.to_owned())? } else { JOB.to_owned() };
    let shows = |path: &Path| plain || view.is_some() || host.shows(path);
    let command = command(job, dir, &at, shows)?;
    let env = environment(job, &at)?;
    // isomon itself makes the sandbox of `namespaces`, and needs nothing inside to say the marker.
    // The first process of a Linux guest is isomon as well.
    // A plain process whose beginning nobody hears is the command and nothing besides.
    let direct = (view.is_some() && backend != BackendId::Namespaces)
        || backend.boots_linux()
        || (plain && !heard);
    let inside = if direct { command } else { work::arguments(nonce, &env, &command) };
    let whole = Shown { host: tool::text(dir.to_owned())?, inside: JOB.to_owned() };
    Ok(Prepared {
        inside,
        direct,
        env: if direct { env } else { Vec::new() },
        shown: if plain { Vec::new() } else { vec![whole] },
        input: input(job, dir)?,
        view,
    })
}

/// The user's root, if there is one; one that was sent lies in `dir`.
fn view(backend: BackendId, job: &Job, dir: &Path) -> Result<Option<View>, Error> {
    let sent = job.archive.as_ref().filter(|files| files.root).map(|files| dir.join(&files.entry));
    let Some(root) = &job.root.clone().or(sent) else { return Ok(None) };
    if backend == BackendId::Process {
        return Err(Error::refused("a plain process has no root of its own: take another backend"));
    }
    let view = View::whole(root).map_err(|source| Error::io("read", root, source))?;
    if view.directories.is_empty() && view.files.is_empty() {
        return Err(Error::refused(&format!("{} is empty: no root file system", root.display())));
    }
    Ok(Some(view))
}

/// The command, its files below `dir` named as they are seen `at` inside.
fn command(
    job: &Job,
    dir: &Path,
    at: &str,
    shows: impl Fn(&Path) -> bool,
) -> Result<Vec<String>, Error> {
    match &job.what {
        What::Command(words) => {
            let mut words = words.clone();
            let Some(first) = words.first_mut() else {
                return Err(Error::refused("there is no command"));
            };
            if let Some(name) = own_program(first, &shows)? {
                copy(Path::new(first.as_str()), &dir.join(&name))?;
                *first = format!("{at}/{name}");
            }
            Ok(words)
        }
        What::Code { runtime, code } => {
            let Some((name, before)) = interpreter(*runtime, code) else {
                return Err(Error::refused(&format!("{runtime} cannot be run by a program")));
            };
            if let Some(files) = &job.archive {
                let script = format!("{at}/{}", files.entry);
                return Ok(match runtime {
                    Runtime::Go if dir.join("go.mod").is_file() => go(at, at, "."),
                    Runtime::Go => go(at, "/", &script),
                    _ => before.into_iter().chain([script]).collect(),
                });
            }
            let path = dir.join(name);
            let written = fs::write(&path, code).and_then(|()| open_to_all(&path, 0o644));
            written.map_err(|source| Error::io("write", &path, source))?;
            let script = format!("{at}/{name}");
            if *runtime == Runtime::Go {
                return Ok(go(at, "/", &script));
            }
            Ok(before.into_iter().chain([script]).collect())
        }
    }
}

/// What builds `package` in the directory `from` and becomes it, where the work lies `at` that place:
/// `go run` stays in between, says the program's status and ends with its own. Every Go has these words.
fn go(at: &str, from: &str, package: &str) -> Vec<String> {
    let script = "cd \"$1\" && go build -o \"$2\" \"$3\" && exec \"$2\"";
    let program = format!("{}/.program", home(at));
    ["sh", "-c", script, "sh", from, &program, package].map(str::to_owned).to_vec()
}

/// Where the work may write, if it lies `at` that place.
fn home(at: &str) -> &str {
    if at == JOB { "/tmp" } else { at }
}

/// The name of the file at `path`, if it is a program that the sandbox does not show.
fn own_program(path: &str, shows: impl Fn(&Path) -> bool) -> Result<Option<String>, Error> {
    let file = Path::new(path);
    if !file.is_absolute() || shows(file) {
        return Ok(None);
    }
    let Ok(data) = fs::metadata(file) else { return Ok(None) };
    if !data.is_file() || data.len() > LARGEST {
        return Err(Error::refused(&format!(
            "{path} is not shown inside and cannot be copied there: no file of at most 256 MiB; \
             programs below /usr and /bin are shown, and everything in --root"
        )));
    }
    Ok(file.file_name().and_then(|name| name.to_str()).map(str::to_owned))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let open = |mode| open_to_all(to, mode);
    let copied = fs::copy(from, to).and_then(|_| fs::metadata(from)).and_then(|data| {
        if data.permissions().mode() & 0o111 == 0 { open(0o644) } else { open(0o755) }
    });
    copied.map_err(|source| Error::io("copy", from, source))
}

/// The file's name and what goes before it; `None` for a runtime that is no program.
fn interpreter(runtime: Runtime, code: &[u8]) -> Option<(&'static str, Vec<String>)> {
    let (name, before): (_, &[&str]) = match runtime {
        Runtime::Command => return Some(("code.sh", shell(code))),
        Runtime::Node if is_module(code) => ("code.mjs", &["node"]),
        Runtime::Node => ("code.js", &["node"]),
        Runtime::Python => ("code.py", &["python3"]),
        Runtime::Go => ("code.go", &[]),
        Runtime::Js | Runtime::Wasm | Runtime::Oci => return None,
    };
    Some((name, before.iter().map(|word| (*word).to_owned()).collect()))
}

/// What the first line of a script names, as the kernel reads it, which may not execute a file of the
/// run's directory; else `sh`.
fn shell(code: &[u8]) -> Vec<String> {
    let first = code.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let named = first.strip_prefix(b"#!").map(String::from_utf8_lossy).unwrap_or_default();
    let (program, word) = named.trim().split_once(' ').unwrap_or_else(|| (named.trim(), ""));
    let words = [program, word.trim()].into_iter().filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_owned).collect();
    if words.is_empty() { vec!["sh".to_owned()] } else { words }
}

/// Whether JavaScript imports or exports, which Node must be told by the file's name.
fn is_module(code: &[u8]) -> bool {
    let text = String::from_utf8_lossy(code);
    let starts = |line: &str| {
        ["import ", "import{", "export "].iter().any(|word| line.trim_start().starts_with(word))
    };
    text.lines().any(starts)
}

/// What is set for the command: a place to write, programs to find, then what the user says.
fn environment(job: &Job, at: &str) -> Result<Vec<(String, String)>, Error> {
    let home = home(at);
    let mut env = vec![("PATH".to_owned(), PATH.to_owned()), ("HOME".to_owned(), home.to_owned())];
    if let What::Code { runtime: Runtime::Python, .. } = job.what {
        // Else what it says comes at its end.
        env.push(("PYTHONUNBUFFERED".to_owned(), "1".to_owned()));
    }
    if let What::Code { runtime: Runtime::Go, .. } = job.what {
        // What is half built goes with the work, also if it is killed.
        env.push(("GOTMPDIR".to_owned(), home.to_owned()));
    }
    for (name, value) in &job.env {
        let wrong = name.is_empty() || name.contains(['=', '\0']) || value.contains('\0');
        if wrong || name == MARK {
            return Err(Error::refused(&format!("{name:?} cannot be set in the environment")));
        }
        env.retain(|(other, _)| other != name);
        env.push((name.clone(), value.clone()));
    }
    Ok(env)
}

/// The input, as one line.
fn input(job: &Job, dir: &Path) -> Result<Input, Error> {
    let Some(value) = &job.input else { return Ok(Input::Nothing) };
    let path = beside(dir);
    fs::write(&path, format!("{value}\n")).map_err(|source| Error::io("write", &path, source))?;
    Ok(Input::File(path))
}

/// The file of the input, which is not shown inside.
fn beside(dir: &Path) -> PathBuf {
    dir.with_extension("input")
}

/// Removes what [`prepare`] wrote; what cannot be removed goes with the run's directory.
pub(super) fn clear(dir: &Path) {
    fs::remove_dir_all(dir).ok();
    fs::remove_file(beside(dir)).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(backend: BackendId, job: &Job) -> Result<(Prepared, tempfile::TempDir), Error> {
        let home = tempfile::tempdir().unwrap();
        let host = View::of(Path::new("/"));
        let prepared = prepare(backend, job, 7, &home.path().join("job-1"), &host, true)?;
        Ok((prepared, home))
    }

    fn code(runtime: Runtime, code: &str) -> Job {
        Job { what: What::Code { runtime, code: code.into() }, ..Job::default() }
    }

    fn command_of(prepared: &Prepared) -> &[String] {
        let end = prepared.inside.iter().position(|word| word == "--").unwrap();
        &prepared.inside[end + 1..]
    }

    #[test]
    fn code_is_a_file_for_its_interpreter() {
        let rows: [(Runtime, &str, &[&str]); 5] = [
            (Runtime::Command, "echo", &["sh", "/job/code.sh"]),
            (Runtime::Command, "#!/bin/bash -e\n", &["/bin/bash", "-e", "/job/code.sh"]),
            (Runtime::Node, "require('fs')", &["node", "/job/code.js"]),
            (Runtime::Node, "import 'fs'", &["node", "/job/code.mjs"]),
            (Runtime::Python, "", &["python3", "/job/code.py"]),
        ];
        for (runtime, text, wanted) in rows {
            let (prepared, home) = prepared(BackendId::Namespaces, &code(runtime, text)).unwrap();
            assert_eq!(command_of(&prepared), wanted);
            let name = wanted.last().unwrap().rsplit('/').next().unwrap();
            assert_eq!(fs::read_to_string(home.path().join("job-1").join(name)).unwrap(), text);
        }
        assert!(prepared(BackendId::Runc, &code(Runtime::Wasm, "")).is_err());
    }

    #[test]
    fn go_is_built_and_then_it_is_the_program() {
        let (prepared, _home) = prepared(BackendId::Namespaces, &code(Runtime::Go, "")).unwrap();
        let words = command_of(&prepared);
        assert_eq!(words.first().map(String::as_str), Some("sh"));
        assert_eq!(words[4..], ["/", "/tmp/.program", "/job/code.go"]);
        assert!(
            prepared.inside.iter().any(|word| word == "GOTMPDIR=/tmp"),
            "{:?}",
            prepared.inside
        );
    }

    #[test]
    fn a_program_that_is_not_shown_is_copied() {
        let own = tempfile::tempdir().unwrap();
        let script = own.path().join("mine.sh");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        let word = script.to_str().unwrap().to_owned();
        let job = Job { what: What::Command(vec![word.clone()]), ..Job::default() };
        let (inside, home) = prepared(BackendId::Runc, &job).unwrap();
        assert_eq!(command_of(&inside), ["/job/mine.sh"]);
        assert!(home.path().join("job-1/mine.sh").is_file());
        assert_eq!(command_of(&prepared(BackendId::Process, &job).unwrap().0), [word]);
        let shown = Job { what: What::Command(vec!["/bin/sh".into()]), ..Job::default() };
        assert_eq!(command_of(&prepared(BackendId::Runc, &shown).unwrap().0), ["/bin/sh"]);
        let directory = Job { what: What::Command(vec!["/root".into()]), ..Job::default() };
        assert!(prepared(BackendId::Runc, &directory).is_err());
    }

    #[test]
    fn variables_are_for_the_command_and_the_mark_is_ours() {
        let with = |name: &str| {
            let env = vec![(name.to_owned(), "x".to_owned())];
            prepared(BackendId::Crun, &Job { env, ..code(Runtime::Command, "") })
        };
        let (prepared, _home) = with("PATH").unwrap();
        assert_eq!(prepared.inside.iter().filter(|word| word.starts_with("PATH=")).count(), 1);
        assert!(prepared.env.is_empty());
        for wrong in ["", "A=B", "A\0", MARK] {
            assert!(with(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn input_is_one_line_that_goes_with_the_files() {
        let input = Some(serde_json::json!({"a": "two\nlines"}));
        let job = Job { input, ..code(Runtime::Command, "") };
        let (prepared, home) = prepared(BackendId::Bubblewrap, &job).unwrap();
        let Input::File(path) = prepared.input else { panic!() };
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":\"two\\nlines\"}\n");
        clear(&home.path().join("job-1"));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
