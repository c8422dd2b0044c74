//! Pictures of graphs, and that none breaks the screen.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::time::Stamp;
use crate::tui::app::{App, Setup};

fn knots(names: &[&str]) -> Vec<Knot> {
    let knot = |name: &&str| Knot { name: (*name).to_owned(), sign: "✓", style: Style::new() };
    names.iter().map(knot).collect()
}

fn drawn(dag: &Dag<'_>, width: u16, height: u16) -> Vec<String> {
    let app = App::new(Setup::default(), Duration::from_secs(1), false);
    let look = app.look(Stamp::default());
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    dag.draw(area, &mut buffer, &look);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned()).collect()
}

const DIAMOND: [(usize, usize); 4] = [(0, 1), (0, 2), (1, 3), (2, 3)];

#[test]
fn a_diamond_with_frames_where_there_is_room() {
    let knots = knots(&["read", "left", "right", "join"]);
    let dag = Dag { knots: &knots, edges: &DIAMOND, chosen: None };
    let seen = drawn(&dag, 40, 6).join("\n");
    for part in ["│✓ read│", "▶│✓ left │", "▶│✓ right│", "▶│✓ join│", "╭──────╮"]
    {
        assert!(seen.contains(part), "{part} in\n{seen}");
    }
}

#[test]
fn the_same_without_frames_and_as_a_tree() {
    let knots = knots(&["read", "left", "right", "join"]);
    let dag = Dag { knots: &knots, edges: &DIAMOND, chosen: Some(3) };
    let flat = drawn(&dag, 40, 2).join("\n");
    for part in ["[✓ read]", "▶[✓ left ]", "▶[✓ right]", "▶[✓ join]"] {
        assert!(flat.contains(part), "{part} in\n{flat}");
    }
    let wanted = ["✓ read", "├ ✓ left", "│ ╰ ✓ join", "╰ ✓ right", "  ╰ ✓ join (above)", ""];
    assert_eq!(drawn(&dag, 24, 6), wanted);
}

#[test]
fn a_click_finds_its_box() {
    let knots = knots(&["read", "left", "right", "join"]);
    let dag = Dag { knots: &knots, edges: &DIAMOND, chosen: None };
    let area = Rect::new(0, 0, 40, 6);
    assert_eq!(dag.knot_at(2, 2, area).or_else(|| dag.knot_at(2, 3, area)), Some(0));
    assert_eq!(dag.knot_at(39, 0, area), None);
    assert_eq!(dag.knot_at(2, 2, Rect::new(0, 0, 24, 6)), Some(3));
}

#[test]
fn what_is_chosen_is_in_sight_of_a_graph_larger_than_the_screen() {
    let names: Vec<String> = (0..200).map(|node| format!("stage-{node:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let knots = knots(&names);
    let edges: Vec<_> = (0..199).map(|node| (node, node + 1)).collect();
    for width in [30, 80] {
        let dag = Dag { knots: &knots, edges: &edges, chosen: Some(150) };
        assert!(drawn(&dag, width, 5).join("\n").contains("stage-150"), "{width}");
    }
}

proptest! {
    #[test]
    fn no_graph_breaks_the_screen(
        names in prop::collection::vec("\\PC{0,30}", 0..60),
        edges in prop::collection::vec((0_usize..70, 0_usize..70), 0..90),
        chosen in prop::option::of(0_usize..70),
        (width, height) in (0_u16..90, 0_u16..30),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let knots = knots(&names);
        let chosen = chosen.filter(|chosen| *chosen < knots.len());
        let dag = Dag { knots: &knots, edges: &edges, chosen };
        drawn(&dag, width, height);
        dag.knot_at(width / 2, height / 2, Rect::new(0, 0, width, height));
        dag.height(width);
    }
}
