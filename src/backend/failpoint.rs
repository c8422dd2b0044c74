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
    /// A lot's groups are made, and nobody is in them.
    Lot,
    /// A launcher is started and has said nothing yet.
    Hello,
    /// The launcher of the first lot is up.
    Launcher,
    /// One lot of a crowd is open, and others are not.
    Crowd,
    /// Sandboxes stand still.
    Standing,
    /// A runtime's state is written down.
    Runtime,
    /// A container's bundle is written.
    Bundle,
    /// A jail's directory is made and empty.
    Jail,
    /// A file is shown in a jail.
    Shown,
    /// A user's files are laid out.
    Files,
    /// What is done once before the first sandbox of its kind is done: a snapshot, an image.
    First,
    /// A sandbox was ordered and is being started.
    Ordered,
    /// A sandbox has said something, and lives.
    Told,
    /// A sandbox has ended.
    Reported,
    /// A lot whose sandbox had to be killed is empty, and has no launcher.
    Renewed,
    /// The launcher was sent away, and nothing is swept.
    Closing,
    /// All lots are empty, and nothing is removed.
    Cleared,
    /// All processes are dead by the sweep, and groups and files are there.
    Killed,
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
