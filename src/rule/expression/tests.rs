//! What expressions mean, and what is said about those that mean nothing.

use proptest::prelude::*;

use super::*;

#[test]
fn questions_are_understood() {
    let rows = [
        ("cpu > 90%", Scope::Node),
        ("cpu>90 memory>=80%", Scope::Node),
        ("gpu.temperature > gpu.slowdown_temperature - 5", Scope::Gpu),
        ("not (cpu < 10 or load1 / cpus < 0.5) and node ~ web", Scope::Node),
        ("(cpu + 5) * 2 > 100", Scope::Node),
        ("was(backend.ready) and not backend.ready", Scope::Backend),
        ("node.down", Scope::Node),
        ("mount != \"/tmp\" mount.free < 2GiB", Scope::Mount),
        ("memory.available < memory.total / 10", Scope::Node),
        ("load1 > -1", Scope::Node),
        ("memory.available / memory.total < 0.1", Scope::Node),
        ("memory.available / memory.total * 100% < 10%", Scope::Node),
        ("disk.read / disk.write > 9", Scope::Disk),
        ("5 * 4 < cpu + 10", Scope::Node),
        ("memory.available < memory.total * (swap / 100%)", Scope::Node),
    ];
    for (text, scope) in rows {
        let read = Expression::read(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
        assert_eq!(read.scope, scope, "{text}");
    }
    let source = |text| Expression::read(text).unwrap().is_of_source();
    assert!(source("node.down and node.silent > 30s") && !source("node.down and cpu > 1"));
}

#[test]
fn a_mistake_has_its_place_and_what_was_meant() {
    let rows = [
        ("cpuu > 90%", 0..4, "nothing is called `cpuu`", "did you mean `cpu`?"),
        ("cpu > 5GiB", 6..10, "% and bytes do not compare", "write 80%"),
        ("load1 > 90%", 8..11, "number and % do not compare", "write 0.9 in place of 90%"),
        ("10% > load1", 6..11, "% and number do not compare", "write 0.1 in place of 10%"),
        (
            "memory.available / memory.total < 10%",
            34..37,
            "number and % do not compare",
            "write 0.1 in place of 10%",
        ),
        ("swap > disk.read / disk.write", 7..16, "% and number do not compare", "by 100%"),
        ("cpu + load1 > 5", 6..11, "% and number do not compare", ""),
        (
            "memory.available < memory.total * 10%",
            34..37,
            "nothing is multiplied or divided by %",
            "write 0.1 in place of 10%",
        ),
        ("cpu.user > cpu * 50%", 17..20, "multiplied or divided by %", "write 0.5 in place"),
        ("cpu", 0..3, "a number alone is no question", "write > 80%"),
        ("node == \"vm\"", 5..7, "is equal is written `=`", ""),
        ("(cpu > 1% and cpus == 2)", 19..21, "is equal is written `=`", ""),
        ("node > 3", 5..6, "`node` holds words", "use = != ~ !~"),
        ("node.down = 1", 10..11, "`node.down` is yes or no", ""),
        ("cpu > 90% )", 10..11, "nothing may follow here", ""),
        ("(cpu > 90%", 10..10, "`)` is missing", ""),
        ("cpu >", 5..5, "it ends too early", ""),
        ("", 0..0, "nothing is asked", ""),
        ("gpu.busy > 1 and mount.used > 1", 17..27, "is of a mount, and the rule of a GPU", ""),
    ];
    for (text, span, what, remedy) in rows {
        let wrong = Expression::read(text).unwrap_err();
        assert!(wrong.what.contains(what), "{text}: {wrong:?}");
        assert!(wrong.remedy.contains(remedy), "{text}: {wrong:?}");
        assert_eq!(wrong.span, span, "{text}: {wrong:?}");
    }
    assert!(Expression::read(&"(".repeat(3_000)).is_err());
    assert!(Expression::read(&"not ".repeat(1_000)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_an_expression_or_an_error(text in ".{0,60}") {
        drop(Expression::read(&text));
    }

    #[test]
    fn any_words_are_an_expression_or_an_error(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "cpu", "node", "gpu.busy", "node.down", "and", "or", "not", "was", "(", ")", "<",
            "-", "*", "80%", "\"x\"", "~", "=",
        ]), 0..14)) {
        drop(Expression::read(&words.join(" ")));
    }
}
