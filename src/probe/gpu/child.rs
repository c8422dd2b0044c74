//! The GPU reader itself: what isomon does when it is re-executed as `__gpu`.
//!
//! NVML is foreign code that is known to crash and to hang when a GPU falls off the bus; here it
//! takes nobody with it. One thread listens, the other works, so that the end of the parent is
//! noticed even while a call into the driver hangs. Nothing here knows of time or of the parent's
//! plans: a line comes in, a line goes out.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::session::Session;
use super::wire::Request;

/// Longest request, in bytes.
const LONGEST_REQUEST: u64 = 4096;

/// Answers requests from standard input until it ends. `library` is the only NVML tried if given.
pub(super) fn run(library: Option<&OsStr>) -> ExitCode {
    let Ok(mut answers) = keep_stdout() else {
        return ExitCode::from(2);
    };
    let (sender, requests) = sync_channel(1);
    let listener = std::thread::Builder::new().spawn(move || listen(&sender));
    if listener.is_err() {
        return ExitCode::from(2);
    }
    serve(&requests, &mut Session::new(library), &mut answers);
    end()
}

fn serve(requests: &Receiver<Request>, session: &mut Session, answers: &mut File) {
    for request in requests {
        let Ok(mut line) = serde_json::to_vec(&session.answer(request)) else {
            return;
        };
        line.push(b'\n');
        if answers.write_all(&line).is_err() {
            return;
        }
    }
}

/// Reads requests; ends the whole process when there are no more, whatever the other thread does.
fn listen(requests: &SyncSender<Request>) {
    let mut input = BufReader::new(std::io::stdin());
    loop {
        let mut line = String::new();
        let read = input.by_ref().take(LONGEST_REQUEST).read_line(&mut line);
        let request = match read {
            Ok(length) if length > 0 => serde_json::from_str(&line).ok(),
            _ => None,
        };
        let Some(request) = request else { break };
        if requests.send(request).is_err() {
            break;
        }
    }
    end();
}

/// Ends at once. The library's exit handlers do not run: they may hang like any of its calls.
fn end() -> ExitCode {
    let gone =
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    gone.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// Takes standard output for the answers, so that what the library prints is not taken for one.
fn keep_stdout() -> std::io::Result<File> {
    let kept = rustix::io::fcntl_dupfd_cloexec(std::io::stdout(), 3)?;
    let nowhere = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(File::from(kept))
}
