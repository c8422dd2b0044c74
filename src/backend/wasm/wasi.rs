//! A user's module: WASI preview 1 without files, network, arguments and environment; or a function
//! of numbers.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncWrite;
use wasmtime::{Func, Linker, Module, Val, ValType};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p1;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::engine::Makers;
use super::guest::{Failure, Guest, State};
use super::talk::Output;
use crate::model::job::Stream;

/// Bytes that a module may write at a time.
const PIECE: usize = 64 << 10;
/// Functions that are called where there is no `_start`, the first that there is.
const NAMES: [&str; 2] = ["run", "main"];

/// Puts WASI into `linker`.
pub(super) fn lend(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p1::add_to_linker_async(linker, |state| {
        // Only `run` below instantiates with this linker, and it sets it first.
        state.wasi.get_or_insert_with(|| WasiCtxBuilder::new().build_p1())
    })
}

/// Compiles `code` and runs it until `deadline`; its result as JSON, or nothing.
pub(super) fn run(
    makers: &Makers,
    guest: &mut Guest,
    code: &[u8],
    input: Option<&Value>,
    output: &Output,
    deadline: Instant,
) -> Result<String, Failure> {
    let maker = makers.of(guest.start());
    let module = Module::new(&maker.engine, code).map_err(|error| guest.create_failure(&error))?;
    let line = input.map(|input| format!("{input}\n")).unwrap_or_default();
    let pipe = |stream| Pipe { output: output.clone(), stream, tail: Vec::new() };
    let wasi = WasiCtxBuilder::new()
        .stdin(MemoryInputPipe::new(line))
        .stdout(pipe(Stream::Output))
        .stderr(pipe(Stream::Error))
        .build_p1();
    guest.store.data_mut().wasi = Some(wasi);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| guest.create_failure(&wasmtime::Error::new(error)))?;
    let conducted = runtime.block_on(async {
        tokio::time::timeout_at(deadline.into(), conduct(&maker.lent, guest, &module, input)).await
    });
    conducted.unwrap_or_else(|_| Err(Guest::late()))
}

async fn conduct(
    lent: &Linker<State>,
    guest: &mut Guest,
    module: &Module,
    input: Option<&Value>,
) -> Result<String, Failure> {
    let instance = lent.instantiate_async(&mut guest.store, module).await;
    let instance = instance.map_err(|error| guest.create_failure(&error))?;
    if let Some(start) = instance.get_func(&mut guest.store, "_start") {
        return call(guest, start, None).await.map(|_| String::new());
    }
    let named = NAMES.iter().find_map(|name| instance.get_func(&mut guest.store, name));
    match named {
        Some(function) => call(guest, function, input).await,
        None => Err(guest
            .create_failure(&wasmtime::Error::msg("it exports neither _start nor run nor main"))),
    }
}

/// Calls `function` with the numbers of `input`.
async fn call(guest: &mut Guest, function: Func, input: Option<&Value>) -> Result<String, Failure> {
    let kind = function.ty(&guest.store);
    let arguments = arguments(kind.params(), input);
    let arguments = arguments.map_err(|why| guest.create_failure(&wasmtime::Error::msg(why)))?;
    let mut results = vec![Val::I32(0); kind.results().len()];
    guest.store.data().say_ready();
    let called = function.call_async(&mut guest.store, &arguments, &mut results).await;
    match called {
        Ok(()) => Ok(result(&results)),
        Err(error) => {
            let failure = guest.failure(&error);
            if failure.status == Some(0) { Ok(String::new()) } else { Err(failure) }
        }
    }
}

/// `input`, a number or a list of them, as values of the wanted types.
fn arguments(
    wanted: impl ExactSizeIterator<Item = ValType>,
    input: Option<&Value>,
) -> Result<Vec<Val>, String> {
    let given: &[Value] = match input {
        None | Some(Value::Null) => &[],
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
    };
    if given.len() != wanted.len() {
        return Err(format!("it takes {} numbers, the input has {}", wanted.len(), given.len()));
    }
    wanted.zip(given).map(|(kind, value)| argument(&kind, value)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the narrower float is what was asked for")]
fn argument(kind: &ValType, value: &Value) -> Result<Val, String> {
    let made = match kind {
        ValType::I32 => value.as_i64().and_then(|whole| i32::try_from(whole).ok()).map(Val::I32),
        ValType::I64 => value.as_i64().map(Val::I64),
        ValType::F32 => value.as_f64().map(|real| Val::F32((real as f32).to_bits())),
        ValType::F64 => value.as_f64().map(|real| Val::F64(real.to_bits())),
        _ => None,
    };
    made.ok_or_else(|| format!("{value} is no {kind}"))
}

/// `results` as JSON: nothing, one, or a list.
fn result(results: &[Val]) -> String {
    let number = |value: &Val| match value {
        Val::I32(whole) => Value::from(*whole),
        Val::I64(whole) => Value::from(*whole),
        Val::F32(bits) => Value::from(f32::from_bits(*bits)),
        Val::F64(bits) => Value::from(f64::from_bits(*bits)),
        _ => Value::Null,
    };
    match results {
        [] => String::new(),
        [one] => number(one).to_string(),
        all => Value::from(all.iter().map(number).collect::<Vec<_>>()).to_string(),
    }
}

/// One of its outputs.
#[derive(Clone)]
struct Pipe {
    output: Output,
    stream: Stream,
    tail: Vec<u8>,
}

impl IsTerminal for Pipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Pipe {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Pipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.output.write(self.stream, &mut self.tail, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PIECE)
    }
}

impl Pollable for Pipe {
    fn ready<'a, 'b>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(std::future::ready(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let Self { output, stream, tail } = &mut *self;
        output.write(*stream, tail, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_in_and_come_out() {
        let wanted = || [ValType::I32, ValType::F64].into_iter();
        let given = serde_json::json!([3, 0.5]);
        let values = arguments(wanted(), Some(&given)).unwrap();
        assert_eq!(result(&values), "[3,0.5]");
        assert!(arguments(wanted(), None).is_err());
        assert!(arguments(wanted(), Some(&serde_json::json!([1_u64 << 40, 1]))).is_err());
        assert_eq!(result(&[Val::F64(f64::NAN.to_bits())]), "null");
        assert_eq!(result(&[]), "");
    }
}
