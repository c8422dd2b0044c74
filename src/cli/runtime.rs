//! The asynchronous runtime, as small as it may be.

use std::future::Future;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};

/// A thread that hangs in the kernel must not keep isomon from leaving.
const LEAVE_WITHIN: Duration = Duration::from_millis(200);

/// Runs `work` to its end.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T> {
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
