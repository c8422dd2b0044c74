//! The machine: memory and one processor, in the state in which PVH starts a kernel.

use kvm_bindings::{
    CpuId, kvm_cpuid_entry2, kvm_regs, kvm_segment, kvm_sregs, kvm_userspace_memory_region,
};
use kvm_ioctls::{Kvm, VcpuFd, VmFd};
use vm_memory::{GuestAddress, GuestMemoryBackend, GuestMemoryMmap};

use super::image::{self, Begin};

/// Memory the guest can map, which is also below every device of a PC.
const MOST: u64 = 3 << 30;
/// Memory the guest needs for itself.
const LEAST: u64 = 2 << 20;
/// Three pages that some processors need, far from memory.
const TASK_STATE: usize = 0xfffb_d000;
/// Bytes in a page.
const PAGE: u64 = 4096;

/// A machine that has not run yet.
pub(super) struct Machine {
    /// Its processor.
    pub processor: VcpuFd,
    // What must outlive the processor.
    _vm: VmFd,
    _memory: GuestMemoryMmap,
}

impl Machine {
    /// One with `bytes` of memory, the guest in it, told `line`; why not.
    pub(super) fn new(bytes: u64, elf: &[u8], line: &str) -> Result<Self, String> {
        let size = size(bytes);
        if size < LEAST {
            return Err(format!("a machine needs {} MiB of memory", LEAST >> 20));
        }
        let kvm = Kvm::new().map_err(|error| format!("/dev/kvm: {error}"))?;
        let vm = kvm.create_vm().map_err(|error| format!("KVM makes no machine: {error}"))?;
        vm.set_tss_address(TASK_STATE).map_err(of("task state"))?;
        let memory = lend_memory(&vm, size)?;
        let begin = image::load(&memory, size, elf, line)?;
        let processor = vm.create_vcpu(0).map_err(of("processor"))?;
        processor.set_cpuid2(&features()?).map_err(of("features"))?;
        let special = processor.get_sregs().map_err(of("registers"))?;
        processor.set_sregs(&protected(&special)).map_err(of("registers"))?;
        processor.set_regs(&registers(begin)).map_err(of("registers"))?;
        Ok(Self { processor, _vm: vm, _memory: memory })
    }
}

/// Names the part that KVM refused.
fn of(part: &'static str) -> impl Fn(kvm_ioctls::Error) -> String {
    move |error| format!("KVM refuses the {part}: {error}")
}

/// Memory of a machine that may have `bytes`.
pub(super) const fn size(bytes: u64) -> u64 {
    let most = if bytes < MOST { bytes } else { MOST };
    most / PAGE * PAGE
}

#[expect(unsafe_code, reason = "the kernel is told an address of ours")]
fn lend_memory(vm: &VmFd, size: u64) -> Result<GuestMemoryMmap, String> {
    let length = usize::try_from(size).map_err(|error| error.to_string())?;
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), length)])
        .map_err(|error| format!("no memory: {error}"))?;
    let host = memory.get_host_address(GuestAddress(0)).map_err(|error| error.to_string())?;
    let region = kvm_userspace_memory_region {
        memory_size: size,
        userspace_addr: host as u64,
        ..kvm_userspace_memory_region::default()
    };
    // SAFETY: `region` is the mapping of `memory`, all of it and no more, and the machine that it is
    // given to keeps `memory` until it is gone.
    unsafe { vm.set_user_memory_region(region) }.map_err(of("memory"))?;
    Ok(memory)
}

/// What the guest's processor can do: what every x86-64 can, which is all that the guest uses. To
/// ask KVM for everything takes half as long as to make the machine.
fn features() -> Result<CpuId, String> {
    // Floating point, large pages, time stamps, model registers, PAE, CX8, global pages,
    // conditional moves, FXSR, SSE, SSE2.
    const COMMON: u32 = 0x0700_a179;
    // System calls, no-execute, long mode.
    const LONG: u32 = 1 << 11 | 1 << 20 | 1 << 29;
    let leaf =
        |function, eax, edx| kvm_cpuid_entry2 { function, eax, edx, ..kvm_cpuid_entry2::default() };
    let leaves = [
        leaf(0, 1, 0),
        leaf(1, 0, COMMON),
        leaf(0x8000_0000, 0x8000_0001, 0),
        leaf(0x8000_0001, 0, LONG),
    ];
    CpuId::from_entries(&leaves).map_err(|error| format!("features: {error:?}"))
}

/// Protected mode with flat segments, no paging.
fn protected(before: &kvm_sregs) -> kvm_sregs {
    let flat = kvm_segment {
        limit: u32::MAX,
        selector: 0x10,
        type_: 3,
        present: 1,
        db: 1,
        s: 1,
        g: 1,
        ..kvm_segment::default()
    };
    let code = kvm_segment { selector: 8, type_: 11, ..flat };
    let task = kvm_segment { limit: 0x67, type_: 11, present: 1, ..kvm_segment::default() };
    let (cr0, cr4, efer) = (0x11, 0, 0);
    let (ds, es, fs, gs, ss) = (flat, flat, flat, flat, flat);
    kvm_sregs { cs: code, ds, es, fs, gs, ss, tr: task, cr0, cr4, efer, ..*before }
}

fn registers(begin: Begin) -> kvm_regs {
    kvm_regs { rip: begin.entry, rbx: begin.info, rflags: 2, ..kvm_regs::default() }
}
