//! Several GPUs as one: what they hold, do, draw and how hot the hottest is.
//!
//! A figure is of those GPUs that tell it, and says of how many. What is not told is not counted as 0.

use super::{Gpu, GpuState, MemoryOwner};
use crate::model::unit::{Bytes, Celsius, Ratio, Watts};

/// The sums, means and extremes of some GPUs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Total {
    /// How many there are.
    pub count: usize,
    /// How many of them do not answer.
    pub lost: usize,
    /// How many use the machine's memory; that is in no sum.
    pub sharing: usize,
    /// Memory in use and all memory, of those with memory of their own that tell both.
    pub memory: Option<(Bytes, Bytes)>,
    /// Mean time busy.
    pub busy: Option<Ratio>,
    /// Mean share of multiprocessors that work.
    pub sm: Option<Ratio>,
    /// Mean share of time in which the tensor cores work.
    pub tensor: Option<Ratio>,
    /// Mean share of memory bandwidth in use.
    pub dram: Option<Ratio>,
    /// The hottest.
    pub hottest: Option<Celsius>,
    /// Draw of all, and how many tell theirs.
    pub power: Option<(Watts, usize)>,
    /// Power limits of all that tell draw and limit.
    pub limit: Option<Watts>,
    /// How many are held back by heat or power.
    pub throttled: usize,
}

/// GPUs counted so far: each is looked at once, because there may be thousands.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    total: Total,
    busy: Mean,
    sm: Mean,
    tensor: Mean,
    dram: Mean,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, gpu: &Gpu) {
        let total = &mut self.total;
        total.count += 1;
        total.lost += usize::from(gpu.state != GpuState::Ok);
        total.sharing += usize::from(gpu.memory_owner == MemoryOwner::Machine);
        total.throttled += usize::from(is_held(gpu));
        if let Some((used, all)) = own_memory(gpu) {
            let (known, known_all) = total.memory.unwrap_or_default();
            let sum = |a: Bytes, b: Bytes| Bytes(a.0.saturating_add(b.0));
            total.memory = Some((sum(known, used), sum(known_all, all)));
        }
        if let Some(heat) = gpu.celsius.get() {
            total.hottest = Some(total.hottest.map_or(heat, |most| Celsius(most.0.max(heat.0))));
        }
        if let Some(draw) = gpu.power_watts.get() {
            let (known, telling) = total.power.unwrap_or_default();
            total.power = Some((Watts(known.0 + draw.0), telling + 1));
            if let Some(limit) = gpu.power_limit_watts.get() {
                total.limit = Some(Watts(total.limit.map_or(0.0, |known| known.0) + limit.0));
            }
        }
        self.busy.add(gpu.utilization.get());
        self.sm.add(gpu.detail.activity.sm.get());
        self.tensor.add(gpu.detail.activity.tensor.get());
        self.dram.add(gpu.detail.activity.dram.get());
    }

    /// What they come to.
    pub fn total(self) -> Total {
        let Self { busy, sm, tensor, dram, total } = self;
        let (busy, sm) = (busy.share(), sm.share());
        Total { busy, sm, tensor: tensor.share(), dram: dram.share(), ..total }
    }
}

/// The mean of those that are known.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, share: Option<Ratio>) {
        let Some(share) = share else { return };
        self.sum += share.fraction();
        self.count += 1;
    }

    fn share(self) -> Option<Ratio> {
        Ratio::of(self.sum, f64::from(self.count)).filter(|_| self.count > 0)
    }
}

impl Total {
    /// Of these.
    pub fn of<'a>(gpus: impl IntoIterator<Item = &'a Gpu>) -> Self {
        let mut tally = Tally::default();
        for gpu in gpus {
            tally.add(gpu);
        }
        tally.total()
    }

    /// The share of all memory that is in use.
    pub fn memory_share(&self) -> Option<Ratio> {
        let (used, all) = self.memory?;
        Ratio::of(used.0 as f64, all.0 as f64)
    }

    /// The share of all limits that is drawn.
    pub fn power_share(&self) -> Option<Ratio> {
        Ratio::of(self.power?.0.0, self.limit?.0)
    }
}

fn is_held(gpu: &Gpu) -> bool {
    gpu.throttle.known().is_some_and(|reasons| !reasons.is_empty())
}

/// Memory in use and all memory of one that has memory of its own and tells both.
fn own_memory(gpu: &Gpu) -> Option<(Bytes, Bytes)> {
    let known = gpu.memory_used_bytes.get().zip(gpu.memory_total_bytes.get());
    known.filter(|_| gpu.memory_owner == MemoryOwner::Gpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reading::Reading;

    #[test]
    fn what_is_not_told_is_in_no_sum_and_no_mean() {
        let gpu = |busy: Option<f64>, celsius, used| Gpu {
            utilization: Reading::from_option(
                busy.and_then(Ratio::new),
                crate::model::reading::Why::NotYet,
            ),
            celsius: Reading::Known(Celsius(celsius)),
            memory_used_bytes: Reading::Known(Bytes(used)),
            memory_total_bytes: Reading::Known(Bytes(100)),
            ..Gpu::default()
        };
        let shared = Gpu { memory_owner: MemoryOwner::Machine, ..gpu(Some(0.5), 90.0, 77) };
        let gpus = [gpu(Some(1.0), 40.0, 10), gpu(None, 60.0, 30), shared];
        let total = Total::of(gpus.iter());
        assert_eq!((total.count, total.lost, total.sharing), (3, 0, 1));
        assert_eq!(total.busy.map(Ratio::fraction), Some(0.75));
        assert_eq!(total.memory, Some((Bytes(40), Bytes(200))));
        assert_eq!(total.hottest, Some(Celsius(90.0)));
        assert_eq!((total.power, total.limit, total.sm), (None, None, None));
        assert_eq!(Total::of([].iter()), Total::default());
    }
}
