//! Every NVIDIA GPU that was ever seen, so that none disappears without a word.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::model::gpu::{Gpu, GpuDetail, GpuState};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;

/// Most GPUs remembered.
const MOST: usize = 128;
/// What a GPU is called that does not tell its name.
pub(super) const NAMELESS: &str = "NVIDIA GPU";
/// How long a GPU on which the reader hung or crashed is left alone: the first time, and at most.
const ALONE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(5));

/// GPUs by the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Roster {
    seats: Vec<Seat>,
}

/// A GPU and when it may be asked again.
#[derive(Debug)]
struct Seat {
    gpu: Gpu,
    alone: Backoff,
    /// Whether it has been heard of in this round.
    heard: bool,
    /// When it may be asked for the rest again, and why it was not told the last time.
    spared: (Backoff, Why),
}

impl Roster {
    /// Starts a round: nobody has been heard of.
    pub(super) fn begin(&mut self) {
        for seat in &mut self.seats {
            seat.heard = false;
        }
    }

    /// Whether the GPU at `index` may be asked.
    pub(super) fn may_ask(&self, index: u32, now: Instant) -> bool {
        let mut seats = self.seats.iter().filter(|seat| seat.gpu.index == index);
        seats.all(|seat| seat.alone.is_over(now))
    }

    /// Takes in what the GPU said of itself.
    pub(super) fn hear(&mut self, mut gpu: Gpu) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| is_same(&seat.gpu, &gpu)) {
            seat.alone.succeed();
            seat.heard = true;
            seat.gpu = match gpu.state.clone() {
                GpuState::Ok => recognized(&seat.gpu, gpu),
                GpuState::Lost(reason) => lost(&recognized(&seat.gpu, gpu), &reason),
            };
            return;
        }
        if gpu.id.is_empty() {
            gpu.id = by_index(gpu.index);
        }
        self.seat(gpu);
    }

    /// Nothing was heard of the GPU at `index` for a reason that may pass; its identity stays.
    pub(super) fn miss(&mut self, index: u32, why: &Why) {
        for seat in self.at(index) {
            seat.heard = true;
            if seat.gpu.state == GpuState::Ok {
                seat.gpu = stripped(&seat.gpu, why);
            }
        }
    }

    /// The GPU at `index` does not answer. Known or not, it is in the list from now on.
    pub(super) fn lose(&mut self, index: u32, reason: &SafeText) {
        if self.at(index).next().is_none() {
            let id = by_index(index);
            let name = SafeText::from(NAMELESS);
            self.seat(lost(&Gpu { index, id, name, ..Gpu::default() }, reason));
        }
        for seat in self.at(index) {
            seat.heard = true;
            seat.gpu = lost(&seat.gpu, reason);
        }
    }

    /// Like `lose`, and the GPU is left alone for a while because asking it does harm.
    pub(super) fn quarantine(&mut self, index: u32, reason: &SafeText, now: Instant) {
        self.lose(index, reason);
        for seat in self.at(index) {
            seat.alone.fail(now);
        }
    }

    /// Keeps a GPU in quarantine as it is: lost.
    pub(super) fn skip(&mut self, index: u32) {
        for seat in self.at(index) {
            seat.heard = true;
        }
    }

    /// Ends a round: whoever was not heard of is lost, for `reason`.
    pub(super) fn end(&mut self, reason: &SafeText) {
        for seat in self.seats.iter_mut().filter(|seat| !seat.heard) {
            if seat.gpu.state == GpuState::Ok {
                seat.gpu = lost(&seat.gpu, reason);
            }
        }
    }

    /// Indices of the GPUs that have told how they are doing in this round.
    pub(super) fn answering(&self) -> Vec<u32> {
        let answers = |seat: &&Seat| seat.heard && seat.gpu.state == GpuState::Ok;
        self.seats.iter().filter(answers).map(|seat| seat.gpu.index).collect()
    }

    /// Takes in the rest of what the GPU at `index` tells.
    pub(super) fn hear_rest(&mut self, index: u32, detail: &GpuDetail) {
        for seat in self.at(index) {
            seat.spared.0.succeed();
            seat.gpu.detail = detail.clone();
        }
    }

    /// The rest was not told, for a reason that may pass.
    pub(super) fn miss_rest(&mut self, index: u32, why: &Why) {
        for seat in self.at(index) {
            seat.gpu.detail = GpuDetail::missing(why);
        }
    }

    /// Asking for the rest does harm: it is not asked for again for a while.
    pub(super) fn spare(&mut self, index: u32, why: &Why, now: Instant) {
        for seat in self.at(index) {
            seat.spared.0.fail(now);
            seat.spared.1 = why.clone();
        }
        self.miss_rest(index, why);
    }

    /// Why the GPU at `index` may not be asked for the rest at `now`, if it may not.
    pub(super) fn spared(&self, index: u32, now: Instant) -> Option<Why> {
        let of_it = |seat: &&Seat| seat.gpu.index == index && !seat.spared.0.is_over(now);
        self.seats.iter().find(of_it).map(|seat| seat.spared.1.clone())
    }

    /// Whether any GPU is lost.
    pub(super) fn misses_any(&self) -> bool {
        self.seats.iter().any(|seat| seat.gpu.state != GpuState::Ok)
    }

    /// Every GPU, by PCI address where it has one.
    pub(super) fn list(&self) -> Vec<Gpu> {
        let mut gpus: Vec<Gpu> = self.seats.iter().map(|seat| seat.gpu.clone()).collect();
        let place = |gpu: &Gpu| (gpu.pci.known().cloned(), gpu.index);
        gpus.sort_by_key(place);
        gpus
    }

    /// Seats at `index`. A lost GPU keeps its index only until another one has it.
    fn at(&mut self, index: u32) -> impl Iterator<Item = &mut Seat> {
        let alive = move |seat: &Seat| seat.gpu.index == index && seat.gpu.state == GpuState::Ok;
        let any_alive = self.seats.iter().any(alive);
        self.seats
            .iter_mut()
            .filter(move |seat| seat.gpu.index == index && (alive(seat) || !any_alive))
    }

    fn seat(&mut self, gpu: Gpu) {
        if self.seats.len() < MOST {
            let wait = || Backoff::new(ALONE.0, ALONE.1);
            self.seats.push(Seat {
                gpu,
                alone: wait(),
                heard: true,
                spared: (wait(), Why::NotYet),
            });
        }
    }
}

fn by_index(index: u32) -> SafeText {
    SafeText::from(format!("index {index}"))
}

/// Whether both are the same GPU: by id, else by PCI address, else by index for one that has told
/// neither.
fn is_same(known: &Gpu, heard: &Gpu) -> bool {
    let nameless = known.id == by_index(known.index) || heard.id.is_empty();
    if !heard.id.is_empty() && known.id == heard.id {
        return true;
    }
    match (known.pci.known(), heard.pci.known()) {
        (Some(one), Some(other)) => one == other,
        _ => nameless && known.index == heard.index,
    }
}

/// `heard`, with what it did not tell of its identity taken from what is known.
fn recognized(known: &Gpu, mut heard: Gpu) -> Gpu {
    if heard.id.is_empty() || Some(&heard.id) == heard.pci.known() {
        heard.id = known.id.clone();
    }
    if heard.name.as_str() == NAMELESS {
        heard.name = known.name.clone();
    }
    if heard.pci.known().is_none() {
        heard.pci = known.pci.clone();
    }
    heard
}

/// `gpu` without an answer, for `reason`; who it is stays.
pub(super) fn lost(gpu: &Gpu, reason: &SafeText) -> Gpu {
    let why = Why::Failed(reason.clone());
    Gpu { state: GpuState::Lost(reason.clone()), ..stripped(gpu, &why) }
}

/// Who it is without how it is doing, because of `why`.
pub(super) fn stripped(gpu: &Gpu, why: &Why) -> Gpu {
    fn gap<T>(why: &Why) -> Reading<T> {
        Reading::Missing(why.clone())
    }
    Gpu {
        index: gpu.index,
        id: gpu.id.clone(),
        name: gpu.name.clone(),
        vendor: gpu.vendor,
        pci: gpu.pci.clone(),
        state: gpu.state.clone(),
        utilization: gap(why),
        memory_utilization: gap(why),
        memory_total_bytes: gap(why),
        memory_used_bytes: gap(why),
        celsius: gap(why),
        slowdown_celsius: gap(why),
        power_watts: gap(why),
        power_limit_watts: gap(why),
        core_clock_hertz: gap(why),
        memory_clock_hertz: gap(why),
        fan: gap(why),
        throttle: gap(why),
        ecc_uncorrected: gap(why),
        mig: gap(why),
        encoder: gap(why),
        decoder: gap(why),
        processes: gap(why),
        memory_owner: gpu.memory_owner,
        detail: GpuDetail::missing(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(index: u32, id: &str, pci: &str) -> Gpu {
        Gpu {
            index,
            id: SafeText::from(id),
            pci: Reading::Known(SafeText::from(pci)),
            ecc_uncorrected: Reading::Known(0),
            ..Gpu::default()
        }
    }

    fn states(roster: &Roster) -> Vec<(String, bool)> {
        let row = |gpu: &Gpu| (gpu.id.to_string(), gpu.state == GpuState::Ok);
        roster.list().iter().map(row).collect()
    }

    #[test]
    fn a_gpu_that_leaves_stays_in_the_list_although_another_takes_its_index() {
        let mut roster = Roster::default();
        roster.hear(gpu(0, "a", "0000:01:00.0"));
        roster.hear(gpu(1, "b", "0000:02:00.0"));
        roster.begin();
        roster.hear(gpu(0, "b", "0000:02:00.0"));
        roster.end(&SafeText::from("gone"));
        assert_eq!(states(&roster), [("a".to_owned(), false), ("b".to_owned(), true)]);
        let first = roster.list().remove(0);
        assert_eq!(first.state, GpuState::Lost(SafeText::from("gone")));
        assert!(first.ecc_uncorrected.get().is_none());
    }

    #[test]
    fn a_lost_gpu_that_comes_back_is_the_same_one() {
        let mut roster = Roster::default();
        roster.hear(gpu(0, "a", "0000:01:00.0"));
        roster.quarantine(0, &SafeText::from("hung"), Instant::now());
        assert!(!roster.may_ask(0, Instant::now()));
        assert!(roster.may_ask(0, Instant::now() + ALONE.0));
        roster.hear(gpu(0, "", "0000:01:00.0"));
        assert_eq!(states(&roster), [("a".to_owned(), true)]);
        assert!(roster.may_ask(0, Instant::now()));
    }

    #[test]
    fn a_gpu_that_never_said_who_it_is_is_listed_by_its_index() {
        let mut roster = Roster::default();
        roster.lose(3, &SafeText::from("no handle"));
        assert_eq!(states(&roster), [("index 3".to_owned(), false)]);
        roster.hear(gpu(3, "c", "0000:03:00.0"));
        assert_eq!(states(&roster), [("c".to_owned(), true)]);
    }
}
