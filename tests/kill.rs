//! Kills the owner of a camp while a sandbox of one backend lives, and looks whether anything of its
//! run is left: by isomon's audit, and by [`trace`], which knows nothing of it.
//!
//! `ISOMON_KILLS` says how often (10; of processes and isolates, of others less), `ISOMON_SEED`
//! repeats a run. The owner is this program again ([`victim`]). `kill_program.rs` does the same to
//! the real program, `kill_point.rs` at named moments.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/lookalike.rs"]
mod lookalike;
#[path = "live/oracle.rs"]
mod oracle;
#[path = "live/trace.rs"]
mod trace;
#[path = "live/victim.rs"]
mod victim_play;

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use isomon::backend::gc;
use isomon::model::backend::BackendId;
use isomon::model::id::RunId;
use rand::Rng;
use rand::rngs::StdRng;

use live::Ground;
use lookalike::Lookalike;
use oracle::{Decoys, chance, kills, pass, remains, settle};
use trace::{alive, files, traces};
use victim_play::{Doing, Victim};

/// Longest until a sandbox must be up, on a machine that has other things to do.
const UP: Duration = Duration::from_mins(1);

/// Longest that half of the sweeps may take.
const SWEPT: Duration = Duration::from_secs(2);
/// After this a sandbox that ends at once need not be seen any more: there have been many by then.
const MISSED: Duration = Duration::from_secs(2);
/// Longest until the reaper has ended, too.
const GONE: Duration = Duration::from_secs(30);

#[tokio::test]
#[ignore = "runs only as the victim of the other tests"]
async fn victim() {
    victim_play::play().await;
}

/// Backends that are killed alike.
struct Family {
    backends: &'static [BackendId],
    /// What shows that a sandbox is there: the ends of words in its command.
    signs: &'static [&'static str],
    /// How many are alive at once where there is a crowd.
    crowd: usize,
    /// Whether a user's command can be run.
    jobs: bool,
}

const PROCESS: Family = Family {
    backends: &[BackendId::Process],
    signs: &["__payload", "sleep"],
    crowd: 5,
    jobs: true,
};
const LIGHT: Family = Family {
    backends: &[BackendId::Namespaces, BackendId::Bubblewrap, BackendId::Crun],
    ..PROCESS
};
const RUNC: Family = Family { backends: &[BackendId::Runc], crowd: 3, ..PROCESS };
const GVISOR: Family =
    Family { backends: &[BackendId::GvisorPtrace], signs: &["boot"], crowd: 3, jobs: true };
const QEMU: Family = Family {
    backends: &[BackendId::QemuTcg],
    signs: &["qemu-system-x86_64"],
    crowd: 2,
    jobs: false,
};
const KVM: Family =
    Family { backends: &[BackendId::Kvm], signs: &["__kvm"], crowd: 3, jobs: false };
const FIRECRACKER: Family = Family {
    backends: &[BackendId::Firecracker, BackendId::FirecrackerJailed],
    signs: &["/firecracker", "__firecracker"],
    crowd: 2,
    jobs: false,
};
const ISOLATES: Family = Family {
    backends: &[BackendId::Wasm, BackendId::Deno, BackendId::V8],
    signs: &["__wasm", "host.mjs", "__v8"],
    crowd: 6,
    jobs: false,
};

#[test]
fn killed_owners_of_processes_leave_nothing() {
    kill_often(&PROCESS, kills());
}

#[test]
fn killed_owners_of_light_sandboxes_leave_nothing() {
    kill_often(&LIGHT, kills() / 10);
}

#[test]
fn killed_owners_of_containers_leave_nothing() {
    kill_often(&RUNC, kills() / 5);
}

#[test]
fn killed_owners_of_kernels_in_user_space_leave_nothing() {
    kill_often(&GVISOR, kills() / 10);
}

#[test]
fn killed_owners_of_emulated_machines_leave_nothing() {
    kill_often(&QEMU, kills() / 10);
}

#[test]
fn killed_owners_of_machines_leave_nothing() {
    kill_often(&KVM, kills() / 10);
}

#[test]
fn killed_owners_of_jailed_machines_leave_nothing() {
    kill_often(&FIRECRACKER, kills() / 10);
}

#[test]
fn killed_owners_of_isolates_leave_nothing() {
    kill_often(&ISOLATES, kills() / 2);
}

/// One kill ends many at once, and clearing up takes no longer for it.
#[test]
fn a_killed_owner_of_a_large_crowd_leaves_nothing() {
    for (family, count) in [(&PROCESS, 20), (&RUNC, 10), (&GVISOR, 8), (&ISOLATES, 40)] {
        kill_crowd(family, count);
    }
}

#[test]
#[ignore = "minutes"]
fn a_thousand_killed_owners_of_processes_leave_nothing() {
    kill_often(&PROCESS, 1000);
}

#[test]
#[ignore = "minutes"]
fn a_hundred_killed_owners_of_light_sandboxes_leave_nothing() {
    kill_often(&LIGHT, 100);
}

#[test]
#[ignore = "minutes"]
fn two_hundred_killed_owners_of_containers_leave_nothing() {
    kill_often(&RUNC, 200);
}

#[test]
#[ignore = "minutes"]
fn a_hundred_killed_owners_of_kernels_in_user_space_leave_nothing() {
    kill_often(&GVISOR, 100);
}

#[test]
#[ignore = "minutes"]
fn a_hundred_killed_owners_of_emulated_machines_leave_nothing() {
    kill_often(&QEMU, 100);
}

#[test]
#[ignore = "minutes"]
fn a_hundred_killed_owners_of_machines_leave_nothing() {
    kill_often(&KVM, 100);
}

#[test]
#[ignore = "minutes"]
fn a_hundred_killed_owners_of_jailed_machines_leave_nothing() {
    kill_often(&FIRECRACKER, 100);
}

#[test]
#[ignore = "minutes"]
fn five_hundred_killed_owners_of_isolates_leave_nothing() {
    kill_often(&ISOLATES, 500);
}

/// The backends of `family` that run here.
fn ready(ground: &Ground, family: &Family) -> Vec<BackendId> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let known = runtime.block_on(ground.check(family.backends));
    let (ready, other): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|status| status.readiness.runs());
    for status in other {
        println!("skipped {}: {:?}", status.id, status.readiness);
        assert!(live::may_lack(status.id) || !live::must_be_live(), "{} must be live", status.id);
    }
    // To try them made this process the one to whom orphans are handed; thousands of dead would stay, and
    // each look at all processes would take longer.
    rustix::process::set_child_subreaper(None).unwrap();
    ready.into_iter().map(|status| status.id).collect()
}

/// What became of the kills of a family.
#[derive(Default)]
struct Tally {
    /// Victims that had a sandbox when they were killed.
    caught: u32,
    /// Sandboxes that were alive then.
    ended: usize,
    sweeps: Vec<Duration>,
}

impl Tally {
    /// The median sweep and the longest.
    fn sweeps(&mut self) -> (Duration, Duration) {
        self.sweeps.sort();
        (self.sweeps[self.sweeps.len() / 2], *self.sweeps.last().unwrap())
    }
}

/// One kill.
struct Aim<'a> {
    family: &'a Family,
    backend: BackendId,
    doing: Doing,
    turn: u32,
    /// Whether to wait until a sandbox is up.
    up: bool,
    /// Time to let pass then.
    delay: Duration,
}

impl<'a> Aim<'a> {
    fn random(family: &'a Family, backend: BackendId, turn: u32, chance: &mut StdRng) -> Self {
        // Some before it is up.
        let up = chance.random_ratio(7, 8);
        let delay = Duration::from_millis(chance.random_range(0..if up { 200 } else { 300 }));
        Self { family, backend, doing: doing(family, chance), turn, up, delay }
    }

    /// Kills, and fails if anything is left.
    fn hit(&self, ground: &Ground, tally: &mut Tally, never: &Receiver<()>) {
        let Self { family, backend, doing, turn, .. } = *self;
        let mut victim = Victim::start(&ground.settings.state, backend, doing, turn, None);
        let id = victim.id.clone();
        let mut decoys = Decoys::near(&id);
        let container = (backend == BackendId::Runc && turn % 5 == 0).then(|| Lookalike::near(&id));
        if self.up {
            await_up(&mut victim, family, doing, never);
        }
        pass(self.delay, never);
        let seen = alive(&id, family.signs).len();
        victim.kill();
        let (left, took) = settle(&ground.settings, &id, never);
        let shown = || (traces(&id, &decoys.pids()), files(&ground.settings.state.join("runs")));
        assert!(left.is_empty(), "kill {turn} of {backend}, {doing:?}: {left:?} {:#?}", shown());
        assert_eq!(gc(&ground.settings, false).unwrap(), []);
        assert_eq!(remains(&ground.settings, &id), []);
        assert_no_trace(ground, &id, &decoys, never);
        decoys.assert_untouched();
        container.iter().for_each(Lookalike::assert_untouched);
        tally.caught += u32::from(seen > 0);
        tally.ended += seen;
        tally.sweeps.push(took);
    }
}

fn kill_often(family: &Family, times: u32) {
    let (_sender, never) = channel();
    let ground = Ground::new();
    let backends = ready(&ground, family);
    if backends.is_empty() {
        return;
    }
    let times = times.max(2);
    let mut chance = chance();
    let mut tally = Tally::default();
    for turn in 0..times {
        let backend = backends[turn as usize % backends.len()];
        Aim::random(family, backend, turn, &mut chance).hit(&ground, &mut tally, &never);
    }
    let (median, longest) = tally.sweeps();
    let Tally { caught, ended, .. } = tally;
    println!(
        "{backends:?}: {times} kills, {caught} of them while {ended} sandboxes were seen alive, \
         0 leaks, swept in {median:?} (median), {longest:?} (longest)"
    );
    assert!(median < SWEPT, "sweeps take {median:?}");
    assert!(times < 10 || caught > times / 2, "the kills miss their aim");
}

fn kill_crowd(family: &Family, count: usize) {
    let (_sender, never) = channel();
    let ground = Ground::new();
    for backend in ready(&ground, family) {
        let mut tally = Tally::default();
        let (doing, delay) = (Doing::Crowd(count), Duration::from_millis(50));
        let aim = Aim { family, backend, doing, turn: 0, up: true, delay };
        aim.hit(&ground, &mut tally, &never);
        let (_, took) = tally.sweeps();
        println!("{backend}: {} of {count} lots seen at once, swept in {took:?}", tally.ended);
    }
}

fn doing(family: &Family, chance: &mut StdRng) -> Doing {
    match chance.random_range(0..6) {
        0 => Doing::Short,
        1 => Doing::Crowd(family.crowd),
        2 if family.jobs => Doing::Job,
        _ => Doing::Long,
    }
}

/// Waits until a sandbox is seen, or of a crowd all of them.
fn await_up(victim: &mut Victim, family: &Family, doing: Doing, never: &Receiver<()>) {
    let isolates = family.backends.contains(&BackendId::Wasm);
    let wanted = match doing {
        Doing::Crowd(count) if !isolates => count,
        _ => 1,
    };
    let began = Instant::now();
    while alive(&victim.id, family.signs).len() < wanted {
        // One that ends at once comes and goes between two looks.
        if doing == Doing::Short && began.elapsed() > MISSED {
            return;
        }
        let missing = || format!("{doing:?}: of {wanted}: {:#?}", traces(&victim.id, &[]));
        assert!(began.elapsed() < UP, "no sandbox comes up, {}", missing());
        assert!(victim.child.try_wait().unwrap().is_none(), "the victim ended: {doing:?}");
        pass(Duration::from_millis(3), never);
    }
}

/// Fails if anything names the run, by what the machine itself shows, once the reaper is gone too.
fn assert_no_trace(ground: &Ground, id: &RunId, decoys: &Decoys, never: &Receiver<()>) {
    let began = Instant::now();
    let spare = decoys.pids();
    while !traces(id, &spare).is_empty() {
        assert!(began.elapsed() < GONE, "{:#?}", traces(id, &spare));
        pass(Duration::from_millis(5), never);
    }
    let runs = std::fs::read_dir(ground.settings.state.join("runs")).into_iter().flatten();
    assert_eq!(runs.count(), 0);
}
