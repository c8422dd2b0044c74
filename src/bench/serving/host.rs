//! This machine while a server is asked: its processors, its GPUs, and what isomon itself takes of it.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::metrics::{EVERY, LAST};
use super::tables::Row;
use crate::model::reading::Reading;
use crate::model::request::HostRow;
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::unit::Ratio;
use crate::probe::Probe as _;
use crate::probe::cpu::CpuProbe;
use crate::probe::gpu::{GpuProbe, Launch};

/// Who reads the machine.
struct Reader {
    cpu: CpuProbe,
    gpu: GpuProbe,
    /// Processor time of this program, and when.
    own: Option<(f64, Instant)>,
}

impl Reader {
    /// All rows of one moment. May block for as long as a driver hangs, which is bounded.
    fn rows(&mut self) -> Vec<HostRow> {
        let now = Instant::now();
        let busy = self.cpu.sample(now).ok().and_then(|sample| sample.all.get());
        let cpu = HostRow {
            device: "cpu".into(),
            use_percent: busy.map(|busy| busy.busy.percent()),
            ..HostRow::default()
        };
        let own =
            HostRow { device: "isomon".into(), use_percent: self.own(now), ..HostRow::default() };
        let gpus = self.gpu.sample(now).gpus;
        let gpu = |gpu: crate::model::gpu::Gpu| HostRow {
            device: SafeText::new(&format!("gpu {}", gpu.index)),
            use_percent: known(&gpu.utilization).map(Ratio::percent),
            memory_bytes: known(&gpu.memory_used_bytes).map(|bytes| bytes.0),
            power_watts: known(&gpu.power_watts).map(|watts| watts.0),
            celsius: known(&gpu.celsius).map(|celsius| celsius.0),
            ..HostRow::default()
        };
        [cpu, own].into_iter().chain(gpus.into_iter().map(gpu)).collect()
    }

    /// What this program takes of one processor, since the reading before.
    fn own(&mut self, now: Instant) -> Option<f64> {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let spent = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
        let (before, at) = self.own.replace((spent, now))?;
        let seconds = now.duration_since(at).as_secs_f64();
        (seconds > 0.0).then(|| (spent - before) / seconds * 100.0)
    }
}

fn known<T: Copy>(reading: &Reading<T>) -> Option<T> {
    reading.known().copied()
}

/// Reads the machine every second from `begun` on, until `stop`, and once more then; the most that isomon
/// took of one processor between two readings.
pub(super) async fn watch(
    roots: Roots,
    begun: tokio::time::Instant,
    wall_ns: i64,
    rows: mpsc::Sender<Row>,
    stop: CancellationToken,
) -> Option<f64> {
    let gpu = GpuProbe::new(roots.clone(), Launch::default());
    let mut reader = Reader { cpu: CpuProbe::new(&roots), gpu, own: None };
    let mut every = tokio::time::interval_at(begun, EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut most: Option<f64> = None;
    loop {
        let over = tokio::select! {
            biased;
            () = stop.cancelled() => true,
            _ = every.tick() => false,
        };
        let since_s = begun.elapsed().as_secs_f64();
        let read = tokio::task::spawn_blocking(move || (reader.rows(), reader));
        let limit = if over { LAST } else { Duration::MAX };
        let Ok(Ok((mut read, again))) = tokio::time::timeout(limit, read).await else {
            return most;
        };
        reader = again;
        for row in &mut read {
            (row.at, row.since_s) = (wall_ns as f64 / 1e9 + since_s, since_s);
            if row.device.as_str() == "isomon" {
                most = [most, row.use_percent].into_iter().flatten().reduce(f64::max);
            }
        }
        let gone = rows.send(Row::Host(read)).await.is_err();
        if gone || over {
            return most;
        }
    }
}
