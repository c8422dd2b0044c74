//! Holm's correction: many looks at once, and still one chance of a false alarm.
//!
//! Holm (1979): the smallest p counts as many times as there are tests, the next once less, and no
//! adjusted p is below that of a smaller one. The chance that any test of a family in which nothing
//! differs falls below alpha is then at most alpha, whatever the tests have in common.

/// The adjusted p of each of `ps`, at most 1; what was not tested is in no family.
pub fn holm(ps: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> =
        ps.iter().enumerate().filter_map(|(at, p)| Some((at, (*p)?))).collect();
    order.sort_by(|left, right| left.1.total_cmp(&right.1));
    let mut adjusted = vec![None; ps.len()];
    let (mut least, tests) = (0.0_f64, order.len());
    for (place, (at, p)) in order.into_iter().enumerate() {
        least = least.max(p * (tests - place) as f64).min(1.0);
        adjusted[at] = Some(least);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let found = holm(&[Some(0.01), None, Some(0.04), Some(0.03), Some(0.005)]);
        let wanted = [Some(0.03), None, Some(0.06), Some(0.06), Some(0.02)];
        for (found, wanted) in found.iter().zip(wanted) {
            let near = |(a, b): (f64, f64)| (a - b).abs() < 1e-12;
            assert_eq!(found.zip(wanted).map(near), wanted.map(|_| true), "{found:?} {wanted:?}");
        }
        assert_eq!(holm(&[]), []);
        assert_eq!(holm(&[Some(0.7), Some(0.9)]), [Some(1.0), Some(1.0)]);
    }
}
