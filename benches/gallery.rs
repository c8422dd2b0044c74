//! Every view of the Bench tab as a picture, on screens of three sizes, from the made-up run: for
//! looking at, as no test sees whether a screen is ugly. The pictures are in `target/gallery`.
#![expect(clippy::print_stdout, reason = "says what it writes")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small made-up numbers"
)]

use std::fmt::Write as _;
use std::path::Path;

use isomon::config::Threshold;
use isomon::state::State;
use isomon::tui::action::Action;
use isomon::tui::keymap::Keymap;
use isomon::tui::look::{Glyph, Look};
use isomon::tui::tab::bench::View;
use isomon::tui::theme::Theme;
use isomon::tui::theme::depth::Depth;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

#[path = "../tests/world/load.rs"]
mod loaded;
#[path = "rig/svg.rs"]
mod svg;
#[path = "../tests/world/bench.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod world;

/// The sizes of the tab on screens of 80×24, 120×40 and 200×60.
const SIZES: [(u16, u16); 3] = [(80, 21), (120, 37), (200, 57)];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gallery");
    std::fs::create_dir_all(&directory)?;
    let (over, live) = (loaded::loaded(false), world::running(9));
    let mut scenes: Vec<(String, &State, Vec<Action>)> = Vec::new();
    for view in 0..12 {
        let mut keys = vec![Action::Down; 6];
        keys.extend(vec![Action::View; view]);
        if view == 4 {
            keys.extend([Action::Mark, Action::Down, Action::Mark, Action::Down]);
        }
        keys.extend(vec![Action::Left; if view == 5 { 20 } else { 0 }]);
        scenes.push((format!("view{view:02}"), &over, keys));
    }
    scenes.push(("live".to_owned(), &live, vec![Action::Down; 6]));
    scenes.push(("runs".to_owned(), &over, vec![Action::Runs]));
    let before = world::tried();
    scenes.push(("before".to_owned(), &before, vec![Action::Preset]));
    for (name, state, keys) in &scenes {
        for size in SIZES {
            let name = format!("{name}-{}", size.0);
            if wanted.iter().all(|part| name.contains(part.as_str())) {
                let picture = picture(size, state, keys, &name)?;
                std::fs::write(directory.join(format!("{name}.svg")), picture)?;
            }
        }
    }
    println!("wrote {}", directory.display());
    Ok(())
}

fn picture(
    (width, height): (u16, u16),
    state: &State,
    keys: &[Action],
    title: &str,
) -> Result<String, Box<dyn std::error::Error>> {
    let theme = Theme::embedded("default", Depth::True);
    let look = Look {
        rest: isomon::tui::rest::Rest::default(),
        theme: &theme,
        keymap: &Keymap::embedded(),
        threshold: Threshold::default(),
        glyph: Glyph::Unicode,
        now: state.now,
        when: &isomon::tui::when::When::default(),
        zone: &jiff::tz::TimeZone::UTC,
        readonly: false,
        interval_ms: 1000,
    };
    let mut view = View::default();
    for key in keys {
        view.act(*key, state);
    }
    let mut terminal = Terminal::new(TestBackend::new(width, height))?;
    terminal.draw(|frame| view.draw(frame, frame.area(), state, &look))?;
    let bytes = bytes(terminal.backend().buffer())?;
    let mut screen = vt100::Parser::new(height.try_into()?, width.try_into()?, 0);
    screen.process(bytes.as_bytes());
    Ok(svg::svg(screen.screen(), title))
}

/// What a terminal is sent for `buffer`.
fn bytes(buffer: &Buffer) -> Result<String, std::fmt::Error> {
    let mut bytes = String::new();
    for y in 0..buffer.area.height {
        write!(bytes, "\x1b[{};1H", y + 1)?;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            write!(bytes, "\x1b[0{}{}", colour(cell.fg, 38), colour(cell.bg, 48))?;
            for (modifier, code) in
                [(Modifier::BOLD, 1), (Modifier::DIM, 2), (Modifier::REVERSED, 7)]
            {
                if cell.modifier.contains(modifier) {
                    write!(bytes, ";{code}")?;
                }
            }
            write!(bytes, "m{}", cell.symbol())?;
        }
    }
    Ok(bytes)
}

fn colour(colour: Color, ground: u8) -> String {
    match colour {
        Color::Rgb(red, green, blue) => format!(";{ground};2;{red};{green};{blue}"),
        Color::Indexed(index) => format!(";{ground};5;{index}"),
        _ => String::new(),
    }
}
