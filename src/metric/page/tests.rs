//! Pages as servers write them, and as nobody should.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Page<'_>, Error> {
    Page::parse(text, &Bounds::default())
}

fn why(text: &str) -> String {
    read(text).expect_err(text).to_string()
}

#[test]
fn a_page_with_everything_servers_write() {
    let page = read(
        "# HELP http_requests_total The total.\n# TYPE http_requests_total counter\n\
         http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\r\n\
         \n  \t\n# a word to people\n\
         msdos{path=\"C:\\\\DIR\\\\F\",error=\"Cannot\\n\\\"x\\\"\",} 1.458255915e9\n\
         bare 12.47\n spaced  {  a = \"b\" , }  -Inf  \n\
         nan NaN\nodd{problem=\"division by zero {#\"} +Inf -3982045\n\
         {\"a.b c\",x=\"1\"} 0x1p-1\n\
         latency_bucket{le=\"+Inf\"} 5 # {trace=\"ab # c\"} 0.67 1.5\n\
         latency_created 1.7e9\n# EOF\nnever read",
    )
    .unwrap();
    assert_eq!(page.len(), 9);
    assert_eq!(page.about("http_requests_total").unwrap().kind, Some("counter"));
    let first = page.named("http_requests_total").next().unwrap();
    assert_eq!((first.value, first.timestamp), (1027.0, Some(1_395_066_363_000.0)));
    assert_eq!((first.label("code"), first.label("no")), (Some("200"), None));
    let escaped = page.named("msdos").next().unwrap();
    assert_eq!(escaped.label("path"), Some("C:\\DIR\\F"));
    assert_eq!(escaped.label("error"), Some("Cannot\n\"x\""));
    assert_eq!(page.named("spaced").next().unwrap().label("a"), Some("b"));
    assert!(page.named("nan").next().unwrap().value.is_nan());
    assert_eq!(page.named("a.b c").next().unwrap().value.to_bits(), 0.5_f64.to_bits());
    assert_eq!(page.named("latency_bucket").next().unwrap().value.to_bits(), 5_f64.to_bits());
    assert_eq!(page.named("latency").count(), 0);
}

#[test]
fn a_series_that_stands_there_twice_counts_once() {
    let page = read("a{x=\"1\"} 1\na{x=\"2\"} 2\na{x=\"1\"} 9\n").unwrap();
    assert_eq!((page.len(), page.duplicates()), (2, 1));
    let values: Vec<f64> = page.named("a").map(|series| series.value).collect();
    assert_eq!(values, [1.0, 2.0]);
}

#[test]
fn one_bad_line_fails_the_page_and_is_named() {
    let rows = [
        ("a 1\nb\n", "line 2: no value"),
        ("a x", "line 1: a value that is no number"),
        ("a 1 x", "line 1: a time that is no number"),
        ("a 1 2 3", "line 1: more than a value and a time"),
        ("a{b=\"c} 1", "line 1: a quote that does not end"),
        ("a{b=c} 1", "line 1: a value without quotes"),
        ("a{b} 1", "line 1: a label without a value"),
        ("a{b=\"c\" d=\"e\"} 1", "line 1: no comma and no brace behind a label"),
        ("{b=\"c\"} 1", "line 1: no name of a metric"),
        ("<html>", "line 1: no name of a metric"),
        ("9a 1", "line 1: no name of a metric"),
        ("a 1 # x", "line 1: no exemplar behind #"),
    ];
    for (text, wanted) in rows {
        assert_eq!(why(text), wanted, "{text}");
    }
    let body = b"a 1\n\xff";
    assert_eq!(Page::read(body, &Bounds::default()).unwrap_err(), Error::NotText { at: 4 });
}

#[test]
fn each_bound_fails_the_page() {
    let lines = (0..=50_000).map(|i| format!("a{{i=\"{i}\"}} 1\n"));
    let many = lines.collect::<Vec<_>>().concat();
    assert_eq!(why(&many), "limit: line 50001: more than 50000 series");
    let labels = (0..100_000).map(|i| format!("l{i}=\"\",")).collect::<Vec<_>>().concat();
    assert_eq!(
        why(&format!("a{{{labels}}} 1")),
        "limit: line 1: more than 64 labels of one series"
    );
    let value = "v".repeat(1 << 20);
    let wanted = "limit: line 1: more than 1024 bytes in the value of a label";
    assert_eq!(why(&format!("a{{b=\"{value}\"}} 1")), wanted);
    assert_eq!(why(&format!("{value} 1")), "limit: line 1: more than 256 bytes in a name");
    let wide = "v".repeat(17 << 20);
    assert_eq!(why(&wide), "limit: line 1: more than 16777216 bytes");
    let at_the_bound = format!("{}{{b=\"{}\"}} 1", "n".repeat(256), "v".repeat(1024));
    assert_eq!(read(&at_the_bound).unwrap().len(), 1);
}

#[test]
fn pages_of_real_servers() {
    let page = read(include_str!("../../../tests/fixture/vllm/v1_two_engines.txt")).unwrap();
    let running: f64 = page.named("vllm:num_requests_running").map(|series| series.value).sum();
    assert!((running - 8.0).abs() < 1e-9);
    assert!(
        !read(include_str!("../../../tests/fixture/vllm/llamacpp_metrics.txt")).unwrap().is_empty()
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in "(a|_b|\\{|\\}|=|\"|\\\\|,|#| |\t|\n|\r|# TYPE |# EOF|[0-9.e+-]{0,6}|0x|NaN|\\PC){0,60}"
    ) {
        drop(read(&text));
        drop(Page::read(text.as_bytes(), &Bounds { series: 2, labels: 1, ..Bounds::default() }));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        drop(Page::read(&bytes, &Bounds::default()));
    }

    #[test]
    fn what_is_written_is_read(
        name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,20}",
        label in "[a-zA-Z_][a-zA-Z0-9_]{0,20}",
        value in "\\PC{0,40}",
        figure: f64,
    ) {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let text = format!("{name}{{{label}=\"{escaped}\"}} {figure}\n");
        let page = read(&text).unwrap();
        let series = page.named(&name).next().unwrap();
        prop_assert_eq!(series.label(&label), Some(value.as_str()));
        prop_assert!(series.value.total_cmp(&figure).is_eq() || (series.value.is_nan() && figure.is_nan()));
    }
}
