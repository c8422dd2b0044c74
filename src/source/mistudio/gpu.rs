//! The GPUs of a miStudio.
//!
//! It writes 0 for a power, a fan or a clock it cannot read; here that is missing. That there is no
//! GPU it tells by an error, which here is a fact.

use std::collections::BTreeMap;

use serde_json::Value;

use super::part::{MOST_GPUS, Parts};
use super::{RARELY, SLOWLY, STALE};
use crate::model::gpu::{Gpu, GpuProcess, GpuReader, GpuReaderState, GpuSample, GpuState};
use crate::model::origin::Offer;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Celsius, Hertz, Watts};
use crate::model::update::What;
use crate::source::Error;
use crate::source::foreign::Survey;
use crate::source::foreign::value::{self, reading};

const LIST: &str = "/api/v1/system/gpu-list";
const METRICS: &str = "/api/v1/system/gpu-metrics/all";
const PROCESSES: &str = "/api/v1/system/gpu-processes";
const GIB: f64 = 1_073_741_824.0;
const MIB: f64 = 1_048_576.0;
/// Processes that are kept of a GPU.
const USERS: usize = 64;

/// What is known of the GPUs beside their numbers.
#[derive(Debug, Default)]
pub(super) struct Gpus {
    infos: BTreeMap<u32, Value>,
    users: BTreeMap<u32, Vec<GpuProcess>>,
    none: Option<SafeText>,
}

impl Gpus {
    /// Which there are.
    pub(super) fn ids(&self) -> Vec<u32> {
        self.infos.keys().copied().collect()
    }

    /// Asks about them: rarely which there are, and for their numbers only if nobody brings them.
    pub(super) async fn ask(&mut self, survey: &mut Survey, parts: &mut Parts) {
        self.ask_list(survey).await;
        if self.none.is_some() {
            return;
        }
        let fresh = |id: &u32| parts.gpus.get(id).is_some_and(|part| part.age() < STALE);
        let by_stream = *survey.offer(super::STREAM) == Offer::Offered;
        if !(by_stream && !self.infos.is_empty() && self.infos.keys().all(fresh)) {
            let pace = survey.pace();
            if let Some(answer) = survey.ask(METRICS, pace).await.value() {
                for metrics in value::list(&answer, "gpus") {
                    parts.take_gpu(metrics);
                }
            }
        }
        self.ask_users(survey).await;
    }

    async fn ask_list(&mut self, survey: &mut Survey) {
        if !survey.is_due(LIST) {
            return;
        }
        let outcome = survey.fetch(LIST).await;
        if let Err(Error::Status { status: 503, said, .. }) = &outcome {
            *self = Self { none: Some(said.clone()), ..Self::default() };
            survey.note(LIST, Offer::Offered, RARELY);
            return;
        }
        if let Some(answer) = survey.keep(LIST, RARELY, outcome).value() {
            self.none = None;
            let id = |row: &Value| value::small(row, "gpu_id").filter(|id| *id < MOST_GPUS);
            let rows = value::list(&answer, "gpus").iter();
            self.infos = rows.filter_map(|row| Some((id(row)?, row.clone()))).collect();
        }
    }

    async fn ask_users(&mut self, survey: &mut Survey) {
        if !survey.is_due(PROCESSES) {
            return;
        }
        let mut outcome = None;
        for id in self.ids() {
            match survey.fetch(&format!("{PROCESSES}?gpu_id={id}")).await {
                Ok(answer) => {
                    self.users.insert(id, users(&answer));
                    outcome = Some(Ok(Value::Null));
                }
                Err(error) => {
                    self.users.remove(&id);
                    outcome = outcome.or(Some(Err(error)));
                }
            }
        }
        if let Some(outcome) = outcome {
            survey.keep(PROCESSES, SLOWLY, outcome);
        }
    }

    /// All of them as they are now; nothing if nothing is known.
    pub(super) fn tell(&self, parts: &Parts) -> Option<What> {
        let state = match &self.none {
            Some(why) => GpuReaderState::NotHere(why.clone()),
            None if self.infos.is_empty() && parts.gpus.is_empty() => return None,
            None => GpuReaderState::Works,
        };
        let version = self.infos.values().find_map(|info| value::text(info, "driver_version"));
        let reader = GpuReader { name: "miStudio".into(), version: reading(version), state };
        let mut ids = self.ids();
        ids.extend(parts.gpus.keys().filter(|id| !self.infos.contains_key(id)));
        let gpus = ids.into_iter().map(|id| self.gpu(id, parts)).collect();
        Some(What::Gpus(Box::new(GpuSample {
            gpus,
            readers: vec![reader],
            ..GpuSample::default()
        })))
    }

    fn gpu(&self, id: u32, parts: &Parts) -> Gpu {
        let info = self.infos.get(&id).unwrap_or(&Value::Null);
        let part = parts.gpus.get(&id).filter(|part| part.age() < STALE);
        let mut gpu = numbers(part.map_or(&Value::Null, |part| part.value.as_ref()));
        let uuid = value::text(info, "uuid").unwrap_or_else(|| id.to_string().into());
        let total = value::bytes(info, "total_memory_gb", GIB);
        if gpu.memory_total_bytes.known().is_none() {
            gpu.memory_total_bytes = reading(total);
        }
        let state = match part {
            Some(_) => GpuState::Ok,
            None => GpuState::Lost("no numbers of it come any more".into()),
        };
        Gpu {
            index: id,
            id: uuid,
            name: value::text(info, "name").unwrap_or_else(|| format!("GPU {id}").into()),
            pci: reading(value::text(info, "pci_bus_id")),
            state,
            processes: reading(self.users.get(&id).cloned()),
            ..gpu
        }
    }
}

/// A GPU's numbers.
fn numbers(metrics: &Value) -> Gpu {
    let of = |key: &str| metrics.get(key).unwrap_or(&Value::Null);
    let (load, memory, power, clocks) =
        (of("utilization"), of("memory"), of("power"), of("clocks"));
    let missing = || Why::NotSupported;
    let hertz =
        |key| value::above_zero(clocks, key).and_then(|mhz| value::whole(mhz * 1e6)).map(Hertz);
    Gpu {
        utilization: reading(value::percent(load, "gpu")),
        memory_utilization: reading(value::percent(load, "memory")),
        memory_total_bytes: reading(value::bytes(memory, "total", 1.0)),
        memory_used_bytes: reading(value::bytes(memory, "used", 1.0)),
        celsius: reading(value::above_zero(metrics, "temperature").map(Celsius)),
        power_watts: reading(value::above_zero(power, "usage").map(Watts)),
        power_limit_watts: reading(value::above_zero(power, "limit").map(Watts)),
        core_clock_hertz: reading(hertz("gpu")),
        memory_clock_hertz: reading(hertz("memory")),
        fan: reading(value::percent(metrics, "fan_speed").filter(|fan| fan.fraction() > 0.0)),
        slowdown_celsius: Reading::Missing(missing()),
        throttle: Reading::Missing(missing()),
        ecc_uncorrected: Reading::Missing(missing()),
        mig: Reading::Missing(missing()),
        encoder: Reading::Missing(missing()),
        decoder: Reading::Missing(missing()),
        ..Gpu::default()
    }
}

fn users(answer: &Value) -> Vec<GpuProcess> {
    let user = |row: &Value| {
        let bytes = value::bytes(row, "gpu_memory_used", 1.0);
        Some(GpuProcess {
            pid: value::small(row, "pid")?,
            name: value::words(row, "process_name"),
            memory_bytes: reading(bytes.or_else(|| value::bytes(row, "gpu_memory_used_mb", MIB))),
            utilization: Reading::Missing(Why::NotSupported),
            ..GpuProcess::default()
        })
    };
    value::list(answer, "processes").iter().take(USERS).filter_map(user).collect()
}
