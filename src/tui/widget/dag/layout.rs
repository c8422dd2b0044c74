//! Where the boxes and lines of a graph go: in layers from left to right.
//!
//! Every node is one layer beyond the furthest of those that feed it, so that every line goes forward. Where
//! a graph goes in circles some of its edges are turned round first; they are marked, and drawn with
//! their arrow at the other end. A line across several layers has a place of its own in each of them, so
//! that it never runs through a box. Pure, and the same for the same graph.

use std::collections::{BTreeMap, BTreeSet};

/// Boxes and places of lines; a graph with more is not drawn as one.
const MOST: usize = 4_000;
/// Times the order within the layers is bettered.
const SWEEPS: usize = 6;

/// A rectangle on a page that may be larger than any screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Left column.
    pub x: usize,
    /// Upper row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// A line from one box to another, by its corners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The node on the left.
    pub from: usize,
    /// The node on the right.
    pub to: usize,
    /// Whether the edge goes from right to left.
    pub back: bool,
    /// Corners, each in the row or the column of the one before.
    pub corners: Vec<(usize, usize)>,
}

/// A graph on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Columns of the page.
    pub width: usize,
    /// Rows of the page.
    pub height: usize,
    /// Where each node is.
    pub spots: Vec<Spot>,
    /// A line for each edge between two different nodes.
    pub paths: Vec<Path>,
}

/// What has a place in a layer: a node, or a line that passes.
#[derive(Clone, Copy)]
struct Point {
    layer: usize,
    row: usize,
}

/// An edge that goes forward, through the points it passes.
struct Chain {
    back: bool,
    points: Vec<usize>,
}

/// Lays out nodes whose boxes are `widths` wide and `height` high; `edges` that name no node, or one node
/// twice, are passed over. `None` where it takes more places than can be told apart.
pub fn lay_out(widths: &[usize], edges: &[(usize, usize)], height: usize) -> Option<Layout> {
    let count = widths.len();
    let known = |(from, to): &&(usize, usize)| from != to && *from < count && *to < count;
    let edges: BTreeSet<(usize, usize)> = edges.iter().filter(known).copied().collect();
    let forward = orient(count, &edges);
    let layer_of = layers(count, &forward);
    let mut points: Vec<Point> =
        layer_of.iter().map(|layer| Point { layer: *layer, row: 0 }).collect();
    let mut chains = Vec::with_capacity(forward.len());
    for (from, to, back) in &forward {
        let passed = layer_of[*from] + 1..layer_of[*to];
        let first = points.len();
        points.extend(passed.map(|layer| Point { layer, row: 0 }));
        if points.len() > MOST {
            return None;
        }
        let way = std::iter::once(*from).chain(first..points.len()).chain([*to]);
        chains.push(Chain { back: *back, points: way.collect() });
    }
    let columns = order(&mut points, &chains);
    Some(place(widths, height.max(1), &points, &columns, &chains))
}

/// The edges, those that would close a circle turned round: from, to, whether it was turned.
fn orient(count: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<(usize, usize, bool)> {
    let next: Vec<Vec<usize>> = (0..count)
        .map(|node| edges.range((node, 0)..(node + 1, 0)).map(|(_, to)| *to).collect())
        .collect();
    // 0: not seen, 1: on the way, 2: done.
    let mut seen = vec![0_u8; count];
    let mut forward = BTreeMap::new();
    for root in 0..count {
        let mut way = vec![(root, 0)];
        if std::mem::replace(&mut seen[root], 1) != 0 {
            seen[root] = 2;
            continue;
        }
        while let Some((node, at)) = way.last_mut() {
            let Some(to) = next[*node].get(*at).copied() else {
                seen[*node] = 2;
                way.pop();
                continue;
            };
            *at += 1;
            let closes = seen[to] == 1;
            let edge = if closes { (to, *node) } else { (*node, to) };
            forward.entry(edge).or_insert(closes);
            if seen[to] == 0 {
                seen[to] = 1;
                way.push((to, 0));
            }
        }
    }
    forward.into_iter().map(|((from, to), back)| (from, to, back)).collect()
}

/// The layer of each node: the length of the longest way to it.
fn layers(count: usize, edges: &[(usize, usize, bool)]) -> Vec<usize> {
    let mut layer = vec![0; count];
    let mut waits = vec![0_usize; count];
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to, _) in edges {
        waits[*to] += 1;
        next[*from].push(*to);
    }
    let mut ready: Vec<usize> = (0..count).filter(|node| waits[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for to in &next[node] {
            layer[*to] = layer[*to].max(layer[node] + 1);
            waits[*to] -= 1;
            if waits[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    layer
}

/// Puts the points of each layer in an order with few crossings: each near the middle of those it is
/// joined to, in turns from the left and from the right.
fn order(points: &mut [Point], chains: &[Chain]) -> Vec<Vec<usize>> {
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for (point, at) in points.iter().enumerate() {
        if columns.len() <= at.layer {
            columns.resize(at.layer + 1, Vec::new());
        }
        columns[at.layer].push(point);
    }
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); points.len()];
    let mut after = before.clone();
    for pair in chains.iter().flat_map(|chain| chain.points.windows(2)) {
        before[pair[1]].push(pair[0]);
        after[pair[0]].push(pair[1]);
    }
    number(points, &columns);
    for sweep in 0..SWEEPS {
        let joined = if sweep % 2 == 0 { &before } else { &after };
        for at in 0..columns.len() {
            let at = if sweep % 2 == 0 { at } else { columns.len() - 1 - at };
            sort(&mut columns[at], joined, points);
            number(points, &columns[at..=at]);
        }
    }
    columns
}

fn sort(column: &mut [usize], joined: &[Vec<usize>], points: &[Point]) {
    let middle = |point: &usize| {
        let of = &joined[*point];
        let sum: usize = of.iter().map(|other| points[*other].row).sum();
        if of.is_empty() { points[*point].row as f64 } else { sum as f64 / of.len() as f64 }
    };
    column.sort_by(|one, other| middle(one).total_cmp(&middle(other)));
}

fn number(points: &mut [Point], columns: &[Vec<usize>]) {
    for column in columns {
        for (row, point) in column.iter().enumerate() {
            points[*point].row = row;
        }
    }
}

/// Gives everything its place on the page.
fn place(
    widths: &[usize],
    height: usize,
    points: &[Point],
    columns: &[Vec<usize>],
    chains: &[Chain],
) -> Layout {
    let most = columns.iter().map(Vec::len).max().unwrap_or(0);
    let top = |point: usize| {
        let Point { layer, row } = points[point];
        (most - columns[layer].len()) * height / 2 + row * height
    };
    let line = |point: usize| top(point) + height / 2;
    let wide = |column: &Vec<usize>| {
        column.iter().filter_map(|point| widths.get(*point)).copied().max().unwrap_or(1).max(1)
    };
    let (mut x, mut lefts, mut tracks) = (0, Vec::new(), BTreeMap::new());
    for (layer, column) in columns.iter().enumerate() {
        lefts.push(x);
        x += wide(column);
        let turning = turning(layer, points, chains, &line);
        let room = turning.len();
        let first = x + 1;
        tracks.extend(turning.into_iter().enumerate().map(|(at, point)| (point, first + at)));
        if layer + 1 < columns.len() {
            x += room + 3;
        }
    }
    let spot = |node: usize| Spot {
        x: lefts[points[node].layer],
        y: top(node),
        width: wide(&columns[points[node].layer]),
        height,
    };
    let spots: Vec<Spot> = (0..widths.len()).map(spot).collect();
    let path = |chain: &Chain| path(chain, &spots, &tracks, &line);
    Layout { width: x, height: most * height, paths: chains.iter().map(path).collect(), spots }
}

/// The points of `layer` whose lines turn before the next one, in the order of their tracks: those that
/// go up from above, then those that go down from below, so that lines of one row do not meet.
fn turning(
    layer: usize,
    points: &[Point],
    chains: &[Chain],
    line: &dyn Fn(usize) -> usize,
) -> Vec<usize> {
    let pairs = chains.iter().flat_map(|chain| chain.points.windows(2));
    let mut turning: BTreeMap<usize, bool> = BTreeMap::new();
    for pair in pairs.filter(|pair| points[pair[0]].layer == layer) {
        let (from, to) = (line(pair[0]), line(pair[1]));
        if from != to {
            *turning.entry(pair[0]).or_insert(false) |= to > from;
        }
    }
    let mut all: Vec<(usize, bool)> = turning.into_iter().collect();
    all.sort_by_key(|(point, down)| {
        let row = line(*point);
        (*down, if *down { usize::MAX - row } else { row })
    });
    all.into_iter().map(|(point, _)| point).collect()
}

/// The corners of a line: out of its box, along its track, and so on to the other box.
fn path(
    chain: &Chain,
    spots: &[Spot],
    tracks: &BTreeMap<usize, usize>,
    line: &dyn Fn(usize) -> usize,
) -> Path {
    let (from, to) = (chain.points[0], chain.points[chain.points.len() - 1]);
    let mut corners = vec![(spots[from].x + spots[from].width, line(from))];
    for pair in chain.points.windows(2) {
        let (here, there) = (line(pair[0]), line(pair[1]));
        if let Some(track) = tracks.get(&pair[0]).filter(|_| here != there) {
            corners.extend([(*track, here), (*track, there)]);
        }
    }
    corners.push((spots[to].x - 1, line(to)));
    Path { from, to, back: chain.back, corners }
}

#[cfg(test)]
mod tests;
