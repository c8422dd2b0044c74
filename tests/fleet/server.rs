//! A node that takes orders: it tells of a run once it was asked for one.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use isomon::model::bench::Plan;
use isomon::model::id::{RunId, SourceId};
use isomon::model::live::{FORMAT, Hello, Line};
use isomon::model::run::{FORMAT as RUN, Fingerprint, RunEvent, RunHead};
use isomon::model::text::SafeText;
use isomon::model::time::{Clock as _, Stamp, SystemClock};
use isomon::model::unit::Seconds;
use isomon::model::update::{Update, What};
use serde::Deserialize;
use tokio::task::JoinHandle;

/// What it was asked for.
#[derive(Clone, Deserialize)]
struct Order {
    id: RunId,
    plan: Plan,
}

struct Shared {
    port: u16,
    can_bench: bool,
    status: u16,
    orders: Mutex<Vec<Order>>,
    cancelled: Mutex<Vec<RunId>>,
}

/// The node; it ends when this is dropped.
pub(crate) struct Node {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Node {
    /// One that answers an order with `status`.
    pub(crate) async fn start(can_bench: bool, status: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (orders, cancelled) = Default::default();
        let shared = Arc::new(Shared { port, can_bench, status, orders, cancelled });
        let router = Router::new()
            .route("/v1/live", get(live))
            .route("/v1/runs", post(order))
            .route("/v1/runs/{id}", delete(cancel))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves");
        });
        Self { shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.shared.port)
    }

    pub(crate) fn orders(&self) -> Vec<(RunId, Plan)> {
        let orders = self.shared.orders.lock().expect("the orders");
        orders.iter().cloned().map(|order| (order.id, order.plan)).collect()
    }

    /// Begins anew: no run of before goes on.
    pub(crate) fn begin_anew(&self) {
        self.shared.orders.lock().expect("the orders").clear();
    }

    pub(crate) fn cancelled(&self) -> Vec<RunId> {
        self.shared.cancelled.lock().expect("what was cancelled").clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn live(State(node): State<Arc<Shared>>) -> String {
    let now = SystemClock.now();
    let hello = Hello {
        isomon_live: FORMAT,
        instance: SafeText::from(format!("on-{}", node.port)),
        now,
        interval_seconds: Seconds(1.0),
        can_bench: node.can_bench,
        ..Hello::default()
    };
    let mut text = serde_json::to_string(&hello).expect("JSON");
    let orders = node.orders.lock().expect("the orders").clone();
    let begun = orders.into_iter().map(|Order { id, plan }| {
        let head = RunHead {
            format: RUN,
            id: id.clone(),
            started: Stamp::default(),
            started_at: String::new(),
            cells: plan.cells(),
            plan,
            left_out: Vec::new(),
            fingerprint: Fingerprint::default(),
            repeat: String::new(),
        };
        What::Run { id, event: RunEvent::Started(Box::new(head)) }
    });
    for (seq, what) in (1..).zip(std::iter::once(What::Node(Box::default())).chain(begun)) {
        let update = Update { at: now, from: SourceId::local(), what };
        text.push('\n');
        text.push_str(&serde_json::to_string(&Line { seq, update }).expect("JSON"));
    }
    text + "\n"
}

async fn order(State(node): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let order = serde_json::from_slice(&body).expect("an order");
    if node.status < 300 {
        node.orders.lock().expect("the orders").push(order);
    }
    StatusCode::from_u16(node.status).expect("a status")
}

async fn cancel(State(node): State<Arc<Shared>>, Path(id): Path<String>) -> StatusCode {
    let id = RunId::parse(&id).expect("an id");
    node.cancelled.lock().expect("what was cancelled").push(id);
    StatusCode::ACCEPTED
}
