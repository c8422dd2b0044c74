//! The host itself: isomon re-executed as `__v8`. It reads what it is asked, keeps isolates on
//! threads and ends when standard input closes.
//!
//! V8 ties an isolate to the thread that made it. Each gets a thread of its own as long as there
//! are few; beyond that they share, and those on one thread run one after the other.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deno_core::v8;

use super::engine::{self, Engine};
use super::living::{Job, Living};
use super::ward::{Ward, Watchdog};
use super::HOLDER;
use crate::backend::isolate::{Ask, Fault, Tell};
use crate::backend::sandbox;
use crate::model::backend::Start;

/// Threads that hold isolates.
const THREADS: usize = 64;
/// Stack of each: V8 takes nearly 1 MiB for JavaScript, the rest is for what it calls.
const STACK: usize = 4 << 20;

thread_local! {
    static PRESENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Wards of isolates, so that whoever loses one can say so.
static SHARED: OnceLock<Shared> = OnceLock::new();

struct Shared {
    engine: Engine,
    dog: Watchdog,
    wards: std::sync::Mutex<HashMap<u64, Arc<Ward>>>,
}

// SAFETY: see `is_shareable`.
#[expect(unsafe_code, reason = "the engine's platform is made to be shared by threads")]
unsafe impl Send for Shared {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "the engine's platform is made to be shared by threads")]
unsafe impl Sync for Shared {}

/// Gives up what a host does not need, starts the engine and serves.
pub(super) fn run() -> ExitCode {
    let why = match sandbox::settle_host() {
        Err(why) => why,
        Ok(()) => match Engine::start() {
            Some(engine) => return serve(engine),
            None => "V8 does not start".to_owned(),
        },
    };
    let line = format!("isomon v8 host: {why}\n");
    // Nobody to tell if even this fails; the status says it.
    rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
    ExitCode::FAILURE
}
