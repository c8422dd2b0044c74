//! A graph as a tree: a row for each box below what feeds it first, and a short mention where it is fed
//! again. Circles end where they close.

/// Rows that are made.
const MOST: usize = 2_000;

/// A row of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Which box.
    pub(super) knot: usize,
    /// What stands before it.
    pub(super) stem: String,
    /// Whether it stands above already.
    pub(super) again: bool,
}

/// The rows of a graph of `count` boxes.
pub(super) fn rows(count: usize, edges: &[(usize, usize)]) -> Vec<Row> {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut fed = vec![false; count];
    for (from, to) in edges.iter().filter(|(from, to)| from != to && *from < count && *to < count) {
        if !below[*from].contains(to) {
            below[*from].push(*to);
        }
        fed[*to] = true;
    }
    let mut tree = Tree { below, seen: vec![false; count], rows: Vec::new() };
    // Boxes of a circle that nothing feeds from outside come last.
    let roots = (0..count).filter(|knot| !fed[*knot]).chain(0..count);
    for root in roots {
        if !tree.seen[root] {
            tree.grow(root);
        }
    }
    tree.rows
}

struct Tree {
    below: Vec<Vec<usize>>,
    seen: Vec<bool>,
    rows: Vec<Row>,
}

impl Tree {
    /// Adds `root` and what is below it, depth first.
    fn grow(&mut self, root: usize) {
        let mut waiting = vec![(root, String::new(), String::new())];
        while let Some((knot, stem, below)) = waiting.pop() {
            if self.rows.len() == MOST {
                return;
            }
            let again = std::mem::replace(&mut self.seen[knot], true);
            self.rows.push(Row { knot, stem, again });
            if again {
                continue;
            }
            for (at, to) in self.below[knot].iter().enumerate().rev() {
                let last = at + 1 == self.below[knot].len();
                let (branch, trunk) = if last { ("╰ ", "  ") } else { ("├ ", "│ ") };
                waiting.push((*to, format!("{below}{branch}"), format!("{below}{trunk}")));
            }
        }
    }
}
