//! One instance: its store, what it may have, and how it ends.

use std::time::Instant;

use wasmtime::{Instance, ResourceLimiter, Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p1::WasiP1Ctx;

use super::engine::Makers;
use super::talk::Voice;
use crate::backend::isolate::{Fault, Tell};
use crate::model::backend::Start;
use crate::model::bench::Payload;

/// Bytes that an element of a table stands for.
const ELEMENT: usize = 16;
/// Memories, tables and instances of one store.
const PARTS: usize = 8;
/// Letters of a message.
const MESSAGE: usize = 1000;

/// What belongs to one instance.
pub(super) struct State {
    voice: Voice,
    nonce: String,
    deadline: Instant,
    late: bool,
    room: Room,
    /// What users' code is lent of a system.
    pub wasi: Option<WasiP1Ctx>,
}

/// Memory it has, and may have.
struct Room {
    most: usize,
    used: usize,
    full: bool,
}

impl ResourceLimiter for Room {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT)))
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}

impl Room {
    const fn grow(&mut self, bytes: usize) -> bool {
        let wanted = self.used.saturating_add(bytes);
        self.full |= wanted > self.most;
        if wanted <= self.most {
            self.used = wanted;
        }
        wanted <= self.most
    }
}

impl State {
    /// Says that the first instruction runs.
    pub(super) fn say_ready(&self) {
        let (id, nonce) = (self.voice.id(), self.nonce.clone());
        self.voice.say(&Tell::Ready { id, nonce });
    }
}

/// How it failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// In which way.
    pub kind: Fault,
    /// For a person.
    pub message: String,
    /// Exit status, where the code gave one.
    pub status: Option<i32>,
}

/// An instance, or the store for one.
pub(super) struct Guest {
    start: Start,
    /// It.
    pub store: Store<State>,
    kernels: Option<Instance>,
}

impl Guest {
    /// A store with at most `bytes` of memory; for a warm start, the kernels in it.
    pub(super) fn new(
        makers: &Makers,
        start: Start,
        bytes: u64,
        voice: Voice,
    ) -> Result<Self, Failure> {
        let most = usize::try_from(bytes).unwrap_or(usize::MAX);
        let room = Room { most, used: 0, full: false };
        let (nonce, deadline) = (String::new(), Instant::now());
        let state = State { voice, nonce, deadline, late: false, room, wasi: None };
        let mut store = Store::new(&makers.of(start).engine, state);
        store.limiter(|state| &mut state.room);
        store.epoch_deadline_callback(|mut context| {
            let state = context.data_mut();
            state.late = Instant::now() >= state.deadline;
            if state.late { Ok(UpdateDeadline::Interrupt) } else { Ok(UpdateDeadline::Continue(1)) }
        });
        let mut guest = Self { start, store, kernels: None };
        if start == Start::Warm {
            guest.store.set_epoch_deadline(u64::MAX >> 1);
            guest.furnish(makers).map_err(|error| guest.create_failure(&error))?;
        }
        Ok(guest)
    }

    /// Lets it run until `deadline`, saying `nonce` when it does.
    pub(super) fn prepare(&mut self, nonce: String, deadline: Instant) {
        let state = self.store.data_mut();
        (state.nonce, state.deadline) = (nonce, deadline);
        self.store.set_epoch_deadline(1);
    }

    /// Does isomon's own work.
    pub(super) fn kernel(
        &mut self,
        makers: &Makers,
        payload: Payload,
        nonce: u64,
    ) -> Result<u64, Failure> {
        let instance = match self.kernels {
            Some(instance) => instance,
            None => self.furnish(makers).map_err(|error| self.create_failure(&error))?,
        };
        self.work(instance, payload, nonce).map_err(|error| self.failure(&error))
    }

    fn furnish(&mut self, makers: &Makers) -> wasmtime::Result<Instance> {
        let instance = makers.kernels(self.start)?.instantiate(&mut self.store)?;
        self.kernels = Some(instance);
        Ok(instance)
    }

    fn work(&mut self, instance: Instance, payload: Payload, nonce: u64) -> wasmtime::Result<u64> {
        let name = payload.name();
        let kernel = instance.get_typed_func::<(i64, i64), i64>(&mut self.store, name)?;
        let arguments = (payload.amount().cast_signed(), nonce.cast_signed());
        Ok(kernel.call(&mut self.store, arguments)?.cast_unsigned())
    }

    /// What was there when it was asked for.
    pub(super) const fn start(&self) -> Start {
        self.start
    }

    /// Memory and tables it has.
    pub(super) fn used_bytes(&self) -> u64 {
        self.store.data().room.used as u64
    }

    /// What `error` means, where the code has not run yet.
    pub(super) fn create_failure(&self, error: &wasmtime::Error) -> Failure {
        let failure = self.failure(error);
        let kind = if failure.kind == Fault::Error { Fault::Create } else { failure.kind };
        Failure { kind, ..failure }
    }

    /// What `error` means: what it was denied before says more than how it took that.
    pub(super) fn failure(&self, error: &wasmtime::Error) -> Failure {
        let state = self.store.data();
        let exit = error.downcast_ref::<I32Exit>().map(|exit| exit.0);
        let trap = error.downcast_ref::<Trap>();
        let kind = match () {
            () if state.late => Fault::Deadline,
            () if state.room.full && exit.is_none() => Fault::Memory,
            () => Fault::Error,
        };
        let message = match (kind, exit, trap) {
            (Fault::Memory, ..) => format!("it wanted more than {} bytes", state.room.most),
            (Fault::Deadline, ..) | (_, Some(_), _) => String::new(),
            (_, _, Some(trap)) => trap.to_string(),
            _ => format!("{error:#}").chars().take(MESSAGE).collect(),
        };
        Failure { kind, message, status: exit }
    }

    /// One over its deadline that was waiting for something.
    pub(super) const fn late() -> Failure {
        Failure { kind: Fault::Deadline, message: String::new(), status: None }
    }
}
