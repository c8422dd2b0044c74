//! Pages as a browser shows them: they stand, their forms work, and nothing from a run is executed.

use crate::api::served;
use crate::browser::Browser;
use crate::home::Home;
use crate::hostile::hostile;
use crate::server::Server;

/// What must hold of every page: one heading, nothing wider than the window, no complaint.
fn stands(browser: &Browser, url: &str) {
    browser.go(url);
    assert_eq!(browser.ask("return document.querySelectorAll('h1').length"), 1, "{url}");
    let wide = browser.ask("return document.documentElement.scrollWidth - window.innerWidth");
    assert!(wide.as_i64().unwrap() <= 0, "{url} is {wide} pixels too wide");
    let unnamed = browser.ask(
        "return [...document.querySelectorAll('select,input:not([type=hidden])')]
            .filter(e => !e.labels.length && !e.ariaLabel).length
            + [...document.images].filter(e => !e.alt).length
            + document.querySelectorAll('svg[role=img]:not([aria-label])').length",
    );
    assert_eq!(unnamed, 0, "{url}: everything has a name");
    let ids = "const all = [...document.querySelectorAll('[id]')].map(e => e.id);
        return all.length - new Set(all).size";
    assert_eq!(browser.ask(ids), 0, "{url}: ids are of one kind");
    assert_eq!(browser.complaints(), Vec::<String>::new(), "{url}");
}

#[test]
fn every_page_stands_on_a_desk_and_on_a_phone() {
    let server = served();
    let root = format!("http://{}", server.address);
    for width in [1280, 390] {
        let Some(browser) = Browser::open(width) else { return };
        for path in
            ["/", "/runs", "/run/1", "/run/2", "/run/3", "/run/run-004", "/compare", "/benchmarks"]
        {
            stands(&browser, &format!("{root}{path}"));
        }
    }
}

#[test]
fn forms_do_what_they_say() {
    let server = served();
    let Some(browser) = Browser::open(1280) else { return };
    let root = format!("http://{}", server.address);
    browser.go(&format!("{root}/?column=latency_ms&workflow=cache"));
    assert_eq!(
        browser.ask("return document.querySelectorAll('circle').length"),
        3,
        "runs with that column"
    );
    browser.ask("document.querySelector('select[name=metric]').value = 'p99'");
    browser.click("form button");
    browser.arrives("metric=p99");
    let caption = browser.ask("return document.querySelector('figcaption').textContent");
    assert_eq!(caption, "P99 of latency_ms in load.csv");
    browser.go(&format!("{root}/runs"));
    browser.click("input[value='1']");
    browser.click("input[value='3']");
    browser.click("form[action='/compare'] button");
    browser.arrives("/compare?runs=3&runs=1");
    let lines = "return document.querySelectorAll('.area path.line').length";
    assert_eq!(browser.ask(lines), 2, "one line a run");
    let marked = browser.ask("return document.querySelector('mark').textContent");
    assert_eq!(marked, "main", "what differs from the first run");
    browser.go(&format!("{root}/run/1?file=load.csv&x=row&y=latency_ms&smooth=50&align=absolute"));
    assert_eq!(browser.ask("return document.querySelector('select[name=x]').value"), "row");
    assert_eq!(browser.ask("return document.querySelector('input[name=smooth]').value"), "50");
    assert_eq!(browser.ask("return document.images[0].naturalWidth"), 1, "its picture is loaded");
    browser.go(&format!("{root}/compare?runs=3&runs=1&file=load.csv&y=latency_ms"));
    browser.ask("document.querySelector('select[name=as]').value = 'boxes'");
    browser.click("form:has(select[name=as]) button");
    browser.arrives("as=boxes");
    assert_eq!(browser.ask("return document.querySelectorAll('rect.box').length"), 2, "one a run");
    let inside = "const all = [...document.querySelectorAll('rect.box')].map(e => e.getBoundingClientRect());
        const area = document.querySelector('svg.area').getBoundingClientRect();
        return all.filter(b => b.width > 4 && b.height > 0 && b.left >= area.left && b.right <= area.right
            && b.top >= area.top && b.bottom <= area.bottom).length";
    assert_eq!(browser.ask(inside), 2, "each has its place");
    browser.go(&format!("{root}/run/1?file=load.csv&y=latency_ms&as=boxes&by=no-such"));
    assert_eq!(browser.ask("return document.querySelectorAll('rect.box').length"), 1);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn nothing_from_a_run_is_executed() {
    let home = Home::new();
    hostile(&home);
    let server = Server::start_in(home, &["--results", "results"]);
    let Some(browser) = Browser::open(1280) else { return };
    let root = format!("http://{}", server.address);
    for path in [
        "/",
        "/runs",
        "/run/7",
        "/run/8",
        "/compare?runs=7,8",
        "/v1/results/7/files/page.svg",
        "/v1/results/7/files/page.txt",
        "/api/runs/7",
        "/run/gone",
    ] {
        browser.go(&format!("{root}{path}"));
        let pwned = browser.ask("return [typeof window.pwned, document.title.startsWith('pwned')]");
        assert_eq!(pwned, serde_json::json!(["undefined", false]), "{path}");
        let scripts = browser.ask("return document.scripts.length");
        // The picture holds its script as a part of itself, which is not run.
        assert!(
            scripts == 0 || path.rsplit_once('.').is_some_and(|(_, ending)| ending == "svg"),
            "{path}"
        );
    }
}
