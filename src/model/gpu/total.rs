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

impl Total {
    /// Of these.
    pub fn of<'a>(gpus: impl Iterator<Item = &'a Gpu> + Clone) -> Self {
        let power = gpus.clone().filter_map(|gpu| gpu.power_watts.get()).map(|draw| draw.0);
        let limited = gpus.clone().filter(|gpu| gpu.power_watts.get().is_some());
        let limit = limited.filter_map(|gpu| gpu.power_limit_watts.get()).map(|limit| limit.0);
        let heat = gpus.clone().filter_map(|gpu| gpu.celsius.get()).map(|celsius| celsius.0);
        let telling = power.clone().count();
        Self {
            count: gpus.clone().count(),
            lost: gpus.clone().filter(|gpu| gpu.state != GpuState::Ok).count(),
            sharing: gpus.clone().filter(|gpu| gpu.memory_owner == MemoryOwner::Machine).count(),
            memory: memory(gpus.clone()),
            busy: mean(gpus.clone().map(|gpu| gpu.utilization.get())),
            sm: mean(gpus.clone().map(|gpu| gpu.detail.activity.sm.get())),
            tensor: mean(gpus.clone().map(|gpu| gpu.detail.activity.tensor.get())),
            dram: mean(gpus.clone().map(|gpu| gpu.detail.activity.dram.get())),
            hottest: heat.reduce(f64::max).map(Celsius),
            power: power.reduce(|sum, draw| sum + draw).map(|sum| (Watts(sum), telling)),
            limit: limit.reduce(|sum, limit| sum + limit).map(Watts),
            throttled: gpus.filter(|gpu| is_held(gpu)).count(),
        }
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

fn memory<'a>(gpus: impl Iterator<Item = &'a Gpu>) -> Option<(Bytes, Bytes)> {
    let own = gpus.filter(|gpu| gpu.memory_owner == MemoryOwner::Gpu);
    let both = own
        .filter_map(|gpu| Some((gpu.memory_used_bytes.get()?.0, gpu.memory_total_bytes.get()?.0)));
    let sum = both.reduce(|(used, all), (more, more_all)| {
        (used.saturating_add(more), all.saturating_add(more_all))
    });
    sum.map(|(used, all)| (Bytes(used), Bytes(all)))
}

fn mean(shares: impl Iterator<Item = Option<Ratio>>) -> Option<Ratio> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for share in shares.flatten() {
        sum += share.fraction();
        count += 1;
    }
    Ratio::of(sum, f64::from(count)).filter(|_| count > 0)
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
