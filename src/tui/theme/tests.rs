//! The themes isomon comes with say what they should, and can be read at any depth.

use ratatui::style::Color;

use super::contrast::{LINE, TEXT, ratio};
use super::depth::light;
use super::*;

/// The themes that have colours.
fn coloured() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name).filter(|name| *name != "mono")
}

/// The ground a theme is made for, and the text there, where it leaves them to the terminal.
fn terminal(name: &str) -> ([u8; 3], [u8; 3]) {
    if name == "light" { ([255; 3], [0; 3]) } else { ([0; 3], [255; 3]) }
}

fn styles(theme: &Theme) -> Vec<Style> {
    let mut styles = vec![
        theme.text,
        theme.good,
        theme.warn,
        theme.bad,
        theme.muted,
        theme.accent,
        theme.border,
        theme.focus,
        theme.title,
        theme.selected,
        theme.track,
    ];
    styles.extend(theme.series);
    styles
}

#[test]
fn the_embedded_themes_have_no_mistake() {
    for (name, text) in EMBEDDED {
        file::read(name, name, text, Depth::True).unwrap();
    }
}

#[test]
fn without_colours_there_are_none_and_meanings_still_differ() {
    let themes = Themes::load(None, &[], "dark", Depth::None).unwrap();
    let mono = themes.current();
    assert_eq!(mono.name, "mono");
    assert!(styles(mono).iter().all(|s| s.fg.is_none() && s.bg.is_none()));
    assert_ne!(mono.bad, mono.good);
    assert_ne!(mono.selected, mono.text);
    assert_ne!(mono.warn, mono.good);
}

#[test]
fn sixteen_colours_keep_meanings_apart_and_text_readable() {
    for name in coloured() {
        let theme = Theme::embedded(name, Depth::Sixteen);
        assert_ne!(theme.good, theme.warn, "{name}");
        assert_ne!(theme.warn, theme.bad, "{name}");
        for style in styles(&theme) {
            assert_ne!(style.fg.unwrap_or(Color::Reset), style.bg.unwrap_or(Color::Rgb(1, 1, 1)));
            assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))));
        }
    }
}

#[test]
fn neighbouring_lines_differ() {
    for name in coloured() {
        for depth in [Depth::True, Depth::Many, Depth::Sixteen] {
            let series = Theme::embedded(name, depth).series;
            assert!(series.windows(2).all(|two| two[0] != two[1]), "{name} {depth:?}");
        }
    }
}

#[test]
fn an_unknown_theme_names_the_nearest() {
    let error = Themes::load(None, &[], "defautl", Depth::True).unwrap_err();
    let all = "(there are default, light, high-contrast, colour-blind, mono)";
    let wanted = format!("no theme is called `defautl`; did you mean `default`? {all}");
    assert_eq!(error.to_string(), wanted);
    let error = Themes::load(None, &[], "foo", Depth::True).unwrap_err();
    assert_eq!(error.to_string(), format!("no theme is called `foo` {all}"), "none is near");
}

#[test]
fn the_users_theme_joins_and_its_mistake_is_placed() {
    let own = tempfile::tempdir().unwrap();
    std::fs::write(own.path().join("mine.toml"), "good = { fg = \"green\" }\n").unwrap();
    let themes = Themes::load(Some(own.path()), &[], "mine", Depth::True).unwrap();
    assert_eq!(themes.current().good.fg, Some(Color::Green));
    assert_eq!(themes.current().bad, Theme::dark().bad);

    std::fs::write(own.path().join("mine.toml"), "\ngood = { fg = \"gren\" }\n").unwrap();
    let error = Themes::load(Some(own.path()), &[], "mine", Depth::True).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("mine.toml:2:15: `gren` is not a colour; did you mean `green`?"),
        "{error}"
    );
}

#[test]
fn every_theme_comes_round() {
    let mut themes = Themes::load(None, &[], "light", Depth::True).unwrap();
    for _ in 0..EMBEDDED.len() {
        themes.next();
    }
    assert_eq!(themes.current().name, "light");
}

#[test]
fn the_default_is_called_dark_as_well() {
    let themes = Themes::load(None, &[], "dark", Depth::True).unwrap();
    assert_eq!(themes.current().name, DEFAULT);
    assert_eq!(themes.words(), "theme: default, 1 of 5");
    assert_eq!(Theme::embedded("dark", Depth::Many), Theme::embedded(DEFAULT, Depth::Many));
}

/// What `theme` shows too little of: the meaning, its contrast, and the least.
fn unreadable(theme: &Theme, text_least: f64) -> Vec<String> {
    let (ground, text) = terminal(&theme.name);
    let seen = |colour: Option<Color>, own: [u8; 3]| colour.and_then(light).unwrap_or(own);
    let ground = seen(theme.ground.bg, ground);
    let words = [
        ("text", theme.text),
        ("good", theme.good),
        ("warn", theme.warn),
        ("bad", theme.bad),
        ("muted", theme.muted),
        ("accent", theme.accent),
        ("title", theme.title),
        ("selected", theme.selected),
    ];
    let lines = [("border", theme.border), ("focus", theme.focus)];
    let series = theme.series.map(|style| ("series", style));
    let all = words.map(|(name, style)| (name, style, text_least)).into_iter();
    let all = all.chain(lines.into_iter().chain(series).map(|(name, style)| (name, style, LINE)));
    let all = all.chain([("track", theme.track, 1.5)]);
    all.filter_map(|(name, style, least)| {
        let have = ratio(seen(style.fg, text), seen(style.bg, ground));
        (have < least).then(|| format!("{} {name}: {have:.2} is less than {least}", theme.name))
    })
    .collect()
}

#[test]
fn everything_can_be_read_on_its_ground_at_any_depth() {
    for name in coloured() {
        let least = if name == "high-contrast" { 7.0 } else { TEXT };
        for depth in [Depth::True, Depth::Many] {
            let theme = Theme::embedded(name, depth);
            assert_eq!(unreadable(&theme, least), [""; 0], "{depth:?}");
        }
        // As xterm has them; the 16 colours are the user's own.
        let few = Theme::embedded(name, Depth::Sixteen);
        assert_eq!(unreadable(&few, TEXT), [""; 0], "16 colours");
    }
}

/// How eyes without one kind of cone see `colour` (Machado, Oliveira and Fernandes 2009, severity 1).
fn seen_without(cone: usize, colour: [u8; 3]) -> [f64; 3] {
    const MATRIX: [[[f64; 3]; 3]; 3] = [
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];
    let linear = colour.map(|part| (f64::from(part) / 255.0).powf(2.2));
    MATRIX[cone].map(|row| {
        let sum: f64 = row.iter().zip(linear).map(|(weight, part)| weight * part).sum();
        sum.clamp(0.0, 1.0).powf(1.0 / 2.2)
    })
}

#[test]
fn no_kind_of_colour_vision_takes_good_for_bad() {
    for depth in [Depth::True, Depth::Many, Depth::Sixteen] {
        let theme = Theme::embedded("colour-blind", depth);
        let meanings =
            [theme.good, theme.warn, theme.bad].map(|style| light(style.fg.unwrap()).unwrap());
        for cone in 0..3 {
            let [good, warn, bad] = meanings.map(|colour| seen_without(cone, colour));
            for (a, b) in [(good, warn), (warn, bad), (good, bad)] {
                let far = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!(far > 0.25, "{depth:?} cone {cone}: {a:?} {b:?} {far}");
            }
        }
    }
    // The test can fail: green and red of the default are near for who lacks the cone for green.
    let theme = Theme::dark();
    let [good, bad] =
        [theme.good, theme.bad].map(|style| seen_without(1, light(style.fg.unwrap()).unwrap()));
    let far = good.iter().zip(bad).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    assert!(far < 0.25, "{far}");
}

const BTOP: &str = r##"
# Main background
theme[main_bg]="#282a36"
theme[main_fg]="248 248 242"
theme[hi_fg]="#6272a4"
theme[inactive_fg]="#40"
theme[selected_bg]='#ff79c6'
theme[selected_fg]="#f8f8f2"
theme[cpu_start]="#50fa7b"
theme[cpu_mid]="#f1fa8c"
theme[cpu_end]="#ff5555"
theme[temp_start]=""
something else
"##;

fn btop(text: &str, depth: Depth) -> Theme {
    btop::read("mine", "mine.theme", text, depth).unwrap()
}

#[test]
fn a_theme_of_btops_is_read_by_what_its_colours_mean() {
    let theme = btop(BTOP, Depth::True);
    assert_eq!(theme.ground.bg, Some(Color::Rgb(0x28, 0x2a, 0x36)));
    assert_eq!(theme.text.fg, Some(Color::Rgb(248, 248, 242)));
    assert_eq!(theme.good.fg, Some(Color::Rgb(0x50, 0xfa, 0x7b)));
    assert_eq!(theme.bad.fg, Some(Color::Rgb(0xff, 0x55, 0x55)));
    assert_eq!(unreadable(&theme, TEXT), [""; 0]);
    // A gradient that means nothing, as all of one hue, is not taken for good and bad.
    let blue = BTOP.replace("#50fa7b", "#7070ff").replace("#ff5555", "#7777ff");
    assert_eq!(btop(&blue, Depth::True).bad, Theme::dark().bad);
    assert!(matches!(btop(BTOP, Depth::Many).good.fg, Some(Color::Indexed(_))));
    assert_eq!(btop(BTOP, Depth::Sixteen).ground.bg, Some(Color::Black));
}

#[test]
fn a_wrong_colour_of_btops_is_placed() {
    let error =
        btop::read("x", "x.theme", "\ntheme[main_fg]=\"#12345\"\n", Depth::True).unwrap_err();
    assert!(error.to_string().starts_with("x.theme:2:17: `#12345` is not a colour"), "{error}");
    for text in ["theme[", "theme[a]", "theme[a]=\"", "theme[é]=\"#é\"", "theme[a]=\"1 2\""] {
        let _read = btop::read("x", "x", text, Depth::True);
    }
}

#[test]
fn every_theme_btop_brings_can_be_read() {
    let place = std::path::PathBuf::from("/usr/share/btop/themes");
    if !place.is_dir() {
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none(), "btop's themes are not here");
        return;
    }
    for depth in [Depth::True, Depth::Many] {
        let themes = Themes::load(None, std::slice::from_ref(&place), DEFAULT, depth).unwrap();
        let files = std::fs::read_dir(&place).unwrap().count();
        assert!(themes.names().count() >= files, "each of {files} is there");
        for theme in themes.all().iter().skip(EMBEDDED.len()) {
            let few: Vec<String> = unreadable(theme, TEXT - 0.01)
                .into_iter()
                .filter(|words| !words.contains("track"))
                .collect();
            assert_eq!(few, [""; 0], "{depth:?}");
            assert!(theme.series.windows(2).all(|two| two[0] != two[1]), "{}", theme.name);
        }
    }
}

#[test]
fn what_is_wrong_at_btops_place_stops_nobody_and_hides_nothing() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("bad.theme"), "theme[main_fg]=\"pink\"").unwrap();
    std::fs::write(place.path().join("light.theme"), BTOP).unwrap();
    std::fs::write(place.path().join("mine.theme"), BTOP).unwrap();
    std::fs::create_dir(place.path().join("dir.theme")).unwrap();
    std::fs::write(place.path().join("long.theme"), "#".repeat(70_000)).unwrap();
    let others = [place.path().to_owned()];
    let themes = Themes::load(None, &others, "mine", Depth::True).unwrap();
    assert_eq!(themes.names().count(), EMBEDDED.len() + 1);
    assert_eq!(themes.current().good.fg, Some(Color::Rgb(0x50, 0xfa, 0x7b)));
    // The user's own directory is another matter: there a mistake is told, and a name is taken.
    let error = Themes::load(Some(place.path()), &[], "mine", Depth::True).unwrap_err();
    assert!(error.to_string().contains("bad.theme:1:17"), "{error}");
}
