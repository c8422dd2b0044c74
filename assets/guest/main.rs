//! isomon's guest: the same work as isomon's payload, on a machine with nothing else on it.
//!
//! No kernel and no devices but a serial port. It does what its command line says, says the markers
//! and the result on the serial port, and resets the machine. It boots wherever a PVH kernel boots.

#![no_std]
#![no_main]

mod entry;
mod info;
#[path = "../../src/backend/payload/kernel.rs"]
mod kernel;
mod line;
mod order;
mod port;

use info::Info;
use line::{decimal, hex, text};
use order::{Order, Work};

/// Longest line of work.
const LONGEST: usize = 256;

/// Called by the entry, on a stack of its own.
#[unsafe(no_mangle)]
extern "C" fn isomon_guest(address: u64) -> ! {
    let Some(info) = Info::at(address) else {
        end("isomon guest: no start info\n");
    };
    let told = info.command_line(LONGEST).and_then(Order::read);
    let Some(order) = told else {
        end("isomon guest: the command line makes no sense\n");
    };
    obey(order, &info)
}

fn obey(order: Order, info: &Info) -> ! {
    match order {
        Order::Work(work, nonce) => do_work(&work, nonce, info.memory()),
        Order::Hold(nonce) => {
            say_ready(nonce);
            port::halt()
        }
        Order::Wait => wait(info),
        Order::Flood => loop {
            text("a line of a guest that writes for as long as it is let live\n");
        },
        Order::Hang => loop {
            core::hint::spin_loop();
        },
        Order::Panic => die(),
    }
}

/// Says that it is there, and does what comes over the serial port.
fn wait(info: &Info) -> ! {
    text("ISOMON-WAIT\n");
    let told =
        Order::read_work((0..LONGEST).map(|_| port::read()).take_while(|byte| *byte != b'\n'));
    let Some(order @ (Order::Work(..) | Order::Hold(_))) = told else {
        end("isomon guest: the line of work makes no sense\n");
    };
    obey(order, info)
}

fn say_ready(nonce: u64) {
    text(kernel::READY);
    text(" ");
    hex(nonce);
    text("\n");
}

fn do_work(work: &Work, nonce: u64, memory: &mut [u64]) -> ! {
    say_ready(nonce);
    let value = match work {
        Work::Noop => kernel::mix(nonce),
        Work::Cpu(rounds) => u64::from(kernel::spin(kernel::seed(nonce), *rounds)),
        Work::Memory(mib) => {
            let words = mib.saturating_mul(kernel::MIB_WORDS as u64) as usize;
            let Some(memory) = memory.get_mut(..words) else {
                text(kernel::NO_ROOM);
                text(" ");
                decimal(*mib);
                end(" MiB\n");
            };
            kernel::touch(memory, nonce)
        }
    };
    text(kernel::DONE);
    text(" ");
    hex(nonce);
    text(" ");
    decimal(value);
    end("\n")
}

/// Says the end of the last line and ends the machine.
fn end(last: &str) -> ! {
    text(last);
    port::reset()
}

/// Says that it broke, and breaks.
fn die() -> ! {
    text("isomon guest: panic\n");
    port::fault()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    die()
}

/// `core` was compiled to know of unwinding, which there is none of here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
