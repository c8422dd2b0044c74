//! The asynchronous runtime, as small as it may be.

use std::fs::File;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};

/// A thread that hangs in the kernel must not keep isomon from leaving.
const LEAVE_WITHIN: Duration = Duration::from_millis(200);

/// Threads that the runtime cannot do without: its own two, one for what blocks, one to spare.
const NEEDED: usize = 4;
/// Descriptors that it takes for itself, and some to spare.
const FILES: usize = 12;

/// Runs `work` to its end.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T> {
    try_files().wrap_err("too few descriptors, see `ulimit -n`")?;
    try_threads().wrap_err("too few processes, see `ulimit -u` and pids.max")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .wrap_err("cannot start threads")?;
    let output = runtime.block_on(work);
    runtime.shutdown_timeout(LEAVE_WITHIN);
    Ok(output)
}

/// Whether there is room for as many descriptors as are needed; the runtime itself would break.
fn try_files() -> std::io::Result<()> {
    let opened: std::io::Result<Vec<_>> = (0..FILES).map(|_| File::open("/dev/null")).collect();
    opened.map(drop)
}

/// Whether there is room for as many threads as are needed; the runtime itself would break, or wait
/// for ever for a part of itself.
fn try_threads() -> std::io::Result<()> {
    let (hold, end) = std::sync::mpsc::channel::<()>();
    let end = Arc::new(Mutex::new(end));
    let wait = |_| {
        let end = Arc::clone(&end);
        // It ends when `hold` is dropped.
        Builder::new().spawn(move || end.lock().is_ok_and(|end| end.recv().is_ok()))
    };
    let started: std::io::Result<Vec<_>> = (0..NEEDED).map(wait).collect();
    drop(hold);
    started?.into_iter().for_each(|thread| drop(thread.join()));
    Ok(())
}
