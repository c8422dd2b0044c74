//! Finds for each claim what a run measured between the same two ends, or says why it did not.

use super::{Boundary, Claim, ClaimRow, Measured, Sense, claims};
use crate::model::backend::BackendId;
use crate::model::bench::{Cell, Estimate, Figure, Payload};
use crate::model::load::{LoadFigure, LoadSummary};
use crate::model::run::Run;
use crate::model::unit::as_many_times;
use crate::stats::estimate::estimate;
use crate::stats::interval::RESAMPLES;
use crate::stats::standing::good;
use crate::stats::summary::{generator, times_of};

/// Each claim about a backend that `run` measured or left out, beside each cell it is about.
pub fn beside(run: &Run) -> Vec<ClaimRow> {
    let rows = |claim: &'static Claim| {
        claim.backends.iter().flat_map(move |backend| of_backend(run, claim, *backend))
    };
    claims().iter().flat_map(rows).collect()
}

fn of_backend(run: &Run, claim: &'static Claim, backend: BackendId) -> Vec<ClaimRow> {
    let payload = |cell: &Cell| match claim.boundary {
        Boundary::Syscall => matches!(cell.payload, Payload::Syscall { .. }),
        Boundary::Rate | Boundary::Memory | Boundary::MemoryAvailable => true,
        _ => cell.payload == Payload::Noop,
    };
    let fits = |cell: &Cell| {
        cell.backend == backend && claim.starts.contains(&cell.start) && payload(cell)
    };
    let cells = (0..).zip(&run.head.cells).filter(|(_, cell)| fits(cell));
    let mut rows: Vec<ClaimRow> =
        cells.map(|(index, cell)| of_cell(run, claim, index, *cell)).collect();
    if is_load(claim.boundary) && rows.iter().any(|row| row.measured.is_some()) {
        rows.retain(|row| row.measured.is_some());
    } else if is_load(claim.boundary) {
        rows.truncate(1);
    }
    if rows.is_empty() {
        rows.extend(why_not(run, claim, backend));
    }
    rows
}

const fn is_load(boundary: Boundary) -> bool {
    matches!(boundary, Boundary::Rate | Boundary::Memory | Boundary::MemoryAvailable)
}

/// The row of a backend that was asked for and has no cell the claim is about.
fn why_not(run: &Run, claim: &'static Claim, backend: BackendId) -> Option<ClaimRow> {
    let out = run.head.left_out.iter().find(|out| out.backend == backend && out.payload.is_none());
    let measured = run.head.cells.iter().any(|cell| cell.backend == backend);
    let words = match out {
        Some(out) => format!("not measured: {}", out.reason),
        None if measured => format!("not measured: {}", wanted(claim)),
        None => return None,
    };
    Some(ClaimRow { claim, backend, cell: None, measured: None, same_boundary: false, words })
}

/// What a run must have for `claim` to be set beside it.
fn wanted(claim: &Claim) -> &'static str {
    match claim.boundary {
        Boundary::Syscall => "the run had no payload syscall",
        Boundary::Rate => "the run had no throughput load",
        Boundary::Memory | Boundary::MemoryAvailable => "the run had no memory load",
        _ => "the run had no such start with noop",
    }
}

fn of_cell(run: &Run, claim: &'static Claim, index: u32, cell: Cell) -> ClaimRow {
    let measured = measured(run, claim.boundary, index, cell);
    let own_guest = claim.linux_guest && run.head.plan.kernel.is_none();
    let differs = match &claim.differs {
        Some(differs) => Some(differs.as_str()),
        None => own_guest.then_some("isomon's own guest was booted, not Linux (--kernel auto)"),
    };
    let words = match (measured, differs) {
        (None, _) => format!("not measured: {}", missing(run, claim, index)),
        (Some(_), Some(differs)) => format!("not the same: {differs}"),
        (Some(measured), None) => verdict(claim, measured),
    };
    let same_boundary = measured.is_some() && differs.is_none();
    ClaimRow { claim, backend: cell.backend, cell: Some(cell), measured, same_boundary, words }
}

/// Why a cell that the claim is about has no such number.
fn missing(run: &Run, claim: &Claim, index: u32) -> &'static str {
    if is_load(claim.boundary) {
        return wanted(claim);
    }
    let mut good = good(run.samples.iter().filter(|sample| sample.cell == index));
    match claim.boundary {
        _ if good.next().is_none() => "no sample was good",
        Boundary::Spec => "the backend does not tell when its guest is up",
        _ => "the samples did not reach that far",
    }
}

/// What a claim and a number between the same ends say together. An interval that holds the claimed
/// bound says nothing either way.
fn verdict(claim: &Claim, measured: Measured) -> String {
    let (low, high) = measured.interval.unwrap_or((measured.value, measured.value));
    let range = measured.interval.map(|(low, high)| (low / claim.value, high / claim.value));
    let times = as_many_times(measured.value / claim.value, range);
    match claim.sense {
        Sense::AtMost if high <= claim.value => "as claimed".to_owned(),
        Sense::AtMost if low <= claim.value => "too near to what is claimed to tell".to_owned(),
        _ => format!("{times} times what is claimed"),
    }
}

fn measured(run: &Run, boundary: Boundary, index: u32, cell: Cell) -> Option<Measured> {
    match boundary {
        Boundary::Start => figure(run, index, Figure::Start),
        Boundary::Cli => figure(run, index, Figure::Cli),
        Boundary::Request => figure(run, index, Figure::Request),
        Boundary::Spec => figure(run, index, Figure::Spec),
        Boundary::FirstExec => figure(run, index, Figure::FirstExec),
        Boundary::Syscall => {
            let calls = cell.payload.amount() as f64;
            let all = figure(run, index, Figure::Work).filter(|_| calls > 0.0)?;
            let each = |value: f64| value / calls;
            let interval = all.interval.map(|(low, high)| (each(low), each(high)));
            Some(Measured { value: each(all.value), interval, ..all })
        }
        Boundary::Memory | Boundary::MemoryAvailable | Boundary::Rate => {
            of_loads(run, boundary, index)
        }
    }
}

/// A figure as the run's end has it, else of its samples.
fn figure(run: &Run, index: u32, figure: Figure) -> Option<Measured> {
    let summary = run.tail.iter().flat_map(|tail| &tail.summary);
    let known = summary.into_iter().find(|of| of.cell == index && of.figure == figure);
    if let Some(known) = known {
        return known.estimate.as_ref().map(|estimate| of_estimate(estimate, known.n));
    }
    let data = times_of(figure, run.samples.iter().filter(|sample| sample.cell == index))?;
    let mut rng = generator(run.head.plan.seed, index, figure);
    let n = u32::try_from(data.len()).unwrap_or(u32::MAX);
    Some(of_estimate(&estimate(&data, RESAMPLES, &mut rng), n))
}

fn of_estimate(estimate: &Estimate, n: u32) -> Measured {
    let interval = estimate.low_seconds.zip(estimate.high_seconds);
    Measured {
        value: estimate.median_seconds.0,
        interval: interval.map(|(low, high)| (low.0, high.0)),
        n,
    }
}

/// The memory of one, or the best rate, as the loads of `run` have it.
fn of_loads(run: &Run, boundary: Boundary, index: u32) -> Option<Measured> {
    let loads = run.tail.iter().flat_map(|tail| &tail.loads);
    let of_cell = loads.filter(|load| load.cell == index);
    let known: Vec<Measured> = of_cell.filter_map(|load| of_load(load, boundary)).collect();
    known.into_iter().max_by(|a, b| a.value.total_cmp(&b.value))
}

fn of_load(load: &LoadSummary, boundary: Boundary) -> Option<Measured> {
    let bare = |value| Measured { value, interval: None, n: load.n };
    match (load.figure?, boundary) {
        (LoadFigure::Rate(rate), Boundary::Rate) => Some(Measured {
            interval: rate.low_per_second.zip(rate.high_per_second),
            ..bare(rate.per_second)
        }),
        (LoadFigure::Memory { pss_each_bytes, .. }, Boundary::Memory) => pss_each_bytes.map(bare),
        (LoadFigure::Memory { available_each_bytes, .. }, Boundary::MemoryAvailable) => {
            available_each_bytes.map(bare)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::backend::Start;
    use crate::model::bench::{Phase, Sample};
    use crate::model::job::Kernel;
    use crate::model::load::{Rate, Stride};
    use crate::model::run::LeftOut;
    use crate::model::unit::{Ratio, Seconds};
    use crate::report::run_sample::run;

    fn of(run: &Run, name: &str) -> Vec<ClaimRow> {
        beside(run).into_iter().filter(|row| row.claim.name == name).collect()
    }

    /// The run with Firecracker in place of runc, and a guest that says when it is up.
    fn micro_vm() -> Run {
        let mut run = run();
        for cell in run.head.cells.iter_mut().filter(|cell| cell.backend == BackendId::Runc) {
            cell.backend = BackendId::Firecracker;
        }
        for sample in &mut run.samples {
            sample.phases.set(Phase::Boot, Seconds(0.020));
            sample.phases.set(Phase::Init, Seconds(0.010));
        }
        run
    }

    #[test]
    fn the_same_boundary_is_set_beside_the_claim() {
        let rows = of(&run(), "runc-cli");
        assert_eq!(rows.len(), 1);
        assert!(rows[0].same_boundary, "{rows:?}");
        let measured = rows[0].measured.unwrap();
        assert!((measured.value / 0.084 - 1.0).abs() < 0.01 && measured.n == 11, "{measured:?}");
        assert!(rows[0].words.starts_with("2.5"), "{}", rows[0].words);
    }

    #[test]
    fn of_a_run_that_was_cut_off_what_stands_counts() {
        let mut run = run();
        run.tail = None;
        let before = of(&run, "runc-cli")[0].measured.unwrap();
        let again = run.samples.iter().rfind(|sample| sample.cell == 0).unwrap().clone();
        let attempt = again.attempt + 1;
        run.samples.push(Sample { attempt, ..again });
        assert_eq!(of(&run, "runc-cli")[0].measured.unwrap().n, before.n);
    }

    #[test]
    fn a_system_call_is_one_of_many() {
        let rows = of(&run(), "gvisor-syscall-runc");
        let measured = rows[0].measured.unwrap();
        assert!((measured.value / (0.00315 / 20_000.0) - 1.0).abs() < 0.01, "{measured:?}");
        assert!(rows[0].shown().contains("158 ns"), "{}", rows[0].shown());
    }

    #[test]
    fn a_guest_that_is_not_linux_proves_nothing_about_linux() {
        let mut run = micro_vm();
        let row = &of(&run, "firecracker-boot")[0];
        assert!(!row.same_boundary && row.measured.is_some());
        assert!(row.words.contains("not Linux"), "{}", row.words);
        run.head.plan.kernel = Some(Kernel { image: "vmlinuz".into(), initrd: None });
        let row = &of(&run, "firecracker-boot")[0];
        assert!(row.same_boundary, "{row:?}");
        assert_eq!((row.words.as_str(), row.measured.unwrap().value), ("as claimed", 0.030));
    }

    #[test]
    fn where_the_ends_differ_there_is_no_verdict() {
        let mut run = run();
        let tail = run.tail.as_mut().unwrap();
        tail.loads = vec![1.0, 3.0].into_iter().map(rate).collect();
        let row = &of(&run, "runwasi-rate-runc")[0];
        assert!(row.measured.unwrap().value > 2.9, "the best of the steps");
        assert!(!row.same_boundary && row.words.starts_with("not the same: "), "{row:?}");
    }

    fn rate(per_second: f64) -> LoadSummary {
        let rate = Rate { per_second, low_per_second: None, high_per_second: None };
        LoadSummary {
            cell: 0,
            stride: Stride::Throughput { at_once: 1 },
            n: 5,
            failures: 0,
            tainted: 0,
            figure: Some(LoadFigure::Rate(rate)),
            energy_each_joules: None,
        }
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let mut run = run();
        let reason = "/dev/kvm is not there";
        run.head.left_out.push(LeftOut::backend(
            BackendId::Firecracker,
            reason.into(),
            "none".into(),
        ));
        let row = &of(&run, "firecracker-boot")[0];
        assert_eq!(
            (row.measured, row.words.as_str()),
            (None, "not measured: /dev/kvm is not there")
        );
        assert_eq!(of(&run, "runc-memory")[0].words, "not measured: the run had no memory load");
        assert_eq!(of(&run, "wasmtime-instance")[0].cell, None, "pooled was not asked for");
        assert_eq!(of(&run, "crun-cli"), [], "nobody asked for crun");
        run.samples.clear();
        run.tail = None;
        assert_eq!(of(&run, "runc-cli")[0].words, "not measured: no sample was good");
        assert!(super::super::worth_a_line(&run).is_empty());
    }

    #[test]
    fn an_interval_around_the_bound_decides_nothing() {
        let claim = claims().iter().find(|claim| claim.name == "firecracker-boot").unwrap();
        let said = |value, low, high| {
            verdict(claim, Measured { value, interval: Some((low, high)), n: 9 })
        };
        assert_eq!(said(0.12, 0.11, 0.13), "too near to what is claimed to tell");
        assert_eq!(said(0.25, 0.24, 0.26), "2.00 (1.92–2.08) times what is claimed");
        let share = Ratio::of(0.125, claim.value).unwrap();
        assert_eq!((share.fraction(), claim.starts.as_slice()), (1.0, &[Start::Cold][..]));
    }
}
