//! What is put in, and what is refused.

use super::*;

fn values(pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, value) in pairs {
        values.set(name, value);
    }
    values
}

#[test]
fn a_value_is_one_word_of_a_command_whatever_is_in_it() {
    let values = values(&[("hosts.db", "10.0.0.1"), ("a.out", "x; rm -rf /'$(id)"), ("e", "")]);
    let rows = [
        ("ping {{hosts.db}}", "ping 10.0.0.1"),
        ("ping {{ hosts.db }}:5432", "ping 10.0.0.1:5432"),
        ("echo {{a.out}}", r"echo 'x; rm -rf /'\''$(id)'"),
        ("f{{e}}", "f''"),
        (
            "docker ps --format '{{.Names}}' {{json .}} {{end}}",
            "docker ps --format '{{.Names}}' {{json .}} {{end}}",
        ),
        ("{{{{hosts.db}}}} and {{", "{{hosts.db}} and {{"),
        ("curl \"http://{{hosts.db}}:80/\"", "curl \"http://10.0.0.1:80/\""),
        ("# don't\necho {{a.out}}", "# don't\necho 'x; rm -rf /'\\''$(id)'"),
        ("cat <<E\n$x 'y\nE\necho {{a.out}}", "cat <<E\n$x 'y\nE\necho 'x; rm -rf /'\\''$(id)'"),
        ("echo $(( (1+2) << 3 )) {{e}}", "echo $(( (1+2) << 3 )) ''"),
        ("cat <<< x {{e}}", "cat <<< x ''"),
    ];
    for (text, wanted) in rows {
        assert_eq!(command(text, &values).as_deref(), Ok(wanted), "{text}");
    }
    assert_eq!(plain("/x/{{a.out}}", &values).unwrap(), "/x/x; rm -rf /'$(id)");
}

#[test]
fn where_quoting_means_something_else_only_plain_letters_are_put_in() {
    let values = values(&[("v", "a b")]);
    let refused = [
        "echo \"{{v}}\"",
        "echo '{{v}}'",
        "echo $'\\'{{v}}'",
        "echo x # {{v}}",
        "echo `echo {{v}}`",
        "echo \"$(echo \"{{v}}\")\"",
        "echo \"${x:-\"{{v}}\"}\"",
        "cat <<E\n{{v}}\nE\n",
        "cat <<-'E F'\n{{v}}\n",
        "cat <<A <<B\nA\n{{v}}\nB\n",
        "echo $(( {{v}} ))",
        "(( a = ({{v}}) ))",
        "echo $[ {{v}} ]",
    ];
    for text in refused {
        assert_eq!(command(text, &values), Err(Error::Unsafe("v".to_owned())), "{text}");
        assert!(command(text, &self::values(&[("v", "a-b")])).is_ok(), "{text}");
    }
    for text in
        ["echo {{v}}", "echo \"a\"{{v}}", "echo a#{{v}}", "echo $({{v}})", "echo \"${x}\" {{v}}"]
    {
        assert!(command(text, &values).is_ok(), "{text}");
    }
}

#[test]
fn what_stands_for_nothing_is_named() {
    let found = command("{{a}} {{b.c}} {{.d}}", &values(&[]));
    let wanted = Error::Unknown(vec!["a".to_owned(), "b.c".to_owned()]);
    assert_eq!(found, Err(wanted.clone()));
    assert_eq!(wanted.to_string(), "nothing is known as {{a}}, {{b.c}}");
    assert_eq!(so_far("x {{a}} {{b}}", &values(&[("a", "1 2")])), "x '1 2' {{b}}");
}
