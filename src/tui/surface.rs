//! Something a frame can be drawn on: the terminal, or a page in a test.

use std::future::Future;
use std::io;
use std::sync::Arc;

use ratatui::layout::Size;
use ratatui::{Frame, Terminal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::ink::Ink;
use super::look::Glyph;
use super::term::{self, Tty};
use super::theme::depth::Depth;

/// Something a frame can be drawn on. Nothing here waits, but [`Surface::flush`].
pub trait Surface {
    /// Whether the last frame is still on its way; drawing another would only queue it.
    fn is_busy(&self) -> bool;
    /// Sends what is left of the last frame. May be dropped and called again at any time.
    fn flush(&mut self) -> impl Future<Output = io::Result<()>>;
    /// Draws one frame and begins to send it.
    fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()>;
    /// How large it is.
    fn size(&self) -> Size;
    /// Forgets what is shown, so that the next frame is drawn whole.
    fn forget(&mut self) -> io::Result<()>;
    /// Takes the terminal over again after somebody else had it.
    fn enter(&mut self, mouse: bool) -> io::Result<()>;
    /// Gives the terminal back, stops the process, and takes it over when it goes on.
    fn suspend(&mut self, mouse: bool) -> io::Result<()>;
    /// Turns the mouse on or off.
    fn set_mouse(&mut self, on: bool);
    /// Sends a sequence that draws nothing, like one for the clipboard.
    fn send(&mut self, sequence: &str);
}

/// The terminal. It is given back when this is dropped.
#[derive(Debug)]
pub struct Screen {
    page: Terminal<Ink>,
    tty: AsyncFd<Arc<Tty>>,
    /// Bytes the terminal has not taken yet.
    left: Vec<u8>,
}

impl Screen {
    /// Takes the terminal over.
    pub fn enter(
        tty: &Arc<Tty>,
        glyph: Glyph,
        depth: Depth,
        mouse: bool,
    ) -> Result<Self, term::Error> {
        let system = |doing| move |source| term::Error::System { doing, source };
        let page = Terminal::new(Ink::new(tty.size(), glyph, depth));
        let watched = watch(Arc::clone(tty));
        tty.enter(mouse)?;
        Ok(Self {
            page: page.map_err(system("making a page"))?,
            tty: watched.map_err(system("waiting for it"))?,
            left: Vec::new(),
        })
    }

    /// Writes what the terminal takes at once.
    fn push(&mut self) -> io::Result<()> {
        match self.tty.get_ref().write(&self.left) {
            Ok(written) => {
                self.left.drain(..written);
                Ok(())
            }
            Err(error) if is_passing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Has the runtime say when the terminal takes bytes.
#[expect(unsafe_code, reason = "the runtime keeps a bare descriptor")]
fn watch(tty: Arc<Tty>) -> io::Result<AsyncFd<Arc<Tty>>> {
    // SAFETY: the descriptor is owned by the `Tty`, never replaced, and closed only with it; the
    // `AsyncFd` holds a share of the `Tty` and ends its registration before it lets go of it.
    unsafe { AsyncFd::register_with_interest(tty, Interest::WRITABLE) }.map_err(io::Error::from)
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl Surface for Screen {
    fn is_busy(&self) -> bool {
        !self.left.is_empty()
    }

    async fn flush(&mut self) -> io::Result<()> {
        while !self.left.is_empty() {
            let mut ready = self.tty.writable().await?;
            match ready.try_io(|tty| tty.get_ref().write(&self.left)) {
                Ok(Ok(written)) => drop(self.left.drain(..written)),
                Ok(Err(error)) if is_passing(&error) => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
        Ok(())
    }

    fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let size = self.tty.get_ref().size();
        self.page.backend_mut().resize(size);
        self.page.draw(picture)?;
        let bytes = self.page.backend_mut().take();
        self.left.extend(bytes);
        self.push()
    }

    fn size(&self) -> Size {
        self.tty.get_ref().size()
    }

    fn forget(&mut self) -> io::Result<()> {
        self.page.backend_mut().forget();
        self.page.clear()
    }

    fn enter(&mut self, mouse: bool) -> io::Result<()> {
        self.left.clear();
        self.tty.get_ref().enter(mouse).map_err(io::Error::other)?;
        self.forget()
    }

    fn suspend(&mut self, mouse: bool) -> io::Result<()> {
        self.tty.get_ref().leave();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.enter(mouse)
    }

    fn set_mouse(&mut self, on: bool) {
        self.left.extend_from_slice(Tty::mouse(on));
    }

    fn send(&mut self, sequence: &str) {
        self.left.extend_from_slice(sequence.as_bytes());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tty.get_ref().leave();
    }
}
