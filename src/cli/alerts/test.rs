//! `isomon alerts test`: a message to receivers, to see whether it arrives.

use color_eyre::eyre::eyre;

use super::super::advice::Advise;
use super::super::setting::Setting;
use super::super::{Exit, Outcome, print, runtime};
use crate::alert::deliver::once;
use crate::alert::letter::Letter;
use crate::model::alert::{AlertId, AlertState, Severity};
use crate::model::time::{Clock as _, SystemClock};
use crate::rule::{Change, Receiver, Rules};

pub(super) fn run(rules: &Rules, named: Option<&str>, setting: &Setting) -> Outcome {
    let wanted: Vec<&Receiver> =
        rules.receivers.iter().filter(|one| named.is_none_or(|name| one.name == name)).collect();
    if wanted.is_empty() {
        let known: Vec<&str> = rules.receivers.iter().map(|one| one.name.as_str()).collect();
        return Err(match named {
            Some(name) if !known.is_empty() => eyre!("no receiver is called `{name}`")
                .advise(&format!("there are {}", known.join(", "))),
            _ => eyre!("no receiver is set").advise(
                "write [[receiver]] with name, kind and url_env into rules.toml; `isomon config path` \
                 says where",
            ),
        });
    }
    let letter = letter(setting);
    let mut exit = Exit::Good;
    for receiver in wanted {
        match runtime::block_on(once(receiver, &letter))? {
            Ok(()) => print::out(&format!("{}: taken\n", receiver.name))?,
            Err(why) => {
                print::err(&format!("isomon: receiver {}: {why}", receiver.name));
                exit = Exit::Bad;
            }
        }
    }
    Ok(exit)
}

fn letter(setting: &Setting) -> Letter {
    let host = setting.local.info().hostname;
    let id = AlertId { rule: "test".into(), node: host.clone(), thing: <_>::default() };
    let (from, to) = (AlertState::Ok, AlertState::Firing);
    let message = "this is a test; nothing is wrong".into();
    let labels = <_>::default();
    let change = Change { id, severity: Severity::Info, from, to, message, labels };
    let at_ms = SystemClock.now().wall_ms;
    Letter { changes: vec![change], host, at_ms, ..Letter::default() }
}
