//! Whether an expression holds for a thing: yes, no, or that it cannot be told.
//!
//! What is missing is neither true nor false. `and` is no as soon as one side is, `or` is yes as soon
//! as one side is, whatever is missing beside it.

use crate::model::id::SourceId;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;

use super::expression::{Term, Test};
use super::reading::{READINGS, Read, Scope, Take};
use super::thing::{Standing, Thing};
use super::unit::Unit;

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// What it is judged by is missing: which reading, and why.
    Unknown(&'static str, Why),
}

impl Truth {
    fn of(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

/// A thing of a node, to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The node's name.
    pub node: &'a SourceId,
    /// How it stands.
    pub standing: &'a Standing<'a>,
    /// The thing.
    pub thing: &'a Thing<'a>,
}

impl Asked<'_> {
    /// The number of the reading at `place` of the table.
    pub fn number(&self, place: usize) -> Read {
        READINGS[place].take(self.standing, self.thing)
    }

    /// The words of the reading at `place` of the table.
    pub fn words(&self, place: usize) -> SafeText {
        match (READINGS[place].take, self.thing) {
            (Take::Name(Scope::Node), _) => self.standing.name(self.node),
            (Take::Said(said), Thing::Xid(_, xid)) => said(xid).into(),
            _ => self.thing.words(),
        }
    }

    /// Whether one of the words of the reading at `place` `fits`, in lower case: this machine goes by its own
    /// name and by the one it has among the sources.
    fn goes_by(&self, place: usize, fits: impl Fn(&str) -> bool) -> bool {
        let is_node = matches!(READINGS[place].take, Take::Name(Scope::Node));
        let other = is_node.then(|| self.node.0.clone());
        let mut held = std::iter::once(self.words(place)).chain(other);
        held.any(|held| fits(&held.as_str().to_lowercase()))
    }

    /// The reading at `place` of the table, for people.
    pub fn written(&self, place: usize) -> String {
        let line = &READINGS[place];
        if line.unit == Unit::Text {
            return self.words(place).to_string();
        }
        match self.number(place) {
            Reading::Known(number) => line.unit.write(number),
            Reading::Missing(_) => "—".to_owned(),
        }
    }

    /// Whether `test` holds; `memory` has a place for each `was(…)`.
    pub fn holds(&self, test: &Test, memory: &mut [bool]) -> Truth {
        match test {
            Test::Numbers(sign, left, right) => match (self.term(left), self.term(right)) {
                (Ok(left), Ok(right)) => Truth::of(compare(sign, left, right)),
                (Err((name, why)), _) | (_, Err((name, why))) => Truth::Unknown(name, why),
            },
            Test::Words(sign, place, wanted) => {
                let is = || self.goes_by(*place, |held| held == wanted.as_str());
                let has = || self.goes_by(*place, |held| held.contains(wanted.as_str()));
                Truth::of(match *sign {
                    "=" => is(),
                    "!=" => !is(),
                    "!~" => !has(),
                    _ => has(),
                })
            }
            Test::Flag(place) => match self.number(*place) {
                Reading::Known(number) => Truth::of(number > 0.0),
                Reading::Missing(why) => Truth::Unknown(READINGS[*place].name, why),
            },
            Test::Was(number, test) => self.was(*number, test, memory),
            Test::Not(test) => match self.holds(test, memory) {
                Truth::Yes => Truth::No,
                Truth::No => Truth::Yes,
                unknown @ Truth::Unknown(..) => unknown,
            },
            Test::All(tests) => self.each(tests, &Truth::No, Truth::Yes, memory),
            Test::Any(tests) => self.each(tests, &Truth::Yes, Truth::No, memory),
        }
    }

    fn was(&self, number: usize, test: &Test, memory: &mut [bool]) -> Truth {
        let held = self.holds(test, memory) == Truth::Yes;
        let Some(place) = memory.get_mut(number) else { return Truth::of(held) };
        *place |= held;
        Truth::of(*place)
    }

    /// `decides` if any is that, unknown if any is, else `otherwise`. All are asked: what was is kept.
    fn each(
        &self,
        tests: &[Test],
        decides: &Truth,
        otherwise: Truth,
        memory: &mut [bool],
    ) -> Truth {
        let mut answer = otherwise;
        for test in tests {
            let truth = self.holds(test, memory);
            let unknown = matches!(truth, Truth::Unknown(..)) && answer != *decides;
            if truth == *decides || unknown {
                answer = truth;
            }
        }
        answer
    }

    fn term(&self, term: &Term) -> Result<f64, (&'static str, Why)> {
        match term {
            Term::Number(number) => Ok(*number),
            Term::Reading(place) => match self.number(*place) {
                Reading::Known(number) if number.is_finite() => Ok(number),
                Reading::Known(_) => Err((READINGS[*place].name, Why::NotYet)),
                Reading::Missing(why) => Err((READINGS[*place].name, why)),
            },
            Term::Calculated(sign, left, right) => {
                let (left, right) = (self.term(left)?, self.term(right)?);
                let number = match sign {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    _ => left / right,
                };
                if number.is_finite() {
                    Ok(number)
                } else {
                    Err(("a division by zero", Why::NotYet))
                }
            }
        }
    }
}

fn compare(sign: &str, left: f64, right: f64) -> bool {
    let equal = (left - right).abs() <= f64::EPSILON * left.abs().max(right.abs());
    match sign {
        ">" => left > right,
        ">=" => left >= right,
        "<" => left < right,
        "<=" => left <= right,
        "=" => equal,
        _ => !equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::{CpuUse, NodeInfo, NodeSample};
    use crate::model::time::Stamp;
    use crate::model::unit::Ratio;
    use crate::rule::expression::Expression;
    use crate::state::Node;

    fn node(cpu: Option<f64>, load: f64) -> Node {
        let busy = |busy| CpuUse { busy: Ratio::new(busy).unwrap(), ..CpuUse::default() };
        let sample = NodeSample {
            cpu: cpu.map(busy).map_or(Reading::Missing(Why::TimedOut), Reading::Known),
            load: Reading::Known([load, 0.0, 0.0]),
            ..NodeSample::default()
        };
        Node { sample: Some((Stamp::default(), Box::new(sample))), ..Node::default() }
    }

    fn truth(text: &str, node: &Node, mono_ms: u64) -> Truth {
        let expression = Expression::read(text).unwrap();
        let standing = Standing::of(node, Stamp { mono_ms, wall_ms: 0 }, 1_000, &[]);
        let name = SourceId("web-1".into());
        let asked = Asked { node: &name, standing: &standing, thing: &Thing::Node };
        asked.holds(&expression.test, &mut vec![false; expression.memories])
    }

    #[test]
    fn what_is_missing_is_neither_true_nor_false() {
        let missing = || Truth::Unknown("cpu", Why::TimedOut);
        let rows = [
            ("cpu > 50%", Some(0.6), Truth::Yes),
            ("cpu > 50%", Some(0.4), Truth::No),
            ("cpu > 50%", None, missing()),
            ("not cpu > 50%", None, missing()),
            ("cpu > 50% and load1 > 5", None, Truth::No),
            ("cpu > 50% and load1 < 5", None, missing()),
            ("cpu > 50% or load1 < 5", None, Truth::Yes),
            ("cpu > 50% or load1 > 5", None, missing()),
            ("load1 / cpus > 1", Some(0.5), Truth::Unknown("a division by zero", Why::NotYet)),
            ("node ~ WEB", None, Truth::Yes),
            ("node = web", None, Truth::No),
            ("node.down", None, Truth::No),
            ("load1 = 2 and load1 != 3", None, Truth::Yes),
            ("load1 * 2 - 1 >= 3", None, Truth::Yes),
        ];
        for (text, cpu, wanted) in rows {
            assert_eq!(truth(text, &node(cpu, 2.0), 0), wanted, "{text} {cpu:?}");
        }
    }

    #[test]
    fn this_machine_goes_by_either_of_its_names() {
        let info = NodeInfo { hostname: "VM-1".into(), ..NodeInfo::default() };
        let node = Node { info: Some(Box::new(info)), ..Node::default() };
        let standing = Standing::of(&node, Stamp::default(), 1_000, &[]);
        let rows = [
            ("node ~ local", true),
            ("node ~ vm", true),
            ("node = local", true),
            ("node = \"vm-1\"", true),
            ("node ~ web", false),
            ("node != local", false),
            ("node != \"vm-1\"", false),
            ("node !~ vm", false),
            ("node !~ web", true),
        ];
        for (text, wanted) in rows {
            let test = Expression::read(text).unwrap().test;
            let on = |name: &str| {
                let name = SourceId(name.into());
                let asked = Asked { node: &name, standing: &standing, thing: &Thing::Node };
                asked.holds(&test, &mut []) == Truth::Yes
            };
            assert_eq!(on("local"), wanted, "{text}");
            let is_other = !text.contains("vm") && !text.contains("local");
            assert!(!is_other || on("db") == wanted, "{text}: another node goes by one name");
        }
    }

    #[test]
    fn what_was_told_long_ago_is_missing() {
        let node = node(Some(0.9), 1.0);
        assert_eq!(truth("cpu > 50%", &node, 3_400), Truth::Yes);
        assert!(matches!(truth("cpu > 50%", &node, 3_600), Truth::Unknown("cpu", _)));
        assert_eq!(truth("node.late and node.silent > 3s", &node, 3_600), Truth::Yes);
    }
}
