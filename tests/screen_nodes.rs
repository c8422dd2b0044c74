//! The Nodes tab as a user sees it.

use isomon::tui::action::Action;
use isomon::tui::tab::nodes::View;

#[path = "fixture/scene.rs"]
mod scene;

use scene::{BIG, SMALL, Scene};

#[test]
fn look() {
    let s = Scene::fleet();
    let mut view = View::default();
    for (w, h) in [(80, 21), (120, 37), (40, 8)] {
        println!("{}", s.picture(w, h, &|f, a, st, l| view.draw(f, a, st, l)));
        println!("=====");
    }
    for size in [SMALL, BIG] {
        let s = Scene::local(size);
        view = View::default();
        view.act(Action::Enter, &s.state);
        for (w, h) in [(80, 21), (120, 37), (40, 8)] {
            println!("{}", s.picture(w, h, &|f, a, st, l| view.draw(f, a, st, l)));
            println!("=====");
        }
    }
}
