//! Ports: the serial one, and the one that resets the machine.

use core::arch::asm;

/// The serial port.
const SERIAL: u16 = 0x3f8;
/// Its line status.
const LINE_STATUS: u16 = SERIAL + 5;
/// A byte has come.
const DATA_READY: u8 = 1;
/// The keyboard controller, which holds the reset line.
const CONTROLLER: u16 = 0x64;
/// Pulls it.
const RESET: u8 = 0xfe;

/// What is read where no device answers.
const NOBODY: u8 = 0xff;
/// Times the controller is looked at until the machine should have been reset.
const PATIENCE: u32 = 1 << 20;

/// Writes `bytes` to the serial port.
pub(crate) fn write(bytes: &[u8]) {
    bytes.iter().copied().for_each(write_byte);
}

/// Writes one byte to it. One `out` for each byte and no string of them: Firecracker drops those.
pub(crate) fn write_byte(byte: u8) {
    output(SERIAL, byte);
}

/// Waits for the next byte on the serial port.
pub(crate) fn read() -> u8 {
    while input(LINE_STATUS) & DATA_READY == 0 {
        core::hint::spin_loop();
    }
    input(SERIAL)
}

fn input(port: u16) -> u8 {
    let value;
    // SAFETY: reading a port touches no memory.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack)) };
    value
}

fn output(port: u16, byte: u8) {
    // SAFETY: writing a port touches no memory.
    unsafe { asm!("out dx, al", in("dx") port, in("al") byte, options(nomem, nostack)) };
}

/// Ends the machine as a person would who presses its button; by a fault where there is no button.
pub(crate) fn reset() -> ! {
    if input(CONTROLLER) != NOBODY {
        output(CONTROLLER, RESET);
        // It may take the host a moment, in which a fault would look like a failure.
        for _ in 0..PATIENCE {
            input(CONTROLLER);
        }
    }
    fault()
}

/// Halts for good: nothing wakes it, and the processor is free for others.
pub(crate) fn halt() -> ! {
    loop {
        // SAFETY: it touches no memory, and what it turns off nobody has turned on.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}

/// Ends the machine by a fault that nothing handles.
pub(crate) fn fault() -> ! {
    static NONE: [u8; 10] = [0; 10];
    // SAFETY: without an interrupt table `ud2` is a triple fault, after which nothing runs.
    unsafe { asm!("lidt [{}]", "ud2", in(reg) &raw const NONE, options(noreturn)) };
}
