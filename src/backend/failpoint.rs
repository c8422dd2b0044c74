//! Moments in a camp's life at which a debug build dies on wish, so that a test can see that
//! nothing is left, whichever it is. `ISOMON_FAIL=<point>:kill` names one; a release build never
//! looks.

/// A moment. What each is called in the variable is its name in small letters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Point {
    /// The reaper lives; nothing is written down.
    Reaper,
    /// The journal is begun; nothing else is there.
    Journal,
    /// The control groups are written down and not made.
    Noted,
    /// The control groups are made and empty.
    Group,
    /// The launcher is up.
    Launcher,
    /// A runtime's state is written down.
    Runtime,
    /// A sandbox was ordered and is being started.
    Ordered,
    /// A sandbox has ended.
    Reported,
    /// The launcher was sent away, and nothing is swept.
    Closing,
    /// All is swept; the reaper waits.
    Swept,
}

/// Dies here if that is wished.
#[cfg(debug_assertions)]
pub(super) fn reach(point: Point) {
    let name = format!("{point:?}:kill").to_lowercase();
    if std::env::var_os("ISOMON_FAIL").is_some_and(|wish| wish == name.as_str()) {
        let me = rustix::process::getpid();
        rustix::process::kill_process(me, rustix::process::Signal::KILL).ok();
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(super) const fn reach(_: Point) {}
