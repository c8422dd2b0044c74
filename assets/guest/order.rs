//! What the guest is told to do, by its command line or over the serial port.

/// Something to do.
pub(crate) enum Order {
    /// Work, under a nonce.
    Work(Work, u64),
    /// Say the marker under a nonce, and halt.
    Hold(u64),
    /// Ask for work over the serial port.
    Wait,
    /// For tests: write without end.
    Flood,
    /// For tests: say nothing and stay.
    Hang,
    /// For tests: end by a fault.
    Panic,
}

/// A kernel and how much of it.
pub(crate) enum Work {
    /// Nothing.
    Noop,
    /// Rounds of xorshift.
    Cpu(u64),
    /// MiB touched.
    Memory(u64),
}

/// A word of up to eight letters, in one number.
type Word = u64;

const NOOP: Word = word("noop");
const CPU: Word = word("cpu");
const MEMORY: Word = word("memory");
const HOLD: Word = word("hold");
const WAIT: Word = word("wait");
const FLOOD: Word = word("flood");
const HANG: Word = word("hang");
const PANIC: Word = word("panic");

impl Order {
    /// Out of a command line: `isomon`, then what to do; words after that are the loader's own.
    pub(crate) fn read(mut line: impl Iterator<Item = u8>) -> Option<Self> {
        if next_word(&mut line) != word("isomon") {
            return None;
        }
        match next_word(&mut line) {
            WAIT => Some(Self::Wait),
            FLOOD => Some(Self::Flood),
            HANG => Some(Self::Hang),
            PANIC => Some(Self::Panic),
            kernel => Self::work(kernel, line),
        }
    }

    /// Out of a line on the serial port: the work alone.
    pub(crate) fn read_work(mut line: impl Iterator<Item = u8>) -> Option<Self> {
        Self::work(next_word(&mut line), line)
    }

    fn work(kernel: Word, mut rest: impl Iterator<Item = u8>) -> Option<Self> {
        let amount = next_number(&mut rest, 10)?;
        let nonce = next_number(&mut rest, 16)?;
        let work = match kernel {
            NOOP => Work::Noop,
            CPU => Work::Cpu(amount),
            MEMORY => Work::Memory(amount),
            HOLD => return Some(Self::Hold(nonce)),
            _ => return None,
        };
        Some(Self::Work(work, nonce))
    }
}

const fn word(text: &str) -> Word {
    let (mut word, mut rest) = (0, text.as_bytes());
    while let [letter, after @ ..] = rest {
        word = word << 8 | *letter as Word;
        rest = after;
    }
    word
}

/// The letters up to the next space; 0 if they are too many for a word.
fn next_word(line: &mut impl Iterator<Item = u8>) -> Word {
    let letters = line.take_while(|letter| *letter != b' ');
    let joined = letters.fold(Some(0), |word: Option<Word>, letter| {
        word.filter(|word| word >> 56 == 0).map(|word| word << 8 | Word::from(letter))
    });
    joined.unwrap_or(0)
}

/// The number up to the next space; `None` if there is none or it is too large.
fn next_number(line: &mut impl Iterator<Item = u8>, base: u32) -> Option<u64> {
    let mut letters = line.take_while(|letter| *letter != b' ').peekable();
    letters.peek()?;
    letters.try_fold(0_u64, |sum, letter| {
        let digit = char::from(letter).to_digit(base)?;
        sum.checked_mul(u64::from(base))?.checked_add(u64::from(digit))
    })
}
