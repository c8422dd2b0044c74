//! A run while it goes on: its events are gathered, Ctrl-C ends it.

use color_eyre::eyre::{Result, eyre};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::advice::Advise;
use super::super::progress::Meter;
use super::super::signals::Signals;
use super::{never_began, outlook};
use crate::hub::Deed;
use crate::hub::local::{Local, new_id};
use crate::model::bench::Plan;
use crate::model::id::RunId;
use crate::model::pipeline::MomentKind;
use crate::model::run::{Run, RunEvent, RunHead};
use crate::model::text::SafeText;
use crate::model::time::{Clock as _, SystemClock};
use crate::model::update::{Update, What};

const EVENTS: usize = 256;

/// What was heard of a run.
pub(super) struct Heard {
    /// The run; `None` when a signal left nothing to tell.
    pub(super) run: Option<Run>,
    /// The signal that ended it.
    pub(super) signal: Option<u8>,
    /// Something went wrong beside the samples, and was said.
    pub(super) fault: bool,
}

/// What is done.
pub(super) enum Work {
    /// A run of this plan.
    New(Box<Plan>),
    /// This run goes on; on a machine that is not as it was only if told so.
    Resume(RunId, bool),
}

/// Does `work`. The first signal ends the run and keeps what it has; the second leaves at once,
/// and what is still there is swept up by the reaper.
pub(super) async fn run(local: Local, work: Work, meter: &mut Meter) -> Result<Heard> {
    let mut signals = Signals::listen()?;
    let (out, events) = mpsc::channel(EVENTS);
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let resumes = matches!(work, Work::Resume(..));
    let doing = tokio::spawn(async move {
        match work {
            Work::New(plan) => local.bench(new_id(), *plan, out, token).await,
            Work::Resume(id, anyway) => local.go_on(id, anyway, out, token).await,
        }
    });
    let began_ms = SystemClock.now().wall_ms;
    let mut gathered = Gathered { began_ms, resumes, ..Gathered::default() };
    if gathered.hear(events, &mut signals, &cancel, meter).await {
        meter.say("left at once; `isomon gc` sweeps what the reaper may have missed");
        return Ok(Heard { run: None, signal: gathered.signal, fault: false });
    }
    gathered.finish(doing.await?, meter)
}

/// The plan without the backends that cannot run here; `None` if all of them can.
fn what_can_run(head: &RunHead) -> Option<Plan> {
    let mut plan = head.plan.clone();
    plan.backends.retain(|id| head.cells.iter().any(|cell| cell.backend == *id));
    head.left_out.iter().any(|out| out.payload.is_none()).then_some(plan)
}

/// What came of a run so far.
#[derive(Default)]
struct Gathered {
    run: Option<Run>,
    signal: Option<u8>,
    /// Something went wrong that did not end it: its disk is full, a backend was given up.
    fault: bool,
    /// Milliseconds since 1970 UTC when it was begun, or went on.
    began_ms: i64,
    /// It goes on.
    resumes: bool,
}

impl Gathered {
    /// Hears a run to its end. True if the user did not want to wait for it.
    async fn hear(
        &mut self,
        mut events: mpsc::Receiver<Update>,
        signals: &mut Signals,
        cancel: &CancellationToken,
        meter: &mut Meter,
    ) -> bool {
        loop {
            tokio::select! {
                number = signals.recv() => {
                    self.signal = Some(number);
                    if cancel.is_cancelled() {
                        return true;
                    }
                    cancel.cancel();
                    meter.say("ending the run; once more leaves at once");
                }
                event = events.recv() => match event {
                    Some(update) => self.hear_one(update.what, meter),
                    None => return false,
                },
            }
        }
    }

    fn hear_one(&mut self, what: What, meter: &mut Meter) {
        match what {
            What::Run { event, .. } => self.take(event, meter),
            What::Notice(notice) => {
                self.fault |= notice.bad;
                meter.say(notice.text.as_str());
            }
            _ => {}
        }
    }

    fn take(&mut self, event: RunEvent, meter: &mut Meter) {
        match event {
            RunEvent::Started(head) => {
                if let Some(plan) = what_can_run(&head) {
                    meter.say(&format!("of these, here: {}", outlook::outlook(&plan)));
                }
                meter.say(&format!("run {}, seed {}", head.id, head.plan.seed));
                self.run = Some(Run::begun(*head));
            }
            RunEvent::Progress(progress) => meter.show(&progress),
            RunEvent::Moment(moment) if moment.kind == MomentKind::Resumed => {
                // Those of before are told again, and were said then.
                if moment.at_ms >= self.began_ms {
                    meter.say(moment.words.as_str());
                }
                self.keep(RunEvent::Moment(moment));
            }
            event => self.keep(event),
        }
    }

    fn keep(&mut self, event: RunEvent) {
        if let Some(run) = &mut self.run {
            run.take(event);
        }
    }

    fn finish(self, result: Result<(), SafeText>, meter: &mut Meter) -> Result<Heard> {
        let signal = self.signal;
        let Some(run) = self.run else {
            if signal.is_some() {
                meter.say("ended before anything was measured");
                return Ok(Heard { run: None, signal, fault: false });
            }
            let why = result.err();
            let why = why.as_ref().map_or("nothing was run", SafeText::as_str);
            let remedy = "`isomon list` shows the runs, and which of them can go on";
            return Err(if self.resumes {
                eyre!("{why}").advise(remedy)
            } else {
                never_began(why)
            });
        };
        if let (Err(why), None) = (&result, &run.tail) {
            return Err(eyre!("run {}: {why}", run.head.id));
        }
        let fault = result.err();
        if let Some(why) = &fault {
            meter.say(why.as_str());
        }
        Ok(Heard { run: Some(run), signal, fault: fault.is_some() || self.fault })
    }
}
