//! How much memory this process takes.

/// A field of `/proc/self/status`, in KiB.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find(|line| line.starts_with(name)).expect(name);
    line.split_whitespace().nth(1).and_then(|value| value.parse().ok()).expect("a number")
}

/// Most memory held while `work` ran, beyond what was held before, in KiB.
pub(crate) async fn growth<T>(work: impl Future<Output = T>) -> (T, u64) {
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak begins anew");
    let before = status("VmRSS");
    let done = work.await;
    (done, status("VmHWM").saturating_sub(before))
}
