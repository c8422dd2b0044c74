//! The child that holds the machine: isomon re-executed as `__kvm MEMORY COMMAND-LINE`.
//!
//! What the guest writes to the serial port goes to standard output, a line at a time. Before it
//! runs, the child gives up every system call but those that run it, write and end. A guest that
//! ends otherwise than by a reset ends the child with status 1 and a line that says why.

use std::ffi::OsString;
use std::process::ExitCode;

use kvm_ioctls::{VcpuExit, VcpuFd};

use super::super::mark::{Mark, Pen};
use super::super::{filter, guest};
use super::machine::Machine;

/// The serial port.
const SERIAL: u16 = 0x3f8;
/// Its line status.
const LINE_STATUS: u16 = SERIAL + 5;
/// It takes the next byte, and none has come.
const EMPTY: u8 = 0x60;
/// The keyboard controller, which holds the reset line.
const CONTROLLER: u16 = 0x64;
/// Pulls it.
const RESET: u8 = 0xfe;
/// What is read where no device answers.
const NOBODY: u8 = 0xff;
/// Longest line that waits for its end.
const LONGEST: usize = 4096;
/// How a guest ended that halts with nothing to wake it.
const HALTED: &str = "the guest halted for ever";
/// `KVM_RUN`.
const RUN: u32 = 0xae80;

/// Runs the guest; status 2 when `arguments` are not understood.
pub(in super::super) fn run(arguments: &[OsString]) -> ExitCode {
    let [memory, line] = arguments else {
        return ExitCode::from(2);
    };
    let memory = memory.to_str().and_then(|bytes| bytes.parse().ok());
    let (Some(memory), Some(line)) = (memory, line.to_str()) else {
        return ExitCode::from(2);
    };
    let Err(why) = hold(memory, line) else {
        return ExitCode::SUCCESS;
    };
    // Nobody to tell if even this fails; the status says it.
    rustix::io::write(rustix::stdio::stderr(), format!("isomon kvm: {why}\n").as_bytes()).ok();
    ExitCode::FAILURE
}

/// Makes the machine and runs it to its end; why that was no good end.
fn hold(memory: u64, line: &str) -> Result<(), String> {
    let pen = Pen::lent().map_err(|error| format!("no descriptor for marks: {error}"))?;
    let elf = guest::elf().map_err(|error| error.to_string())?;
    let mut machine = Machine::new(memory, elf, line)?;
    pen.mark(Mark::Create);
    filter::leave_only(RUN).map_err(|error| format!("filter system calls: {error}"))?;
    pen.mark(Mark::Boot);
    let mut serial = Serial::default();
    let ended = loop {
        if let Some(ended) = step(&mut machine.processor, &mut serial) {
            break ended;
        }
    };
    serial.flush()?;
    while guest::holds(line) && ended == Err(HALTED.to_owned()) {
        // A processor that halts for good needs none of ours.
        std::thread::park();
    }
    ended
}

/// Lets the guest run to its next exit; its end, when that was it.
fn step(processor: &mut VcpuFd, serial: &mut Serial) -> Option<Result<(), String>> {
    let why = match processor.run() {
        Ok(VcpuExit::IoOut(SERIAL, bytes)) => return serial.take(bytes).err().map(Err),
        Ok(VcpuExit::IoOut(CONTROLLER, [RESET, ..])) => return Some(Ok(())),
        Ok(VcpuExit::IoOut(..) | VcpuExit::MmioWrite(..) | VcpuExit::Intr) => return None,
        Ok(VcpuExit::IoIn(port, bytes)) => {
            bytes.fill(answer(port));
            return None;
        }
        Ok(VcpuExit::MmioRead(_, bytes)) => {
            bytes.fill(NOBODY);
            return None;
        }
        Ok(VcpuExit::Shutdown) => "the guest ended by a fault".to_owned(),
        Ok(VcpuExit::Hlt) => HALTED.to_owned(),
        Ok(VcpuExit::InternalError) => "KVM cannot run an instruction of the guest".to_owned(),
        Ok(other) => format!("the guest ended in an unknown way: {other:?}"),
        Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => return None,
        Err(error) => format!("KVM cannot run the guest: {error}"),
    };
    Some(Err(why))
}

/// What a port says that is read.
const fn answer(port: u16) -> u8 {
    match port {
        LINE_STATUS => EMPTY,
        CONTROLLER => 0,
        _ => NOBODY,
    }
}

/// What the guest writes, until a line is whole.
#[derive(Debug, Default)]
struct Serial(Vec<u8>);

impl Serial {
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.0.extend(piece);
            if piece.ends_with(b"\n") || self.0.len() >= LONGEST {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), String> {
        let mut rest = self.0.as_slice();
        while !rest.is_empty() {
            let written = rustix::io::write(rustix::stdio::stdout(), rest);
            let written = written.map_err(|error| format!("standard output: {error}"))?;
            rest = rest.get(written..).unwrap_or_default();
        }
        self.0.clear();
        Ok(())
    }
}
