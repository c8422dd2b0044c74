//! What a client is told, and from where on.

use axum::body::to_bytes;
use axum::extract::Request;
use futures_util::StreamExt;
use tower::ServiceExt;

use super::*;
use crate::model::id::SourceId;
use crate::model::node::NodeInfo;
use crate::model::time::Stamp;
use crate::model::update::{Update, What};
use crate::serve::setting::Setting;

fn tell(context: &Context, what: What) {
    context.take(&Update { at: Stamp::default(), from: SourceId::local(), what });
}

async fn ask(context: &Arc<Context>, query: &str) -> (Hello, Vec<Line>) {
    let uri = format!("/v1/live?{query}");
    let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
    let response = super::super::door().router(context).oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let hello = serde_json::from_slice(lines.next().unwrap()).unwrap();
    (hello, lines.map(|line| serde_json::from_slice(line).unwrap()).collect())
}

#[tokio::test]
async fn a_newcomer_is_told_how_things_stand_and_then_goes_on() {
    let context = Context::for_test(Setting::default());
    tell(&context, What::Info(Box::new(NodeInfo { cpus: 2, ..NodeInfo::default() })));
    tell(&context, What::Node(Box::default()));
    tell(&context, What::Node(Box::default()));
    tell(&context, What::Processes(Vec::new()));
    let (hello, lines) = ask(&context, "wait=0").await;
    assert!(!hello.resumed && hello.seq == 4 && !hello.can_bench);
    let kinds: Vec<_> =
        lines.iter().map(|line| std::mem::discriminant(&line.update.what)).collect();
    let wanted = [What::Info(Box::default()), What::Node(Box::default())];
    assert_eq!(kinds[..2], wanted.map(|what| std::mem::discriminant(&what)));
    assert!(lines.iter().all(|line| !matches!(line.update.what, What::Processes(_))));
    tell(&context, What::Lost(7));
    let (hello, lines) = ask(&context, "wait=0&after=4&instance=test").await;
    assert!(hello.resumed && hello.seq == 5 && hello.skipped == 0);
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].seq, &lines[0].update.what), (5, &What::Lost(7)));
}

#[tokio::test]
async fn a_number_of_another_instance_or_of_the_future_means_nothing() {
    let context = Context::for_test(Setting::default());
    tell(&context, What::Lost(7));
    for query in ["after=1", "after=1&instance=other", "after=2&instance=test"] {
        let (hello, lines) = ask(&context, &format!("wait=0&{query}")).await;
        assert!(!hello.resumed, "{query}");
        assert_eq!(lines.len(), 1, "{query}: the losses so far");
    }
}

#[tokio::test]
async fn what_others_say_is_not_told_on() {
    let context = Context::for_test(Setting::default());
    let from = SourceId("other".into());
    context.take(&Update { at: Stamp::default(), from, what: What::Node(Box::default()) });
    let (hello, lines) = ask(&context, "wait=0").await;
    assert_eq!((hello.seq, lines.len()), (0, 0));
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_news() {
    let context = Context::for_test(Setting::default());
    let asked = ask(&context, "wait=60&after=0&instance=test");
    let news = async {
        tokio::task::yield_now().await;
        tell(&context, What::Lost(1));
    };
    let ((hello, lines), ()) = tokio::join!(asked, news);
    assert!(hello.resumed);
    assert_eq!(lines.len(), 1);
}

#[tokio::test]
async fn a_stream_goes_on_and_there_is_a_bound_to_streams() {
    let context = Context::for_test(Setting::default());
    let open = || {
        let request = Request::builder().uri("/v1/live").body(Body::empty()).unwrap();
        super::super::door().router(&context).oneshot(request)
    };
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(open().await.unwrap());
    }
    assert_eq!(open().await.unwrap().status().as_u16(), 503);
    let mut body = streams.pop().unwrap().into_body().into_data_stream();
    assert!(body.next().await.unwrap().unwrap().starts_with(b"{\"isomon_live\":1"));
    tell(&context, What::Lost(1));
    assert!(body.next().await.unwrap().unwrap().starts_with(b"{\"seq\":1"));
    drop(body);
    assert_eq!(open().await.unwrap().status().as_u16(), 200);
}
