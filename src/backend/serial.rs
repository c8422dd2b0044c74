//! What a Linux guest says over its serial line, as the launcher hears it: the frames of its first
//! process, the markers of our own work, and the last words of a kernel that gives up.

use super::frame::{Frame, Frames, Heard};
use crate::model::job::Stream;

/// Begins the line with which isomon, as the first process, says why it cannot go on.
pub(super) const COMPLAINT: &str = "isomon init: ";
/// What a kernel says when it gives up; what follows is of no help.
const LAST_WORDS: [&str; 2] = ["Kernel panic - not syncing", "Initramfs unpacking failed"];

/// A serial line.
#[derive(Debug)]
pub(super) struct Serial {
    frames: Frames,
    /// How the work ended: exit status, or signal.
    pub end: Option<(Option<i32>, Option<i32>)>,
    /// The guest's kernel killed something for want of memory.
    pub starved: bool,
    /// Why the guest gave up, by its own words.
    pub gave_up: Option<String>,
}

/// What is for others to take.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The first process runs.
    Init,
    /// The work has ended.
    End,
    /// The work said this.
    Output(Stream, Vec<u8>),
    /// A line of our own work, or of the kernel.
    Line(Vec<u8>),
}

impl Serial {
    pub(super) fn new(nonce: u64) -> Self {
        Self { frames: Frames::new(nonce), end: None, starved: false, gave_up: None }
    }

    /// What is new after `bytes`.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<News> {
        let heard = self.frames.feed(bytes);
        heard.into_iter().filter_map(|heard| self.hear(heard)).collect()
    }

    fn hear(&mut self, heard: Heard) -> Option<News> {
        match heard {
            Heard::Frame(Frame::Init) => Some(News::Init),
            Heard::Frame(Frame::Output(stream, bytes)) => Some(News::Output(stream, bytes)),
            Heard::Frame(Frame::Starved) => {
                self.starved = true;
                None
            }
            Heard::Frame(Frame::Exit(status, signal)) => {
                self.end = self.end.or(Some((status, signal)));
                Some(News::End)
            }
            Heard::Line(line) => {
                if let Some(words) = last_words(&String::from_utf8_lossy(&line)) {
                    self.starved |= words.contains("on memory");
                    self.gave_up.get_or_insert(words);
                }
                Some(News::Line(line))
            }
        }
    }
}

/// `line`, if it says why a guest gives up, from where it does.
fn last_words(line: &str) -> Option<String> {
    let line = line.trim();
    if line.contains("end Kernel panic") {
        return None;
    }
    let ours = line.starts_with(COMPLAINT).then_some(0);
    let at = ours.or_else(|| LAST_WORDS.iter().find_map(|words| line.find(words)))?;
    line.get(at..).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_gives_up_is_heard_once() {
        let mut serial = Serial::new(1);
        let said = "[ 1.2] Initramfs unpacking failed: invalid magic\r\n\
                    [ 1.3] Kernel panic - not syncing: VFS\r\n---[ end Kernel panic ]---\r\n";
        assert_eq!(serial.feed(said.as_bytes()).len(), 3);
        let words = serial.gave_up.as_deref();
        assert_eq!(words, Some("Initramfs unpacking failed: invalid magic"));
        assert_eq!((serial.end, serial.starved), (None, false));
    }

    #[test]
    fn the_end_is_what_was_said_first_and_memory_is_told() {
        let mut serial = Serial::new(1);
        let mut feed = |frame: Frame| serial.feed(frame.line("0000000000000001").as_bytes());
        assert_eq!(feed(Frame::Starved), []);
        assert_eq!(feed(Frame::Exit(None, Some(9))), [News::End]);
        feed(Frame::Exit(Some(0), None));
        assert_eq!((serial.end, serial.starved), (Some((None, Some(9))), true));
        let mut serial = Serial::new(1);
        serial.feed(b"Kernel panic - not syncing: System is deadlocked on memory\r\n");
        assert!(serial.starved);
    }
}
