//! What is settled before a run starts.
//!
//! Every run has its own baseline: where the plan does not ask for `process` with `noop` and with
//! each of its payloads, those cells are added *after* the plan's. They are measured and shown like
//! the others; they do not decide when the run is over, and `Plan::cells` does not name them.

use crate::backend;
use crate::model::backend::{BackendId, BackendStatus, Readiness, Start};
use crate::model::bench::{Cell, Payload, Plan};
use crate::model::id::RunId;
use crate::model::root::Roots;
use crate::model::run::{FORMAT, LeftOut, RunHead};
use crate::model::text::SafeText;
use crate::model::time::Stamp;

/// The head of run `id` of `plan`, which starts at `started`. Backends that cannot run by
/// `statuses`, or that were never tried, leave the plan and are named with the reason.
pub fn draw_up(
    id: RunId,
    mut plan: Plan,
    statuses: &[BackendStatus],
    roots: &Roots,
    started: Stamp,
) -> RunHead {
    let why = |backend: &BackendId| {
        let reason = reason(*backend, statuses).or_else(|| no_linux(*backend, &plan));
        reason.or_else(|| no_start(*backend, &plan))
    };
    let mut left_out: Vec<LeftOut> = plan.backends.iter().filter_map(why).collect();
    plan.backends.retain(|backend| left_out.iter().all(|out| out.backend != *backend));
    left_out.extend(lacks(&plan));
    RunHead {
        format: FORMAT,
        id,
        started,
        started_at: started.rfc3339(),
        cells: cells(&plan),
        left_out,
        fingerprint: super::fingerprint::fingerprint(roots, &plan, statuses),
        repeat: super::repeat::repeat(&plan),
        plan,
    }
}

/// The plan's cells, and after them the baseline cells it lacks.
pub fn cells(plan: &Plan) -> Vec<Cell> {
    let mut cells = plan.cells();
    let payloads = std::iter::once(Payload::Noop).chain(plan.payloads.iter().copied());
    for payload in payloads {
        let baseline = Cell::cold(BackendId::Process, payload);
        if !cells.contains(&baseline) && plan.lack(payload, baseline.backend).is_none() {
            cells.push(baseline);
        }
    }
    cells
}

/// What those of the plan's backends that can run cannot do of its payloads.
fn lacks(plan: &Plan) -> Vec<LeftOut> {
    let of = |backend: BackendId| {
        plan.payloads.iter().filter_map(move |payload| {
            let reason = SafeText::new(plan.lack(*payload, backend)?);
            let remedy = SafeText::new("choose another backend for it");
            let out = LeftOut::backend(backend, reason, remedy);
            Some(LeftOut { payload: Some(*payload), ..out })
        })
    };
    plan.backends.iter().copied().flat_map(of).collect()
}

/// Why `backend` cannot run; `None` if it can.
fn reason(backend: BackendId, statuses: &[BackendStatus]) -> Option<LeftOut> {
    let status = statuses.iter().find(|status| status.id == backend);
    let (reason, remedy) = match status.map(|status| &status.readiness) {
        Some(Readiness::Ready | Readiness::Degraded { .. }) => return None,
        Some(Readiness::Unavailable { reason, remedy }) => (reason.clone(), remedy.clone()),
        Some(Readiness::Checking) | None => {
            (SafeText::new("not tried yet"), SafeText::new("isomon doctor"))
        }
    };
    Some(LeftOut::backend(backend, reason, remedy))
}

/// Why `backend`, a virtual machine, does not boot the plan's kernel; `None` if it does, or if there
/// is none.
fn no_linux(backend: BackendId, plan: &Plan) -> Option<LeftOut> {
    let kernel = plan.kernel.as_ref();
    // Work that is not isomon's needs a kernel, whether one is named or not.
    let needed = kernel.is_some() || (plan.job.is_some() && backend.boots_linux());
    if !needed || (!backend.boots_linux() && backend != BackendId::Kvm) {
        return None;
    }
    let fault = backend::kernel_fault(backend, kernel.map(|kernel| kernel.image.as_path()));
    let fault = fault?.to_string();
    let remedy = match backend {
        BackendId::Kvm => "measure it without --kernel".to_owned(),
        backend => backend::remedy_words(backend, &fault),
    };
    Some(LeftOut::backend(backend, SafeText::new(&fault), SafeText::new(&remedy)))
}

/// That `backend` has none of the plan's starts; `None` if it has one.
fn no_start(backend: BackendId, plan: &Plan) -> Option<LeftOut> {
    let has = plan.starts_of(backend);
    if has.iter().any(|start| plan.starts.contains(start)) {
        return None;
    }
    let names = |starts: &[Start]| starts.iter().map(|of| of.name()).collect::<Vec<_>>().join(", ");
    let reason = format!("it has no start of the kind {}", names(&plan.starts));
    let remedy = format!("--start {}", names(has));
    Some(LeftOut::backend(backend, SafeText::new(&reason), SafeText::new(&remedy)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::preset::plan;
    use crate::model::bench::Preset;
    use crate::model::job::Kernel;

    fn status(id: BackendId, readiness: Readiness) -> BackendStatus {
        BackendStatus { readiness, ..BackendStatus::new(id) }
    }

    #[test]
    fn the_baseline_comes_after_the_plan_and_once() {
        let chosen = plan(Preset::Standard, &[BackendId::Runc], 1);
        let all = cells(&chosen);
        assert_eq!(all[..5], chosen.cells());
        assert!(all[5..].iter().all(|cell| cell.backend == BackendId::Process));
        assert_eq!(all.len(), 10);
        let own = plan(Preset::Standard, &[BackendId::Process], 1);
        assert_eq!(cells(&own), own.cells());
    }

    #[test]
    fn what_cannot_run_is_named_and_not_in_the_plan() {
        let no = SafeText::new("runsc is not on PATH");
        let gone = Readiness::Unavailable { reason: no.clone(), remedy: SafeText::new("install") };
        let statuses =
            [status(BackendId::Runc, Readiness::Ready), status(BackendId::GvisorKvm, gone)];
        let asked = [BackendId::Runc, BackendId::GvisorKvm, BackendId::Crun];
        let (id, plan) = (RunId::new(0, 1), plan(Preset::Quick, &asked, 1));
        let head = draw_up(id, plan, &statuses, &Roots::default(), Stamp::default());
        assert_eq!(head.plan.backends, [BackendId::Runc]);
        let reasons: Vec<_> = head.left_out.iter().map(|out| out.reason.as_str()).collect();
        assert_eq!(reasons, [no.as_str(), "not tried yet"]);
    }

    #[test]
    fn with_a_kernel_machines_that_boot_it_not_are_named_and_the_others_stay() {
        let asked = [BackendId::Runc, BackendId::Kvm, BackendId::QemuTcg, BackendId::Firecracker];
        let statuses = asked.map(|id| status(id, Readiness::Ready));
        let image = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = vec![0; 0x400];
        bytes[0x202..0x206].copy_from_slice(b"HdrS");
        std::fs::write(image.path(), bytes).unwrap();
        let mut plan = plan(Preset::Standard, &asked, 1);
        plan.kernel = Some(Kernel { image: image.path().to_owned(), initrd: None });
        let head = draw_up(RunId::new(0, 1), plan, &statuses, &Roots::default(), Stamp::default());
        assert_eq!(head.plan.backends, [BackendId::Runc, BackendId::QemuTcg]);
        let labels: Vec<_> = head.left_out.iter().map(LeftOut::label).collect();
        assert_eq!(labels, ["kvm", "firecracker"], "it can call Linux");
        assert!(head.left_out[1].remedy.as_str().contains("vmlinux"), "{:?}", head.left_out[1]);
        let linux = head.cells.iter().filter(|cell| cell.backend == BackendId::QemuTcg);
        assert_eq!(linux.count(), 5);
    }

    #[test]
    fn a_start_that_a_backend_has_not_and_work_it_cannot_do_are_named() {
        let asked = [BackendId::Runc, BackendId::Wasm];
        let statuses = asked.map(|id| status(id, Readiness::Ready));
        let mut plan = plan(Preset::Standard, &asked, 1);
        plan.starts = vec![Start::Warm];
        let head = draw_up(RunId::new(0, 1), plan, &statuses, &Roots::default(), Stamp::default());
        assert_eq!(head.plan.backends, [BackendId::Wasm]);
        let labels: Vec<_> = head.left_out.iter().map(LeftOut::label).collect();
        assert_eq!(labels, ["runc", "wasm syscall", "wasm io"]);
        assert_eq!(head.left_out[0].remedy.as_str(), "--start cold");
        let warm = head.cells.iter().filter(|cell| cell.label() == "wasm warm");
        assert_eq!(warm.count(), 3, "{:?}", head.cells);
        assert_eq!(head.cells.len(), 3 + 5, "the baseline starts cold");
    }
}
