//! Processes as a tree: each below its parent, siblings in the order they came.

use std::collections::{HashMap, HashSet};

use crate::model::process::Process;

/// A process and how deep it stands.
pub(super) type Branch<'a> = (&'a Process, usize);

/// Orders `processes` as a tree. One whose parent is not among them is a root; a loop of parents,
/// which a torn reading can make, is cut open at its first process.
pub(super) fn grow<'a>(processes: &[&'a Process]) -> Vec<Branch<'a>> {
    let pids: HashSet<u32> = processes.iter().map(|process| process.pid).collect();
    let mut children: HashMap<u32, Vec<&'a Process>> = HashMap::new();
    let is_root =
        |process: &Process| process.parent == process.pid || !pids.contains(&process.parent);
    for process in processes.iter().copied().filter(|process| !is_root(process)) {
        children.entry(process.parent).or_default().push(process);
    }
    let mut grown = Vec::with_capacity(processes.len());
    let mut seen = HashSet::with_capacity(processes.len());
    let roots = processes.iter().copied().filter(|process| is_root(process));
    for root in roots.chain(processes.iter().copied()) {
        climb(root, &mut children, &mut seen, &mut grown);
    }
    grown
}

fn climb<'a>(
    root: &'a Process,
    children: &mut HashMap<u32, Vec<&'a Process>>,
    seen: &mut HashSet<u32>,
    grown: &mut Vec<Branch<'a>>,
) {
    let mut stack = vec![(root, 0)];
    while let Some((process, depth)) = stack.pop() {
        if !seen.insert(process.pid) {
            continue;
        }
        grown.push((process, depth));
        let below = children.remove(&process.pid).unwrap_or_default();
        stack.extend(below.into_iter().rev().map(|child| (child, depth + 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(pairs: &[(u32, u32)]) -> Vec<(u32, usize)> {
        let process = |(pid, parent): &(u32, u32)| Process {
            pid: *pid,
            parent: *parent,
            ..Process::default()
        };
        let processes: Vec<_> = pairs.iter().map(process).collect();
        let processes: Vec<_> = processes.iter().collect();
        grow(&processes).iter().map(|(process, depth)| (process.pid, *depth)).collect()
    }

    #[test]
    fn children_stand_below_their_parent() {
        let tree = grown(&[(3, 1), (1, 0), (5, 3), (2, 1), (9, 8)]);
        assert_eq!(tree, [(1, 0), (3, 1), (5, 2), (2, 1), (9, 0)]);
    }

    #[test]
    fn a_loop_ends_and_loses_nobody() {
        assert_eq!(grown(&[(1, 2), (2, 1), (3, 3)]).len(), 3);
    }
}
