//! One living isolate: it runs what it is asked, in bounds, and tells what came of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use deno_core::v8;

use super::engine::{Made, pump};
use super::host::{self, tell};
use super::ward::{Release, Ward, Watchdog};
use crate::backend::isolate::{Code, Fault, Tell};
use crate::model::job::Stream;

/// Letters of a message that are told.
const MESSAGE: usize = 4096;

/// What our functions know of the run they are called in.
struct Present {
    id: u64,
    nonce: String,
    left: u64,
    dropped: u64,
    is_ready: bool,
}

/// One thing to run.
pub(super) struct Job {
    pub(super) nonce: String,
    pub(super) code: Code,
    pub(super) input: Option<serde_json::Value>,
    pub(super) deadline: Duration,
    pub(super) output_bytes: u64,
}

/// How it ended.
enum End {
    Value(String),
    Threw(String),
    Stuck,
}

/// An isolate, entered only while something is done with it.
pub(super) struct Living {
    id: u64,
    ward: Arc<Ward>,
    made: Made,
}

impl Living {
    /// Takes one over that was just made, and leaves it.
    pub(super) fn of(id: u64, ward: Arc<Ward>, made: Made) -> Self {
        let living = Self { id, ward, made };
        leave(&living.made.isolate);
        living
    }

    /// Takes it away.
    pub(super) fn end(self) {
        enter(&self.made.isolate);
        let Made { isolate, context, run } = self.made;
        drop((context, run));
        drop(isolate);
    }

    /// Bytes of its heap and its array buffers.
    pub(super) fn bytes(&mut self) -> u64 {
        enter(&self.made.isolate);
        let heap = self.made.isolate.get_heap_statistics();
        leave(&self.made.isolate);
        let arrays = self.ward.used.load(Ordering::SeqCst);
        (heap.total_physical_size() + heap.malloced_memory() + arrays) as u64
    }

    /// Runs `job` and tells how it ended.
    pub(super) fn run(&mut self, dog: &Watchdog, job: &Job) {
        let id = self.id;
        let due = (Instant::now() + job.deadline, id);
        dog.arm(due, self.ward.clone());
        enter(&self.made.isolate);
        host::mark_present(Some((id, Arc::as_ptr(&self.ward))));
        let present = Present {
            id,
            nonce: job.nonce.clone(),
            left: job.output_bytes,
            dropped: 0,
            is_ready: false,
        };
        self.made.isolate.set_slot(present);
        let end = self.work(job);
        let dropped_bytes =
            self.made.isolate.remove_slot::<Present>().map_or(0, |present| present.dropped);
        host::mark_present(None);
        leave(&self.made.isolate);
        if dog.release(&due) == Release::Lost {
            return;
        }
        tell(&match self.judge(end, job) {
            Ok(value) => Tell::Done { id, value, dropped_bytes },
            Err((kind, message)) => Tell::Failed { id, kind, message, status: None, dropped_bytes },
        });
    }

    fn judge(&self, end: End, job: &Job) -> Result<String, (Fault, String)> {
        let starved = self.ward.starved.load(Ordering::SeqCst);
        let late = || format!("no result within {} ms", job.deadline.as_millis());
        match (self.ward.verdict(), end) {
            (Some(Fault::Deadline), _) => Err((Fault::Deadline, late())),
            (Some(Fault::Memory), _) => Err((Fault::Memory, "its heap is full".to_owned())),
            (Some(fault), _) => Err((fault, "it was taken away".to_owned())),
            (None, End::Value(value)) => Ok(value),
            (None, End::Threw(message)) if starved => Err((Fault::Memory, message)),
            (None, End::Threw(message)) => Err((Fault::Error, message)),
            (None, End::Stuck) => {
                Err((Fault::Error, "it waits for what can never happen".to_owned()))
            }
        }
    }

    fn work(&mut self, job: &Job) -> End {
        let Made { isolate, context, run } = &mut self.made;
        v8::scope!(let scope, isolate);
        let context = v8::Local::new(scope, &*context);
        let scope = &mut v8::ContextScope::new(scope, context);
        v8::tc_scope!(let scope, scope);
        let run = v8::Local::new(scope, &*run);
        let code = serde_json::to_string(&job.code).unwrap_or_default();
        let input = serde_json::to_string(&job.input).unwrap_or_default();
        let texts = [job.nonce.as_str(), &code, &input].map(|text| v8::String::new(scope, text));
        let [Some(nonce), Some(code), Some(input)] = texts else {
            return End::Threw("the code is longer than a string may be".to_owned());
        };
        let nothing = v8::undefined(scope).into();
        let Some(value) = run.call(scope, nothing, &[nonce.into(), code.into(), input.into()])
        else {
            let exception = scope.exception();
            return End::Threw(exception.map_or_else(String::new, |error| words(scope, error)));
        };
        let Ok(promise) = v8::Local::<v8::Promise>::try_from(value) else {
            return End::Value(value.to_rust_string_lossy(scope));
        };
        settle(scope, &self.ward, promise)
    }
}

/// Runs what is left to run until `promise` is kept or broken, or nothing is left.
fn settle(
    scope: &mut v8::PinScope<'_, '_>,
    ward: &Ward,
    promise: v8::Local<'_, v8::Promise>,
) -> End {
    loop {
        scope.perform_microtask_checkpoint();
        match promise.state() {
            v8::PromiseState::Pending => {}
            v8::PromiseState::Fulfilled => {
                let value = promise.result(scope);
                return End::Value(value.to_rust_string_lossy(scope));
            }
            v8::PromiseState::Rejected => {
                let error = promise.result(scope);
                return End::Threw(words(scope, error));
            }
        }
        let stopped = ward.verdict().is_some();
        if stopped || !(pump(scope) || scope.has_pending_background_tasks()) {
            return End::Stuck;
        }
        std::thread::yield_now();
    }
}

/// What an exception says; bounded.
fn words(scope: &mut v8::PinScope<'_, '_>, error: v8::Local<'_, v8::Value>) -> String {
    let text = error.to_string(scope).map(|text| text.to_rust_string_lossy(scope));
    let text = text.unwrap_or_else(|| "an error that cannot be shown".to_owned());
    text.chars().take(MESSAGE).collect()
}

/// Lent: the code's first instruction runs.
pub(super) fn ready(
    scope: &mut v8::PinScope<'_, '_>,
    _: v8::FunctionCallbackArguments<'_>,
    _: v8::ReturnValue<'_, v8::Value>,
) {
    let Some(present) = scope.get_slot_mut::<Present>().filter(|present| !present.is_ready) else {
        return;
    };
    present.is_ready = true;
    let (id, nonce) = (present.id, std::mem::take(&mut present.nonce));
    tell(&Tell::Ready { id, nonce });
}

/// Lent: output on a stream; what does not fit any more is counted and dropped.
#[expect(clippy::needless_pass_by_value, reason = "V8 calls it so")]
pub(super) fn output(
    scope: &mut v8::PinScope<'_, '_>,
    arguments: v8::FunctionCallbackArguments<'_>,
    _: v8::ReturnValue<'_, v8::Value>,
) {
    let Ok(text) = v8::Local::<v8::String>::try_from(arguments.get(1)) else {
        return;
    };
    let is_error = arguments.get(0).to_rust_string_lossy(scope) == "error";
    let length = text.utf8_length(scope) as u64;
    let Some(present) = scope.get_slot_mut::<Present>() else {
        return;
    };
    if length > present.left {
        present.dropped += length;
        return;
    }
    present.left -= length;
    let id = present.id;
    let stream = if is_error { Stream::Error } else { Stream::Output };
    tell(&Tell::Output { id, stream, text: text.to_rust_string_lossy(scope) });
}

#[expect(unsafe_code, reason = "one thread has many isolates and is in one at a time")]
fn enter(isolate: &v8::Isolate) {
    // SAFETY: only the thread that made it uses it, and it leaves it before it enters another.
    unsafe { isolate.enter() };
}

#[expect(unsafe_code, reason = "one thread has many isolates and is in one at a time")]
fn leave(isolate: &v8::Isolate) {
    // SAFETY: it was entered last, by this thread.
    unsafe { isolate.exit() };
}
