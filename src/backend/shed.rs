//! What a host of isolates gives up before it takes any code: user, privileges, system calls. Before
//! its first thread, since each thread has these for itself.

use std::io;

use rustix::process::{Resource, Rlimit, Signal};
use rustix::thread::{Gid, Uid};

use super::filter;
use super::view::NOBODY;

/// Gives up what can be given up, and open files beyond `files`; the step that was refused.
pub(super) fn shed(files: u64) -> Result<(), String> {
    let step = |name: &'static str| move |error: io::Error| format!("{name}: {error}");
    limit(Resource::Core, 0).map_err(step("limit core dumps"))?;
    limit(Resource::Nofile, files).map_err(step("limit open files"))?;
    if rustix::process::geteuid().is_root() {
        become_nobody().map_err(step("become nobody"))?;
    }
    // After the change of user, which takes it back.
    let bound = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    bound.map_err(|error| step("bind to the parent")(error.into()))?;
    filter::apply().map_err(|error| format!("filter system calls: {error}"))
}

fn become_nobody() -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    Ok(rustix::thread::set_thread_res_uid(uid, uid, uid)?)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let current = rustix::process::getrlimit(resource).maximum;
    let most = Some(current.map_or(most, |current| current.min(most)));
    Ok(rustix::process::setrlimit(resource, Rlimit { current: most, maximum: most })?)
}
