//! The engine: started once for each host, with a start-up snapshot made once; isolates come out of
//! it bare or from that snapshot, each with what we lend.

use std::borrow::Cow;
use std::sync::Arc;

use deno_core::v8::{self, MapFnTo};

use super::heap;
use super::living::{output, ready};
use super::ward::Ward;
use crate::backend::isolate::INSIDE;
use crate::model::backend::Start;

/// The engine's name and version, without what its packer adds.
pub(super) fn version() -> String {
    let version = v8::V8::get_version();
    format!("V8 {}", version.split('-').next().unwrap_or(version))
}

/// A started engine.
pub(super) struct Engine {
    blob: &'static [u8],
}

/// An isolate that is not entered, and what is needed to work in it.
pub(super) struct Made {
    pub(super) isolate: v8::OwnedIsolate,
    pub(super) context: v8::Global<v8::Context>,
    /// The way in: `(nonce, code, input)` to a result or a promise of it.
    pub(super) run: v8::Global<v8::Function>,
}

impl Engine {
    /// Starts it; once in a process.
    pub(super) fn start() -> Option<Self> {
        v8::V8::initialize_platform(v8::new_default_platform(2, false).make_shared());
        v8::V8::initialize();
        Some(Self { blob: snapshot()?.to_vec().leak() })
    }

    /// Makes an isolate, entered by this thread.
    pub(super) fn make(&self, start: Start, heap: usize, ward: &Arc<Ward>) -> Option<Made> {
        let params = heap::bound(heap, ward)
            .snapshot_blob(Cow::Borrowed(self.blob).into())
            .external_references(lent());
        let mut isolate = v8::Isolate::new(params);
        heap::guard(&mut isolate, ward);
        ward.bind(isolate.thread_safe_handle());
        let (context, run) = {
            v8::scope!(let scope, &mut isolate);
            let stored = start == Start::Snapshot;
            let options = v8::ContextOptions::default();
            let context = if stored {
                v8::Context::from_snapshot(scope, 0, options)?
            } else {
                v8::Context::new(scope, options)
            };
            let scope = &mut v8::ContextScope::new(scope, context);
            let run = if stored {
                scope.get_context_data_from_snapshot_once::<v8::Function>(0).ok()?
            } else {
                furnish(scope)?
            };
            (v8::Global::new(scope, context), v8::Global::new(scope, run))
        };
        Some(Made { isolate, context, run })
    }
}

/// Runs one task that the engine left for the isolate's thread; whether there was one.
pub(super) fn pump(isolate: &v8::Isolate) -> bool {
    v8::Platform::pump_message_loop(&v8::V8::get_current_platform(), isolate, false)
}

/// The functions that a snapshot refers to.
fn lent() -> Cow<'static, [v8::ExternalReference]> {
    let functions = [ready.map_fn_to(), output.map_fn_to()];
    functions.map(|function| v8::ExternalReference { function }).to_vec().into()
}

/// Two contexts as bytes: V8's own, as every new isolate has it, and a furnished one. All isolates
/// come from these bytes, since V8 shares what can only be read among all isolates of a process: one
/// from its built-in bytes beside one from ours ends the process.
fn snapshot() -> Option<v8::StartupData> {
    let mut isolate = v8::Isolate::snapshot_creator(Some(lent()), None);
    {
        v8::scope!(let scope, &mut isolate);
        let bare = v8::Context::new(scope, v8::ContextOptions::default());
        scope.set_default_context(bare);
        let context = v8::Context::new(scope, v8::ContextOptions::default());
        let scope = &mut v8::ContextScope::new(scope, context);
        let run = furnish(scope)?;
        scope.add_context(context);
        scope.add_context_data(context, run);
    }
    isolate.create_blob(v8::FunctionCodeHandling::Keep)
}

/// Puts what we lend into the present context; the way in.
fn furnish<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Function>> {
    let lend = v8::Object::new(scope);
    let ready = v8::Function::new(scope, ready)?;
    set(scope, lend, "ready", ready.into())?;
    let output = v8::Function::new(scope, output)?;
    set(scope, lend, "output", output.into())?;
    let names = ["file:///etc/passwd", "node:fs"].map(|name| v8::String::new(scope, name));
    let names: Vec<v8::Local<'_, v8::Value>> =
        names.into_iter().flatten().map(Into::into).collect();
    let modules = v8::Array::new_with_elements(scope, &names);
    set(scope, lend, "modules", modules.into())?;
    let source = v8::String::new(scope, INSIDE)?;
    let inside = v8::Script::compile(scope, source, None)?.run(scope)?;
    let inside: v8::Local<'_, v8::Function> = inside.try_into().ok()?;
    let nothing = v8::undefined(scope).into();
    inside.call(scope, nothing, &[lend.into()])?.try_into().ok()
}

fn set(
    scope: &mut v8::PinScope<'_, '_>,
    object: v8::Local<'_, v8::Object>,
    name: &str,
    value: v8::Local<'_, v8::Value>,
) -> Option<bool> {
    let name = v8::String::new(scope, name)?;
    object.set(scope, name.into(), value)
}
