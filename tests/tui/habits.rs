//! What other programs have taught the hands: anything by name, a filter that helps while it is typed,
//! themes by name.

use isomon::tui::app::Setup;
use isomon::tui::tab::Tab;
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::page::{Left, app, one_node, press, stay, typed};

/// The keys that type `text`.
fn letters(text: &str) -> String {
    let key = |letter: char| if letter == ' ' { "space ".to_owned() } else { format!("{letter} ") };
    text.chars().map(key).collect()
}

fn after(keys: &str) -> Left {
    press(&one_node(), keys)
}

fn bottom(left: &Left) -> String {
    left.text().lines().last().unwrap_or_default().trim_matches('"').trim_end().to_owned()
}

#[test]
fn the_palette_goes_to_what_is_named() {
    let left = after(&format!(": {}enter", letters("node local")));
    assert_eq!(left.app.tab, Tab::Nodes);
    assert!(left.app.views.nodes.is_open(), "{}", left.text());
    let left = after(&format!(": {}enter", letters("theme colour")));
    assert_eq!(left.app.setup.themes.current().name, "colour-blind");
    assert!(bottom(&left).starts_with("theme: colour-blind, 4 of"), "{}", bottom(&left));
    let left = after(&format!(": {}enter", letters("bcknds")));
    assert_eq!(left.app.tab, Tab::Backends);
    let text = after(&format!(": {}", letters("nowhere at all"))).text();
    assert!(text.contains("nothing is called so"), "{text}");
}

#[test]
fn a_filter_is_completed_and_points_at_what_is_wrong() {
    let left = after("2 / n tab");
    assert_eq!(left.app.filter(), "name=", "{}", bottom(&left));
    assert!(bottom(&left).contains("net"), "what else there is: {}", bottom(&left));
    assert_eq!(after("2 / n tab tab tab shift-tab shift-tab").app.filter(), "name=");
    let left = after(&format!("2 / {}tab", letters("name=l")));
    assert_eq!(left.app.filter(), "name=local", "{}", bottom(&left));

    let left = after(&format!("2 / {}", letters("cpu>x")));
    assert_eq!(bottom(&left), "/cpu>x  `x` is not a number for `cpu`");
    let buffer = left.page.terminal.backend().buffer();
    let pointed = |x: u16| buffer[(x, 23)].modifier.contains(Modifier::UNDERLINED);
    let places: Vec<u16> = (0..80).filter(|x| pointed(*x)).collect();
    assert_eq!(places, [5], "the letter itself");
    assert_eq!(bottom(&after("2 /")), "/  tab: what can be asked for");
}

#[test]
fn every_tab_has_the_same_language() {
    for (tab, field) in [
        ("1", "cpu"),
        ("2", "cpu"),
        ("3", "busy"),
        ("4", "status"),
        ("5", "backend"),
        ("6", "status"),
        ("7", "model"),
        ("8", "severity"),
        ("9", "level"),
    ] {
        let left = after(&format!("{tab} / tab"));
        let choices = bottom(&left);
        let found = left.app.views.terms(left.app.tab, &one_node()).choices(field);
        assert!(!found.is_empty(), "{tab}: {choices}");
        let left = after(&format!("{tab} / {}", letters("zzz=1")));
        assert!(bottom(&left).contains("no field `zzz`"), "{tab}: {}", bottom(&left));
    }
}

#[test]
fn themes_are_gone_through_by_name_and_come_round() {
    let names: Vec<String> = (0..6)
        .map(|times| {
            let left =
                stay(app(Setup::default()), &one_node(), typed(&"t ".repeat(times)), (80, 24));
            left.app.setup.themes.current().name.clone()
        })
        .collect();
    assert_eq!(names, ["default", "light", "high-contrast", "colour-blind", "mono", "default"]);
}

#[test]
fn a_theme_is_seen_at_once_and_changes_no_letter() {
    let cells = |keys: &str| after(keys).page.terminal.backend().buffer().content.clone();
    let (before, light, mono) = (cells("1"), cells("1 t"), cells("1 t t t t"));
    let other = |one: &[Cell], two: &[Cell]| {
        one.iter().zip(two).filter(|(one, two)| one.style() != two.style()).count()
    };
    assert!(other(&before, &light) > 50 && other(&light, &mono) > 50);
    assert!(mono.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
    let rows =
        |cells: &[Cell]| -> String { cells.iter().take(80 * 20).map(Cell::symbol).collect() };
    assert_eq!(rows(&before), rows(&light));
}

#[test]
fn the_order_of_tables_is_kept() {
    let mut left = after("2 s s S 3 S");
    let habits = left.app.habits();
    let names: Vec<&str> = habits.tables.keys().map(String::as_str).collect();
    assert_eq!(names, ["gpus", "nodes"], "what is usual is not kept");
    let mut next = app(Setup::default());
    next.take_habits(&habits);
    assert_eq!(next.habits(), habits);
    let mut odd = habits.clone();
    odd.tables.get_mut("nodes").unwrap().by = "no such column".to_owned();
    let mut next = app(Setup::default());
    next.take_habits(&odd);
    assert_eq!(next.habits().tables.len(), 1, "a column that is no more changes nothing");
}

#[test]
fn the_help_begins_with_the_keys_of_the_place() {
    for (keys, own) in [("8 ?", "next panel"), ("2 ?", "next sort column")] {
        let text = after(keys).text();
        let at = |words: &str| text.lines().position(|line| line.contains(words));
        let (found, others) = (at(own), at("everywhere"));
        assert!(found.is_some() && found < others, "{keys}: {text}");
    }
}

#[test]
fn a_column_that_is_hidden_stays_so_and_the_last_cannot_be() {
    let left = after("2");
    assert!(left.text().contains("MEMORY"), "{}", left.text());
    let mut left = after("2 g c G up space esc");
    let habits = left.app.habits();
    let hidden = habits.tables["nodes"].hidden.clone();
    assert_eq!(hidden, ["BACKENDS"]);
    let mut left = after("2 g c down down down down down down space esc");
    assert!(!left.text().contains("MEMORY"), "{}", left.text());
    assert_eq!(left.app.habits().tables["nodes"].hidden, ["MEMORY"]);
    let mut left = after("2 g c down down down down down down space * esc");
    assert!(left.text().contains("MEMORY") && left.app.habits().tables.is_empty());
    let all = format!("3 g c {}esc", "space down ".repeat(30));
    let mut left = after(&all);
    let habits = left.app.habits();
    assert!(habits.tables["gpus"].hidden.len() > 3, "{habits:?}");
    assert!(after("9 g c").text().contains("no table whose columns can be chosen"));
    assert!(after("2 g c").text().contains("[x] NODE"));
}
