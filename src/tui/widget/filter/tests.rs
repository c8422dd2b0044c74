//! What filters mean, and what is said about those that mean nothing.

use proptest::prelude::*;

use super::*;

struct Machine(&'static str, Option<f64>, f64);

impl Row for Machine {
    type Key = &'static str;
    const FIELDS: &'static [Field] = &[
        Field::text("name"),
        Field::new("cpu", Kind::Percent),
        Field::new("mem", Kind::Bytes),
        Field::one_of("status", &["up", "down", "cut off"]),
    ];

    fn key(&self) -> Self::Key {
        self.0
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            0 => Value::text(self.0),
            1 => self.1.into(),
            2 => Value::Number(self.2),
            _ => Value::text(if self.1.is_some() { "up" } else { "down" }),
        }
    }
}

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

fn left(filter: &str) -> Vec<&'static str> {
    let machines = [
        Machine("Web one", Some(85.0), GIB),
        Machine("web-two", Some(10.0), 3.0 * GIB),
        Machine("db", None, 0.5 * GIB),
    ];
    let filter = Filter::parse(filter, Machine::FIELDS).unwrap();
    machines.into_iter().filter(|machine| filter.lets(machine)).map(|machine| machine.0).collect()
}

fn said(filter: &str) -> String {
    Filter::parse(filter, Machine::FIELDS).unwrap_err().to_string()
}

#[test]
fn terms_narrow_rows() {
    let rows: [(&str, &[&str]); 19] = [
        ("", &["Web one", "web-two", "db"]),
        ("cpu>80", &["Web one"]),
        ("cpu<80%", &["web-two"]),
        ("mem>=1GiB", &["Web one", "web-two"]),
        ("mem>1g", &["web-two"]),
        ("mem=512m", &["db"]),
        ("web", &["Web one", "web-two"]),
        ("!web", &["db"]),
        ("name=\"web one\"", &["Web one"]),
        ("name!~web", &["db"]),
        ("name=one", &["Web one"]),
        ("name!=web", &["web-two", "db"]),
        ("web cpu<50", &["web-two"]),
        ("CPU!=10", &["Web one"]),
        ("status=DOWN", &["db"]),
        ("status!=down", &["Web one", "web-two"]),
        ("status=off", &[]),
        ("status~do", &["db"]),
        ("web \"or\" one", &[]),
    ];
    for (filter, wanted) in rows {
        assert_eq!(left(filter), wanted, "{filter}");
    }
}

#[test]
fn errors_name_the_place_and_the_nearest_field() {
    let rows = [
        ("cpuu>80", "column 1: no field `cpuu`; did you mean `cpu`?"),
        ("web zz=1", "column 5: no field `zz`; there are name, cpu, mem, status"),
        ("cpu>", "column 5: a value is missing"),
        ("web cpu>high", "column 9: `high` is not a number for `cpu`"),
        ("name>3", "column 1: `name` holds words; use = != ~ !~"),
        ("web name==db", "column 10: is equal is written `=`"),
        ("cpu==80", "column 5: is equal is written `=`"),
        ("name~\"web", "column 6: the quote is not closed"),
        ("status=zz", "column 8: `zz` is no `status`; there are up, down, cut off"),
        ("web status!=dawn", "column 13: `dawn` is no `status`; did you mean `down`?"),
        (
            "cpu>80 OR name=web",
            "column 8: no `OR` here: all terms must hold; in quotes it is looked for",
        ),
    ];
    for (filter, wanted) in rows {
        assert_eq!(said(filter), wanted, "{filter}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(text in ".{0,40}") {
        if let Ok(filter) = Filter::parse(&text, Machine::FIELDS) {
            filter.lets(&Machine("db", None, 1.0));
        }
    }
}
