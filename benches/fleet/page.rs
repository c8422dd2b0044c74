//! A screen that takes the time of its frames, and of keys until they are seen.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use isomon::tui::surface::Surface;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};

/// A large terminal.
const SIZE: Size = Size { width: 200, height: 60 };

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// When the key was pressed that has not been seen yet.
    pub(crate) pressed: Option<Instant>,
    /// Each frame.
    pub(crate) frames: Vec<Duration>,
    /// Each key.
    pub(crate) keys: Vec<Duration>,
}

/// The screen.
pub(crate) struct Page {
    terminal: Terminal<TestBackend>,
    times: Arc<Mutex<Times>>,
}

impl Page {
    pub(crate) fn new(times: Arc<Mutex<Times>>) -> Self {
        let backend = TestBackend::new(SIZE.width, SIZE.height);
        Self { terminal: Terminal::new(backend).unwrap(), times }
    }
}

impl Surface for Page {
    fn is_busy(&self) -> bool {
        false
    }

    async fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let pressed = self.times.lock().unwrap().pressed.take();
        let began = Instant::now();
        self.terminal.draw(picture).unwrap();
        let mut times = self.times.lock().unwrap();
        times.frames.push(began.elapsed());
        if let Some(pressed) = pressed {
            times.keys.push(pressed.elapsed());
        }
        Ok(())
    }

    fn size(&self) -> Size {
        SIZE
    }

    fn forget(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn enter(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn set_mouse(&mut self, _: bool) {}

    fn send(&mut self, _: &str) {}
}
