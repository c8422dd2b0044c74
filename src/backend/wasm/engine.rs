//! The engines of the `wasm` host, and isomon's own kernels in the forms that starts begin with.

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig,
};

use super::guest::State;
use super::wasi;
use crate::model::backend::Start;

/// The kernels as text.
const KERNELS: &str = include_str!("../../../assets/payload.wat");
/// Instances that the pool holds; more than are ever asked for at once.
const POOLED: u32 = 1_100;
/// Instances of users' code under way at once in the pool, each with a stack of its own.
const STACKS: u32 = 80;
/// Stack that code in an instance may have.
const STACK: usize = 512 << 10;

/// An engine, and what can be run by it.
pub(super) struct Maker {
    /// It.
    pub engine: Engine,
    /// What isomon's kernels are lent.
    pub own: Linker<State>,
    /// What users' code is lent.
    pub lent: Linker<State>,
    /// isomon's kernels, ready to be instantiated.
    kernels: InstancePre<State>,
}

/// Everything that instances are made of.
pub(super) struct Makers {
    plain: Maker,
    pooling: Maker,
    /// The kernels as a module.
    binary: Vec<u8>,
    /// The kernels as machine code of `plain`.
    compiled: Vec<u8>,
}

impl Makers {
    /// Compiles the kernels once for each engine.
    pub(super) fn new() -> wasmtime::Result<Self> {
        let binary = wat::parse_str(KERNELS).map_err(wasmtime::Error::new)?;
        let plain = Maker::new(InstanceAllocationStrategy::OnDemand, &binary)?;
        let pooling = Maker::new(pool(), &binary)?;
        let compiled = plain.kernels.module().serialize()?;
        Ok(Self { plain, pooling, binary, compiled })
    }

    /// Where an instance for `start` is made.
    pub(super) const fn of(&self, start: Start) -> &Maker {
        if matches!(start, Start::Pooled) { &self.pooling } else { &self.plain }
    }

    /// The kernels, as far as `start` has them.
    pub(super) fn kernels(&self, start: Start) -> wasmtime::Result<InstancePre<State>> {
        let maker = self.of(start);
        match start {
            Start::Cold => maker.own.instantiate_pre(&Module::new(&maker.engine, &self.binary)?),
            Start::Cached => maker.own.instantiate_pre(&self.load()?),
            Start::Pooled | Start::Snapshot | Start::Warm => Ok(maker.kernels.clone()),
        }
    }

    #[expect(unsafe_code, reason = "machine code is taken at its word")]
    fn load(&self) -> wasmtime::Result<Module> {
        // SAFETY: these are the bytes that `serialize` gave in `new`, and nothing can write to them.
        unsafe { Module::deserialize(&self.plain.engine, &self.compiled) }
    }

    /// Has every instance that is over its deadline end itself.
    pub(super) fn tick(&self) {
        self.plain.engine.increment_epoch();
        self.pooling.engine.increment_epoch();
    }
}

impl Maker {
    fn new(strategy: InstanceAllocationStrategy, binary: &[u8]) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.epoch_interruption(true).max_wasm_stack(STACK).async_stack_size(4 * STACK);
        config.allocation_strategy(strategy);
        let engine = Engine::new(&config)?;
        let mut own = Linker::new(&engine);
        own.func_wrap("isomon", "ready", |caller: wasmtime::Caller<'_, State>| {
            caller.data().say_ready();
        })?;
        let mut lent = Linker::new(&engine);
        wasi::lend(&mut lent)?;
        let kernels = own.instantiate_pre(&Module::new(&engine, binary)?)?;
        Ok(Self { engine, own, lent, kernels })
    }
}

fn pool() -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(POOLED).total_memories(POOLED).total_tables(POOLED);
    pool.total_stacks(STACKS).max_memories_per_module(1).max_tables_per_module(1);
    InstanceAllocationStrategy::Pooling(pool)
}

#[cfg(test)]
mod tests {
    use super::super::guest::Guest;
    use super::super::talk::Voice;
    use super::*;
    use crate::backend::payload;
    use crate::model::bench::Payload;

    #[test]
    fn the_kernels_give_what_the_reference_says_however_they_are_started() {
        let makers = Makers::new().unwrap();
        for start in [Start::Cold, Start::Cached, Start::Pooled, Start::Warm] {
            for (payload, nonce) in [
                (Payload::Noop, 0),
                (Payload::Cpu { rounds: 0 }, 1),
                (Payload::Cpu { rounds: 100_003 }, u64::MAX),
                (Payload::Memory { mib: 3 }, 0xdead_beef_0123_4567),
            ] {
                let (voice, said) = Voice::recorded();
                let mut guest = Guest::new(&makers, start, 64 << 20, voice).unwrap();
                let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
                guest.prepare(String::new(), deadline);
                let value = guest.kernel(&makers, payload, nonce).unwrap();
                assert_eq!(value, payload::expected(payload, nonce), "{payload:?} {start:?}");
                let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
                assert!(said.contains("ready"), "{said}");
            }
        }
    }
}
