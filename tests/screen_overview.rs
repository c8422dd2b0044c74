//! x
#[path = "fixture/scene.rs"]
mod scene;
use isomon::tui::action::Action;
use scene::{BIG, SMALL, Scene};

#[test]
fn look() {
    for s in [Scene::fleet(), Scene::local(SMALL)] {
        let view = isomon::tui::tab::overview::View::default();
        for (w, h) in [(80, 21), (120, 37), (40, 8)] {
            println!("{}", s.picture(w, h, &|f, a, st, l| view.draw(f, a, st, l)));
            println!("=====");
        }
    }
    for s in
        [Scene::local(BIG), Scene::local(scene::Size { gpus: 1, ..SMALL }), Scene::local(SMALL)]
    {
        let view = isomon::tui::tab::gpus::View::default();
        for (w, h) in [(80, 21), (120, 37), (40, 8)] {
            println!("{}", s.picture(w, h, &|f, a, st, l| view.draw(f, a, st, l)));
            println!("=====");
        }
    }
    let s = Scene::local(BIG);
    let mut view = isomon::tui::tab::nodes::View::default();
    view.act(Action::Enter, &s.state);
    for (w, h) in [(80, 21), (120, 37), (200, 57)] {
        println!("{}", s.picture(w, h, &|f, a, st, l| view.draw(f, a, st, l)));
        println!("=====");
    }
}
