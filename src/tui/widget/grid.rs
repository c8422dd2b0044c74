//! Cells: how many of them a share or a count takes.

/// `share` (0..=1, clamped; NaN counts as 0) of `whole` cells, rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates and the share is clamped"
)]
pub fn part(share: f64, whole: usize) -> usize {
    ((share.clamp(0.0, 1.0) * whole as f64).round() as usize).min(whole)
}

/// A count of cells as the screen has it; what is beyond is cut.
pub fn narrow(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// The first row to show so that `cursor` stays in the middle where it can.
pub fn offset(cursor: usize, rows: usize, height: usize) -> usize {
    cursor.saturating_sub(height / 2).min(rows.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_stays_within_the_row() {
        assert_eq!([part(-1.0, 8), part(0.5, 8), part(7.0, 8), part(f64::NAN, 8)], [0, 4, 8, 0]);
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        for rows in 1..40 {
            for height in 1..20 {
                for cursor in 0..rows {
                    let first = offset(cursor, rows, height);
                    assert!(first <= cursor && cursor < first + height);
                }
            }
        }
    }
}
