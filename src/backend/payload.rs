//! The work done inside a sandbox, and what its result must be.
//!
//! isomon re-executes itself as `__payload KERNEL AMOUNT NONCE`. The nonce seeds each kernel, so a
//! result cannot be prepared beforehand; the host computes what it must be by another way (a jump
//! through the generator, a sum without memory), so a fault here does not hide itself. The kernels
//! are in [`kernel`], which isomon's guest compiles too.

mod file;
mod kernel;

use std::ffi::OsString;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

pub(super) use self::kernel::{DONE, NO_ROOM, READY};
use self::kernel::{MIB_WORDS, PAGE_WORDS, ends, fold, mix, seed, spin, step, touch};
use super::look;
use super::trial::{Task, Work};
use crate::model::backend::BackendId;
use crate::model::bench::Payload;

/// The hidden subcommand.
pub(super) const NAME: &str = "__payload";
/// Where a sandbox may write.
const TEMPORARY: &str = "/tmp";
/// In place of a kernel: says the marker and stands still.
pub(super) const HOLD: &str = "hold";

/// The arguments that make isomon do `payload` under `nonce`.
pub(super) fn arguments(payload: Payload, nonce: u64) -> [String; 4] {
    [
        NAME.to_owned(),
        payload.name().to_owned(),
        payload.amount().to_string(),
        format!("{nonce:016x}"),
    ]
}

/// What isomon is told inside a sandbox to do the work of `task`, in the run whose directory is
/// `place`.
pub(super) fn inside(task: &Task, place: &Path) -> Vec<String> {
    match &task.work {
        Work::Payload(payload) => {
            let mut words = arguments(*payload, task.nonce).to_vec();
            // A plain process writes where it is cleared up; who has a root of its own, below that.
            let own = matches!(payload, Payload::Io { .. }) && task.backend == BackendId::Process;
            words.extend(own.then(|| place.to_string_lossy().into_owned()));
            words
        }
        Work::Look => look::arguments(task.nonce),
        Work::Hold => vec![NAME.to_owned(), HOLD.to_owned(), format!("{:016x}", task.nonce)],
        Work::Job(_) => Vec::new(),
    }
}

/// Does the work that `arguments` (after the subcommand) name. Status 2: not understood; 1: the
/// output is closed.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    if let [kernel, nonce] = arguments {
        return if kernel == HOLD { hold(nonce) } else { ExitCode::from(2) };
    }
    let (own, place) = match arguments {
        [own @ .., place] if own.len() == 3 => (own, Path::new(place)),
        own => (own, Path::new(TEMPORARY)),
    };
    let Some((payload, nonce)) = parse(own) else {
        return ExitCode::from(2);
    };
    let ready = say(&format!("{READY} {nonce:016x}\n"));
    let value = match work(payload, nonce, place) {
        Ok(value) => value,
        Err(error) => {
            let line = format!("isomon: {}: {error}\n", place.display());
            rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
            return ExitCode::FAILURE;
        }
    };
    if ready && say(&format!("{DONE} {nonce:016x} {value}\n")) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns only if nobody hears the marker.
fn hold(nonce: &OsString) -> ExitCode {
    if say(&format!("{READY} {}\n", nonce.to_string_lossy())) {
        loop {
            std::thread::park();
        }
    }
    ExitCode::FAILURE
}

fn parse(arguments: &[OsString]) -> Option<(Payload, u64)> {
    let [kernel, amount, nonce] = arguments else {
        return None;
    };
    let payload = Payload::with_amount(kernel.to_str()?, amount.to_str()?.parse().ok()?)?;
    Some((payload, u64::from_str_radix(nonce.to_str()?, 16).ok()?))
}

/// One write, past any buffer, so that the host sees the line at once and whole.
pub(super) fn say(line: &str) -> bool {
    rustix::io::write(rustix::stdio::stdout(), line.as_bytes()) == Ok(line.len())
}

fn work(payload: Payload, nonce: u64, place: &Path) -> std::io::Result<u64> {
    Ok(match payload {
        Payload::Noop | Payload::Job => mix(nonce),
        Payload::Cpu { rounds } => u64::from(spin(seed(nonce), rounds)),
        Payload::Memory { mib } => touch(&mut vec![0; mib as usize * MIB_WORDS], nonce),
        Payload::Syscall { calls } => mix(nonce).wrapping_add(call(calls)),
        Payload::Io { mib } => file::pass_through(place, mib, nonce)?,
    })
}

/// The result that `payload` must give under `nonce`.
pub(super) fn expected(payload: Payload, nonce: u64) -> u64 {
    match payload {
        Payload::Noop | Payload::Job => mix(nonce),
        Payload::Io { mib } => {
            (0..pages(mib)).fold(0, |sum, page| ends(nonce, page).into_iter().fold(sum, fold))
        }
        Payload::Cpu { rounds } => u64::from(jump(seed(nonce), rounds)),
        Payload::Memory { mib } => {
            (0..pages(mib)).fold(0, |sum, page| fold(sum, mix(nonce ^ page)))
        }
        Payload::Syscall { calls } => mix(nonce).wrapping_add(calls),
    }
}

/// Where `rounds` rounds lead, in `log2(rounds)` matrix squarings: a round is linear over GF(2).
fn jump(mut state: u32, mut rounds: u64) -> u32 {
    let mut power: [u32; 32] = std::array::from_fn(|bit| step(1 << bit));
    while rounds > 0 {
        if rounds & 1 == 1 {
            state = apply(&power, state);
        }
        power = std::array::from_fn(|bit| apply(&power, power[bit]));
        rounds >>= 1;
    }
    state
}

/// `matrix`, one column a bit, times `vector`.
fn apply(matrix: &[u32; 32], vector: u32) -> u32 {
    (0..32).fold(0, |sum, bit| if vector >> bit & 1 == 1 { sum ^ matrix[bit] } else { sum })
}

const fn pages(mib: u32) -> u64 {
    mib as u64 * (MIB_WORDS / PAGE_WORDS) as u64
}

/// Makes `calls` system calls that no library answers from memory; how many came back.
fn call(calls: u64) -> u64 {
    (0..calls).fold(0, |answered, _| {
        black_box(rustix::process::getppid());
        answered + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_agrees_with_the_work() {
        let place = tempfile::tempdir().unwrap();
        for nonce in [0, 1, 0xdead_beef_0123_4567, u64::MAX] {
            for payload in [
                Payload::Noop,
                Payload::Cpu { rounds: 0 },
                Payload::Cpu { rounds: 1 },
                Payload::Cpu { rounds: 100_003 },
                Payload::Memory { mib: 3 },
                Payload::Syscall { calls: 17 },
                Payload::Io { mib: 2 },
            ] {
                let value = work(payload, nonce, place.path()).unwrap();
                assert_eq!(value, expected(payload, nonce), "{payload:?}");
            }
        }
    }

    #[test]
    fn a_file_leaves_nothing_behind_and_a_place_without_room_says_so() {
        let place = tempfile::tempdir().unwrap();
        work(Payload::Io { mib: 1 }, 5, place.path()).unwrap();
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        assert!(work(Payload::Io { mib: 1 }, 5, Path::new("/dev/null/none")).is_err());
    }

    #[test]
    fn another_nonce_is_another_result() {
        for payload in Payload::USUAL {
            assert_ne!(expected(payload, 1), expected(payload, 2));
        }
    }

    #[test]
    fn arguments_are_read_back() {
        for payload in Payload::USUAL {
            let said: Vec<OsString> = arguments(payload, 77).map(OsString::from).into();
            assert_eq!(parse(&said[1..]), Some((payload, 77)));
        }
        assert_eq!(parse(&["cpu".into(), "x".into(), "0".into()]), None);
    }
}
