//! Which sandbox a process is in, told from outside.
//!
//! Told by its control group, by the program that runs it, by the parents it has, and last by
//! namespaces of its own. Pure: facts in, an answer out; nothing is read here. A node that is itself
//! a container is the ground, not a sandbox on it.

mod command;
mod group;

use crate::model::process::{Engine, Sandbox};
use crate::model::text::SafeText;

/// The namespaces that make a sandbox, by inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespaces {
    /// Process ids.
    pub pid: u64,
    /// Mounts.
    pub mount: u64,
    /// Users.
    pub user: u64,
}

/// What is known of one process.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// Process id.
    pub pid: u32,
    /// Short name.
    pub name: &'a str,
    /// Program and arguments; empty for kernel threads.
    pub arguments: &'a [&'a str],
    /// The text of `/proc/PID/cgroup`.
    pub cgroup: &'a str,
    /// Its namespaces, if this user may see them.
    pub namespaces: Option<Namespaces>,
}

/// The ground: what the first process of the node is in.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    sandbox: Option<Sandbox>,
    namespaces: Option<Namespaces>,
}

impl Ground {
    /// The ground of a node whose first process has this control group and these namespaces.
    pub fn new(cgroup: &str, namespaces: Option<Namespaces>) -> Self {
        Self { sandbox: group::sandbox(cgroup), namespaces }
    }

    /// The maker of the container that the node itself is, if it is one.
    pub fn engine(&self) -> Option<Engine> {
        self.sandbox.as_ref().map(|sandbox| sandbox.engine)
    }
}

/// What one process says about its sandbox, before its parents are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    sandbox: Sandbox,
    strength: Strength,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    /// Namespaces of its own: a parent may know who made them.
    Weak,
    /// The maker is known, the name is only a process id: a parent of the same kind has the name.
    Unnamed,
    /// Maker and name are known.
    Sure,
}

/// What `facts` say of themselves.
pub fn claim(facts: &Facts<'_>, ground: &Ground) -> Option<Claim> {
    if facts.pid == 1 {
        return None;
    }
    let by_group =
        group::sandbox(facts.cgroup).filter(|found| Some(found) != ground.sandbox.as_ref());
    let sure = |sandbox| Claim { sandbox, strength: Strength::Sure };
    by_group.map(sure).or_else(|| by_command(facts)).or_else(|| by_namespaces(facts, ground))
}

fn by_command(facts: &Facts<'_>) -> Option<Claim> {
    let (engine, name) = command::maker(facts.name, facts.arguments)?;
    let (name, strength) = match name {
        Some(name) => (SafeText::new(name), Strength::Sure),
        None => (SafeText::new(&facts.pid.to_string()), Strength::Unnamed),
    };
    Some(Claim { sandbox: Sandbox { engine, name }, strength })
}

/// Process ids of its own, or users and mounts of its own; mounts alone are what every hardened
/// service has.
fn by_namespaces(facts: &Facts<'_>, ground: &Ground) -> Option<Claim> {
    let (own, host) = (facts.namespaces?, ground.namespaces?);
    let of = match own {
        _ if own.pid != host.pid => own.pid,
        _ if own.user != host.user && own.mount != host.mount => own.user,
        _ => return None,
    };
    Some(Claim {
        sandbox: Sandbox { engine: Engine::Namespaces, name: SafeText::new(&of.to_string()) },
        strength: Strength::Weak,
    })
}

/// How many parents are asked; also what ends a circle in odd data.
const MOST_PARENTS: usize = 64;

/// The sandbox of `pid`: its own sure claim, else that of the nearest parent, else its namespaces.
/// `look` gives a process's parent and claim.
pub fn resolve<'a>(
    pid: u32,
    look: impl Fn(u32) -> Option<(u32, Option<&'a Claim>)>,
) -> Option<&'a Sandbox> {
    let mut best: Option<&Claim> = None;
    let mut at = pid;
    for _ in 0..MOST_PARENTS {
        let Some((parent, claim)) = look(at) else {
            break;
        };
        if let Some(claim) = claim.filter(|claim| yields(best, claim)) {
            best = Some(claim);
        }
        if best.is_some_and(|best| best.strength == Strength::Sure) {
            break;
        }
        at = parent;
    }
    best.map(|claim| &claim.sandbox)
}

/// Whether what was found below gives way to a parent's claim.
fn yields(below: Option<&Claim>, above: &Claim) -> bool {
    match below {
        None => true,
        Some(below) => match below.strength {
            Strength::Weak => above.strength != Strength::Weak,
            Strength::Unnamed => above.sandbox.engine == below.sandbox.engine,
            Strength::Sure => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const HOST: Namespaces = Namespaces { pid: 1, mount: 2, user: 3 };

    /// `(pid, parent, name, arguments, cgroup, namespaces)` to the sandbox of each.
    type Row<'a> = (u32, u32, &'a str, &'a [&'a str], &'a str, Namespaces);

    fn sandboxes(rows: &[Row<'_>], ground: &Ground) -> Vec<String> {
        let claims: HashMap<u32, (u32, Option<Claim>)> = rows
            .iter()
            .map(|&(pid, parent, name, arguments, cgroup, namespaces)| {
                let facts = Facts { pid, name, arguments, cgroup, namespaces: Some(namespaces) };
                (pid, (parent, claim(&facts, ground)))
            })
            .collect();
        let look = |pid: u32| claims.get(&pid).map(|(parent, claim)| (*parent, claim.as_ref()));
        rows.iter()
            .map(|row| match resolve(row.0, look) {
                Some(sandbox) => format!("{} {}", sandbox.engine, sandbox.name),
                None => String::new(),
            })
            .collect()
    }

    #[test]
    fn children_are_where_their_parents_are() {
        let inside = Namespaces { pid: 9, mount: 8, user: 7 };
        let mounts = Namespaces { mount: 8, ..HOST };
        let users = Namespaces { pid: 1, mount: 8, user: 7 };
        let docker = "0::/system.slice/docker-0123456789abcdef0123456789abcdef.scope";
        let rows: [Row<'_>; 12] = [
            (1, 0, "init", &[], "0::/init.scope", HOST),
            (10, 1, "bash", &["bash"], "0::/user.slice", HOST),
            (11, 10, "bwrap", &["bwrap", "sh"], "0::/user.slice", HOST),
            (12, 11, "bwrap", &["bwrap", "sh"], "0::/user.slice", inside),
            (13, 12, "sh", &["sh"], "0::/user.slice", inside),
            (20, 1, "nginx", &["nginx"], docker, inside),
            (21, 20, "nginx", &["nginx"], "0::/", HOST),
            (30, 1, "resolved", &[], "0::/system.slice", mounts),
            (31, 1, "browser", &[], "0::/user.slice", users),
            (32, 31, "page", &[], "0::/user.slice", HOST),
            (40, 1, "firecracker", &["firecracker", "--id", "vm7"], "0::/", HOST),
            (50, 51, "circle", &[], "", HOST),
        ];
        assert_eq!(
            sandboxes(&rows, &Ground::new("0::/init.scope", Some(HOST))),
            [
                "",
                "",
                "bubblewrap 11",
                "bubblewrap 11",
                "bubblewrap 11",
                "docker 0123456789ab",
                "docker 0123456789ab",
                "",
                "namespaces 7",
                "namespaces 7",
                "firecracker vm7",
                "",
            ]
        );
    }

    #[test]
    fn a_node_in_a_container_is_the_ground() {
        let docker = "0::/docker/0123456789abcdef0123456789abcdef";
        let rows: [Row<'_>; 3] = [
            (1, 0, "init", &[], docker, HOST),
            (2, 1, "sh", &["sh"], docker, HOST),
            (3, 1, "sh", &["sh"], "0::/docker/0123456789abcdef0123456789abcdef/isomon/r1", HOST),
        ];
        let shown = sandboxes(&rows, &Ground::new(docker, Some(HOST)));
        assert_eq!(shown, ["", "", "isomon r1"]);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let claim = None;
        assert_eq!(resolve(5, |pid| Some((11 - pid, claim))), None);
    }
}
