//! Tables as programs write them, and as nobody should.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_collect,
    clippy::needless_for_each,
    reason = "small numbers; a few rows"
)]

use proptest::prelude::*;

use super::*;
use crate::model::workflow::{Column, ColumnKind, TimeFormat};

fn column(name: &str, kind: ColumnKind) -> Column {
    Column { name: name.to_owned(), kind, ..Column::default() }
}

fn load() -> [Column; 4] {
    [
        Column { unit: Some("s".to_owned()), ..column("timestamp", ColumnKind::Timestamp) },
        Column { unit: Some("ms".to_owned()), ..column("latency_ms", ColumnKind::Float) },
        column("status", ColumnKind::String),
        column("response_time_ms", ColumnKind::Float),
    ]
}

const LOAD: &str = "timestamp,latency_ms,status,response_time_ms,task_type\n\
    1718026896,12.5,200,11.9,read\n1718026897,13.5,500,,write\n";

#[test]
fn what_benchctl_s_examples_write_is_as_their_schema_says() {
    assert_eq!(check(LOAD.as_bytes(), &load()).unwrap(), 2);
    let monitor = "timestamp_ms,cpu_used_raw,cpu_total_raw,cpu_percent,mem_used_bytes,\
        mem_total_bytes,mem_percent\n1718026896100,1,2,50,1024,2048,50\n";
    let mut columns: Vec<Column> = monitor
        .lines()
        .next()
        .unwrap()
        .split(',')
        .map(|name| column(name, ColumnKind::Integer))
        .collect();
    columns[0] = Column {
        format: Some(TimeFormat::UnixMs),
        ..column("timestamp_ms", ColumnKind::Timestamp)
    };
    assert_eq!(check(monitor.as_bytes(), &columns).unwrap(), 1);
    let table =
        view("resource_monitor", "resource_monitor.csv", monitor.as_bytes(), &columns).unwrap();
    assert_eq!((table.rows, table.columns.len(), table.last.len()), (1, 7, 1));
}

#[test]
fn a_cell_that_is_wrong_is_named_with_row_line_and_column() {
    let text = "timestamp,latency_ms,status,response_time_ms\r\nsoon,fast,\"two\r\nlines\",1\r\n1718026896,1,ok\r\n";
    let error = check(text.as_bytes(), &load()).unwrap_err().to_string();
    assert_eq!(
        error,
        "row 1 (line 2), column timestamp: `soon` is no time in the form of this column\n\
         row 1 (line 2), column latency_ms: `fast` is no number\n\
         row 2 (line 4): 3 cells, and the header has 4"
    );
}

#[test]
fn twenty_mistakes_are_told_and_the_rest_counted() {
    let text = "n\n".to_owned() + &"x\n".repeat(50);
    let error = check(text.as_bytes(), &[column("n", ColumnKind::Integer)]).unwrap_err();
    assert_eq!(error.to_string().lines().count(), MISTAKES + 1);
    assert!(error.to_string().ends_with("and 30 more"), "{error}");
}

#[test]
fn a_column_that_is_not_there_is_told_with_the_one_most_like_it() {
    let error = check("time,latency\n1,2\n".as_bytes(), &[column("latency_ms", ColumnKind::Float)]);
    assert_eq!(error.unwrap_err().to_string(), "there is no column latency_ms; latency is there");
}

#[test]
fn what_is_no_table_of_commas_says_what_it_is() {
    let error = |bytes: &[u8]| view("o", "f", bytes, &[]).unwrap_err().to_string();
    assert!(error(b"").contains("empty"));
    assert!(error(b"a;b;c\n1;2;3\n").contains("semicolons"));
    assert!(error(b"a\tb\n1\t2\n").contains("tabs"));
    assert!(error(b"\xff\xfea\0,\0b\0\n\0").contains("UTF-16"));
    assert!(error(b"a,\xffb\n1,2\n").contains("the header of column 2 is not UTF-8"));
    let error = check(&b"a\n\xff\n"[..], &[column("a", ColumnKind::String)]).unwrap_err();
    assert_eq!(error.to_string(), "row 1 (line 2), column a: `\u{fffd}` is not UTF-8 text");
}

#[test]
fn a_quote_that_is_never_closed_ends_with_its_place() {
    let open = std::io::Cursor::new(&b"a,b\n1,2\n3,\"4\n"[..]);
    let endless = std::io::Read::chain(open, std::io::repeat(b'x'));
    let error = view("o", "f", endless, &[]).unwrap_err();
    assert!(error.to_string().starts_with("row 2 (line 3) goes on"), "{error}");
}

#[test]
fn odd_tables_are_shown() {
    let wide = (0..100_000).map(|at| format!("c{at}")).collect::<Vec<_>>().join(",");
    let text = format!("{wide}\n{}1\n", "7,".repeat(99_999));
    let named = [column("c99999", ColumnKind::Float)];
    let table = view("o", "f", text.as_bytes(), &named).unwrap();
    assert_eq!((table.columns.len(), table.columns[99].name.as_str()), (100, "c99999"));
    let long =
        format!("\u{feff}\"a\",b\r\n\"{}\",\0\x1b[2J\r\n5\r\n1,2,3\r\n", "y".repeat(10 << 20));
    let table = view("o", "f", long.as_bytes(), &[]).unwrap();
    assert_eq!((table.rows, table.columns[0].name.as_str()), (3, "a"));
    assert_eq!(table.columns[0].count, 2);
    assert_eq!(table.last[0][1].as_str(), "^@^[[2J");
    assert!(table.last[0][0].as_str().len() < 300 && table.last[1][1].is_empty());
}

#[test]
fn figures_are_those_of_python_s_statistics() {
    // statistics.fmean, median, and sorted(v)[ceil(p·n) - 1] of [(i * 7919) % 1000 / 8 for i in range(500)].
    let text = "v\n".to_owned()
        + &(0..500)
            .map(|i| format!("{}\n", f64::from((i * 7_919) % 1_000) / 8.0))
            .collect::<String>();
    let table = view("o", "f", text.as_bytes(), &[]).unwrap();
    let figures = table.columns[0].figures.unwrap();
    let found = [figures.min, figures.mean, figures.median, figures.p95, figures.p99, figures.max];
    let python = PYTHON;
    for (found, python) in found.iter().zip(python) {
        assert!((found - python).abs() < 1e-9, "{found} is not {python}");
    }
}

/// What Python 3 says to the numbers of the test above.
const PYTHON: [f64; 6] = [0.0, 62.5625, 62.8125, 118.625, 123.25, 124.875];

#[test]
fn a_million_numbers_are_within_a_thousandth() {
    let mut numbers = Quantiles::new(1_000, 8_192);
    let mut all: Vec<f64> = Vec::new();
    let mut state = 1_u64;
    for _ in 0..100_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let value = ((state >> 40) as f64 / 2e6).exp() * if state >> 63 == 1 { -1.0 } else { 1.0 };
        all.push(value);
        numbers.push(value);
    }
    all.sort_unstable_by(f64::total_cmp);
    let spread = numbers.spread().unwrap();
    for of in [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0] {
        let wanted = all[(of * all.len() as f64).ceil() as usize - 1];
        let found = spread.nearest(of);
        assert!((found / wanted - 1.0).abs() < 0.005, "{of}: {found} is not {wanted}");
    }
}

fn cells() -> impl Strategy<Value = Vec<f64>> {
    let number = prop_oneof![
        any::<i16>().prop_map(f64::from),
        -1e6_f64..1e6,
        Just(0.0),
        prop::num::f64::NORMAL,
        prop::num::f64::SUBNORMAL,
    ];
    prop::collection::vec(number, 1..300)
}

proptest! {
    #[test]
    fn whatever_is_in_a_file_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let columns = load();
        let _seen = (view("o", "f", &bytes[..], &columns).is_ok(), check(&bytes[..], &columns).is_ok());
        let after = [LOAD.as_bytes(), &bytes].concat();
        let view = view("o", "f", &after[..], &columns).unwrap();
        prop_assert!(view.rows >= 2);
    }

    #[test]
    fn figures_are_those_of_the_naive_way(values in cells()) {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut numbers = Quantiles::new(1_000, 64);
        values.iter().for_each(|value| numbers.push(*value));
        let spread = numbers.spread().unwrap();
        for percent in [0_usize, 5, 50, 95, 99, 100] {
            let rank = (percent * sorted.len()).div_ceil(100).max(1) - 1;
            prop_assert_eq!(spread.nearest(percent as f64 / 100.0).to_bits(), sorted[rank].to_bits());
        }
        prop_assert!(spread.mean >= spread.min && spread.mean <= spread.max || spread.n < 2 || (spread.mean - spread.min).abs() < 1e-9 * spread.min.abs());
    }

    #[test]
    fn bins_keep_count_order_and_ends(values in cells(), cut in 0_usize..300) {
        let (first, second) = values.split_at(cut.min(values.len()));
        let fill = |values: &[f64]| {
            let mut numbers = Quantiles::new(4, 16);
            values.iter().for_each(|value| numbers.push(*value));
            numbers
        };
        let mut numbers = fill(first);
        numbers.merge(&fill(second));
        let spread = numbers.spread().unwrap();
        prop_assert_eq!(spread.n, values.len() as u64);
        prop_assert_eq!(spread.parts().iter().map(|(_, n)| n).sum::<u64>(), spread.n);
        prop_assert!(spread.parts().is_sorted_by(|left, right| left.0 <= right.0));
        prop_assert!(spread.nearest(0.0) <= spread.median() && spread.median() <= spread.nearest(1.0));
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        prop_assert_eq!((spread.min.to_bits(), spread.max.to_bits()), ((low + 0.0).to_bits(), (high + 0.0).to_bits()));
    }
}
