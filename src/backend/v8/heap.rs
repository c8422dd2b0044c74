//! Bounds of an isolate's memory: what happens near the limit of its heap, and an allocator of array
//! buffers that stops at a limit. Whatever V8 takes beside both is bounded by the control group.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deno_core::v8::{self, RustAllocatorVtable};

use super::host;
use super::ward::Ward;
use crate::backend::isolate::Fault;

/// Heap given once beyond the limit, so that what was stopped can unwind.
const SPARE: usize = 32 << 20;
/// Alignment that array buffers have.
const ALIGN: usize = 16;

/// What makes an isolate with a heap of `bytes`, watched by `ward`.
pub(super) fn bound(bytes: usize, ward: &Arc<Ward>) -> v8::CreateParams {
    v8::CreateParams::default()
        .heap_limits(0, bytes)
        .allow_atomics_wait(false)
        .array_buffer_allocator(allocator(ward))
}

/// Has `ward` stop `isolate` when its heap is nearly full.
pub(super) fn guard(isolate: &mut v8::OwnedIsolate, ward: &Arc<Ward>) {
    isolate.add_near_heap_limit_callback(near_limit, Arc::as_ptr(ward).cast_mut().cast());
    isolate.set_oom_error_handler(exhausted);
}

#[expect(unsafe_code, reason = "called by the engine")]
unsafe extern "C" fn exhausted(_: *const std::ffi::c_char, _: &v8::OomDetails) {
    host::lose_present();
}

#[expect(unsafe_code, reason = "the engine hands back the pointer that it was given")]
unsafe extern "C" fn near_limit(ward: *mut c_void, current: usize, initial: usize) -> usize {
    // SAFETY: it is the pointer of an `Arc<Ward>` that the isolate's owner holds longer than it.
    let ward = unsafe { &*ward.cast::<Ward>() };
    ward.stop(Fault::Memory);
    // Code that no stop reaches and that goes on growing meets the engine's own end.
    if current > initial { current } else { current + SPARE }
}

#[expect(unsafe_code, reason = "an allocator is a table of functions to the engine")]
fn allocator(ward: &Arc<Ward>) -> v8::UniqueRef<v8::Allocator> {
    static TABLE: RustAllocatorVtable<Ward> =
        RustAllocatorVtable { allocate, allocate_uninitialized, free, drop };
    // SAFETY: the pointer is of an `Arc<Ward>`, which is what the functions of the table take, and
    // `drop` gives its count back.
    unsafe { v8::new_rust_allocator(Arc::into_raw(ward.clone()), &TABLE) }
}

/// Takes `length` bytes of the ward's, if there are as many.
fn take(ward: &Ward, length: usize) -> Option<Layout> {
    let more = |used: usize| used.checked_add(length).filter(|sum| *sum <= ward.most);
    let taken = ward.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok();
    ward.starved.store(!taken, Ordering::SeqCst);
    taken.then(|| layout(length))?
}

fn layout(length: usize) -> Option<Layout> {
    Layout::from_size_align(length.max(1), ALIGN).ok()
}

#[expect(unsafe_code, reason = "called by the engine")]
unsafe extern "C" fn allocate(ward: &Ward, length: usize) -> *mut c_void {
    // SAFETY: the layout is of at least one byte.
    take(ward, length).map_or(ptr::null_mut(), |layout| unsafe { alloc_zeroed(layout) }.cast())
}

#[expect(unsafe_code, reason = "called by the engine")]
unsafe extern "C" fn allocate_uninitialized(ward: &Ward, length: usize) -> *mut c_void {
    // SAFETY: the layout is of at least one byte.
    take(ward, length).map_or(ptr::null_mut(), |layout| unsafe { alloc(layout) }.cast())
}

#[expect(unsafe_code, reason = "called by the engine")]
unsafe extern "C" fn free(ward: &Ward, data: *mut c_void, length: usize) {
    if let Some(layout) = layout(length).filter(|_| !data.is_null()) {
        // SAFETY: it was allocated above with the same length, hence the same layout.
        unsafe { dealloc(data.cast(), layout) };
        ward.used.fetch_sub(length, Ordering::SeqCst);
    }
}

#[expect(unsafe_code, reason = "called by the engine")]
unsafe extern "C" fn drop(ward: *const Ward) {
    // SAFETY: it is the pointer that `Arc::into_raw` gave to the engine, given back once.
    std::mem::drop(unsafe { Arc::from_raw(ward) });
}
