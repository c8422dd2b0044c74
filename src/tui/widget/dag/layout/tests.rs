//! Properties of the layout, for any graph.

use proptest::prelude::*;

use super::*;

fn laid(count: usize, edges: &[(usize, usize)], height: usize) -> Layout {
    let widths: Vec<usize> = (0..count).map(|node| 4 + node % 5).collect();
    lay_out(&widths, edges, height).expect("it can be drawn")
}

/// Every cell of a line.
fn cells(path: &Path) -> Vec<(usize, usize)> {
    let mut cells = vec![path.corners[0]];
    for pair in path.corners.windows(2) {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        assert!(x == to_x || y == to_y, "{path:?} is not straight");
        for across in x.min(to_x)..=x.max(to_x) {
            for down in y.min(to_y)..=y.max(to_y) {
                cells.push((across, down));
            }
        }
    }
    cells
}

fn check(count: usize, edges: &[(usize, usize)], layout: &Layout) {
    for (one, spot) in layout.spots.iter().enumerate() {
        assert!(spot.x + spot.width <= layout.width && spot.y + spot.height <= layout.height);
        for other in &layout.spots[one + 1..] {
            let beside = spot.x + spot.width <= other.x || other.x + other.width <= spot.x;
            let above = spot.y + spot.height <= other.y || other.y + other.height <= spot.y;
            assert!(beside || above, "{spot:?} lies on {other:?}");
        }
    }
    let within = |spot: &Spot, (x, y): (usize, usize)| {
        (spot.x..spot.x + spot.width).contains(&x) && (spot.y..spot.y + spot.height).contains(&y)
    };
    for path in &layout.paths {
        let (from, to) = (layout.spots[path.from], layout.spots[path.to]);
        let (first, last) = (path.corners[0], path.corners[path.corners.len() - 1]);
        assert!(
            from.x + from.width == first.0 && (from.y..from.y + from.height).contains(&first.1)
        );
        assert!(to.x == last.0 + 1 && (to.y..to.y + to.height).contains(&last.1));
        for cell in cells(path) {
            assert!(
                !layout.spots.iter().any(|spot| within(spot, cell)),
                "{path:?} runs through a box"
            );
        }
    }
    let drawn: BTreeSet<(usize, usize)> = layout
        .paths
        .iter()
        .map(|path| if path.back { (path.to, path.from) } else { (path.from, path.to) })
        .collect();
    for (from, to) in edges.iter().filter(|(from, to)| from != to && *from < count && *to < count) {
        let there = drawn.contains(&(*from, *to)) || drawn.contains(&(*to, *from));
        assert!(there, "{from} to {to} is not drawn");
    }
}

#[test]
fn a_chain_is_one_straight_line() {
    let layout = laid(3, &[(0, 1), (1, 2)], 3);
    assert_eq!(layout.height, 3);
    assert!(layout.paths.iter().all(|path| path.corners.len() == 2 && !path.back));
    assert!(layout.spots.windows(2).all(|two| two[0].x < two[1].x));
}

#[test]
fn a_diamond_opens_and_closes() {
    let edges = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)];
    let layout = laid(4, &edges, 1);
    assert_eq!(layout.spots[1].x, layout.spots[2].x);
    assert_eq!(layout.paths.len(), 5);
    check(4, &edges, &layout);
}

#[test]
fn a_circle_is_drawn_with_one_edge_turned() {
    let edges = [(0, 1), (1, 2), (2, 0), (1, 1), (7, 0)];
    let layout = laid(3, &edges, 1);
    assert_eq!(layout.paths.iter().filter(|path| path.back).count(), 1);
    check(3, &edges, &layout);
}

#[test]
fn nothing_and_one_are_graphs_too() {
    assert_eq!(lay_out(&[], &[], 3), Some(Layout::default()));
    assert_eq!(laid(1, &[(0, 0)], 3).paths, []);
}

#[test]
fn what_cannot_be_told_apart_is_not_drawn() {
    let edges: Vec<_> =
        (0..200).flat_map(|from| (from + 1..200).map(move |to| (from, to))).collect();
    assert_eq!(lay_out(&[8; 200], &edges, 1), None);
    let chain: Vec<_> = (0..199).map(|node| (node, node + 1)).collect();
    assert_eq!(laid(200, &chain, 3).height, 3);
}

proptest! {
    #[test]
    fn boxes_never_overlap_and_every_edge_is_drawn(
        count in 1_usize..40,
        raw in prop::collection::vec((0_usize..44, 0_usize..44), 0..80),
        height in 1_usize..4,
    ) {
        let widths: Vec<usize> = (0..count).map(|node| node % 9).collect();
        if let Some(layout) = lay_out(&widths, &raw, height) {
            check(count, &raw, &layout);
        }
    }
}
