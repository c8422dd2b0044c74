//! A run of the engine with sandboxes that are only simulated: log-normal times around known
//! medians, no process started, no time spent.

use std::sync::Arc;

use isomon::backend::{Crew, Error, Launch, Task, Trial};
use isomon::bench::{Bench, Prior, head, preset};
use isomon::model::backend::{BackendId, BackendStatus, Readiness, Traits};
use isomon::model::bench::{Outcome, Phase, Phases, Preset};
use isomon::model::id::RunId;
use isomon::model::load::Standing;
use isomon::model::root::Roots;
use isomon::model::run::Run;
use isomon::model::time::{SetClock, Stamp};
use isomon::model::unit::Seconds;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The true median of the cold start of each backend, in seconds.
pub(crate) const MEDIANS: [(BackendId, f64); 3] =
    [(BackendId::Runc, 0.080), (BackendId::GvisorSystrap, 0.300), (BackendId::Process, 0.001)];

struct Simulated {
    clock: Arc<SetClock>,
    now_us: u64,
}

impl Simulated {
    fn pass(&mut self, seconds: f64) {
        let length = std::time::Duration::from_secs_f64(seconds);
        self.now_us += u64::try_from(length.as_micros()).unwrap();
        self.clock.set(self.now_us / 1_000);
    }
}

impl Launch for Simulated {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        let median = MEDIANS.iter().find(|(backend, _)| *backend == task.backend).unwrap().1;
        let mut rng = StdRng::seed_from_u64(task.nonce);
        let (a, b) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        let start = median * (0.1 * normal).exp();
        let mut phases = Phases::default();
        phases.set(Phase::Create, Seconds(start / 4.0));
        phases.set(Phase::Ready, Seconds(start * 3.0 / 4.0));
        phases.set(Phase::Run, Seconds(1e-4));
        phases.set(Phase::Exit, Seconds(1e-3));
        self.pass(start + 1.1e-3);
        Ok(Trial {
            phases,
            outcome: Outcome::Good,
            status: Some(0),
            signal: None,
            value: None,
            left_over: false,
            dropped_bytes: 0,
            said: Vec::new(),
        })
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        self.pass(1e-3);
        Ok(Seconds(1e-3))
    }
}

impl Crew for Simulated {
    type Hand = Self;

    async fn hands(&mut self, _: u32, _: &Task) -> Result<Vec<Self>, Error> {
        Err(Error::Interrupted { doing: "crew" })
    }

    async fn rest(&mut self, _: Vec<Self>) -> Result<(), Error> {
        Ok(())
    }

    async fn stand(&mut self, _: &[Task]) -> Result<Vec<Outcome>, Error> {
        Err(Error::Interrupted { doing: "crew" })
    }

    async fn standing(&mut self) -> Result<Standing, Error> {
        Err(Error::Interrupted { doing: "crew" })
    }

    async fn raze(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// The run of a standard plan with `seed`.
pub(crate) fn run(seed: u64) -> Run {
    let backends = [BackendId::Runc, BackendId::GvisorSystrap];
    let mut plan = preset::plan(Preset::Quick, &backends, seed);
    plan.effort.max_rounds = 200;
    plan.effort.budget_seconds = Seconds(1e4);
    let ready = |id| BackendStatus {
        id,
        version: Some("1.0".into()),
        path: None,
        readiness: Readiness::Ready,
        traits: Traits::default(),
        ..BackendStatus::new(id)
    };
    let roots = Roots::default();
    let (id, statuses) = (RunId::new(0, 7), backends.map(ready));
    let head = head::draw_up(id, plan, &statuses, &roots, Stamp::default());
    let clock = Arc::new(SetClock::default());
    let (out, mut said) = tokio::sync::mpsc::channel(16);
    let cancel = tokio_util::sync::CancellationToken::new();
    let bench = Bench {
        head,
        roots,
        clock: clock.clone(),
        keep: None,
        out,
        cancel,
        prior: Prior::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut simulated = Simulated { clock, now_us: 0 };
    let listen = async { while said.recv().await.is_some() {} };
    runtime.block_on(async { tokio::join!(bench.run(&mut simulated), listen).0 })
}
