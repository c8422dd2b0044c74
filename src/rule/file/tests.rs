//! What files of rules mean, and what is said about those that mean nothing.

use proptest::prelude::*;

use super::*;

fn said(text: &str) -> String {
    read("rules.toml", text).unwrap_err().to_string()
}

#[test]
fn the_rules_isomon_comes_with_have_no_mistake() {
    let rules = presets().unwrap();
    assert!(rules.rules.len() > 20 && rules.receivers.is_empty());
    assert_eq!(read("f", "").unwrap(), rules, "an empty file changes nothing");
    assert!(read("f", "presets = false").unwrap().rules.is_empty());
    let busy = rules.rules.iter().find(|rule| rule.text.as_str().contains("gpu.busy"));
    assert_eq!(busy, None, "a busy GPU is no alarm");
}

#[test]
fn a_users_rule_takes_the_place_of_one_of_its_name() {
    let text = "[[rule]]\nname = \"node-down\"\nwhen = \"node.down\"\nfor = \"1h\"\n\
                [[rule]]\nname = \"swap-full\"\noff = true\n\
                [[rule]]\nname = \"own\"\nwhen = \"cpu > 0\"\nfor = \"0s\"\nkeep = \"0\"\n";
    let (rules, before) = (read("f", text).unwrap().rules, presets().unwrap().rules);
    assert_eq!(rules.len(), before.len());
    let find = |name: &str| rules.iter().find(|rule| rule.name.as_str() == name);
    assert_eq!(find("node-down").unwrap().lasts, Duration::from_hours(1));
    assert!(find("swap-full").is_none());
    let own = find("own").unwrap();
    assert_eq!((own.keep, own.severity, own.preset), (Duration::ZERO, Severity::Warning, false));
}

#[test]
fn a_mistake_says_file_line_column_and_the_nearest_word() {
    let rows = [
        (
            "[[rule]]\nname = \"a\"\nwhen = \"cpuu > 1\"",
            "rules.toml:3:9: nothing is called `cpuu`",
            "did you mean `cpu`?",
        ),
        (
            "[[rule]]\nname = \"a\"\nwhen = \"cpu > 1GiB\"",
            "rules.toml:3:15: % and bytes",
            "write 80%",
        ),
        (
            "[[rule]]\nname = \"a\"\nwhn = \"cpu > 1\"",
            "rules.toml:3:1: unknown field `whn`",
            "did you mean `when`?",
        ),
        ("[[rule]]\nname = \"a\"", "rules.toml:2:8: the rule `a` has no `when`", ""),
        (
            "[[rule]]\nname = \"a\"\nwhen = \"cpu > 1\"\nlabels = { node = \"x\" }",
            "rules.toml:4:12: every alert has a `node` of its own",
            "otherwise",
        ),
        (
            "[[rule]]\nname = \"a\"\nwhen = \"cpu > 1\"\nlabels = { 1a = \"x\" }",
            "rules.toml:4:12: `1a` is no name of a label",
            "letters, digits and _",
        ),
        (
            "[[rule]]\nname = \"a\"\nwhen = \"cpu > 1\"\nfor = \"soon\"",
            "rules.toml:4:7: `soon` is not a length",
            "",
        ),
        (
            "[[rule]]\nname = \"a\"\nwhen = \"cpu > 1\"\nseverity = \"critcal\"",
            "rules.toml:4:12: no severity is called `critcal`",
            "did you mean `critical`?",
        ),
        (
            "[[rule]]\nname = \"node-donw\"\noff = true",
            "rules.toml:2:8: no rule is called `node-donw`",
            "did you mean `node-down`?",
        ),
        (
            "[[rule]]\nname = \"a\"\nwhen = \"cpu > 1\"\nmessage = \"{cpuu}\"",
            "rules.toml:4:12: nothing is called `cpuu`",
            "",
        ),
    ];
    for (text, what, remedy) in rows {
        let said = said(text);
        assert!(said.contains(what) && said.contains(remedy), "{text}\n{said}");
    }
}

#[test]
fn a_receiver_has_one_address_and_a_command_none() {
    let rows = [
        (
            "[[receiver]]\nname = \"a\"\nkind = \"discrod\"",
            "rules.toml:3:8: no kind of receiver",
            "did you mean `discord`?",
        ),
        (
            "[[receiver]]\nname = \"a\"\nkind = \"slack\"",
            "receiver `a`: it has no address",
            "url_env",
        ),
        (
            "[[receiver]]\nname = \"a\"\nkind = \"slack\"\nurl = \"x\"\nurl_env = \"y\"",
            "several addresses",
            "",
        ),
        (
            "[[receiver]]\nname = \"a\"\nkind = \"command\"\nurl = \"x\"",
            "a command needs `command`",
            "",
        ),
        ("rule = 3", "rules.toml:1:8:", ""),
    ];
    for (text, what, remedy) in rows {
        let said = said(text);
        assert!(said.contains(what) && said.contains(remedy), "{text}\n{said}");
    }
    let twice = "[[rule]]\nname = \"a\"\nwhen = \"cpu > 1\"\n".repeat(2);
    assert!(said(&twice).contains("`a` is a rule already"));
}

#[test]
fn an_address_is_never_shown() {
    let text = "[[receiver]]\nname = \"a\"\nkind = \"discord\"\nurl = \"https://discord/hunter2\"";
    let rules = read("f", text).unwrap();
    assert!(!format!("{rules:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn any_text_is_rules_or_a_mistake(text in "(\\[\\[rule\\]\\]\nname = \"[a-z]{0,3}\"\nwhen = \".{0,20}\"\n){0,2}.{0,20}") {
        drop(read("f", &text));
    }
}
