//! The status proxy of a cluster.

use isomon::model::origin::Offer;
use isomon::model::update::What;

use crate::server::{FAST_API, Server, ask, later, offer, told};

pub(crate) const STATUS: &str = include_str!("../fixtures/foreign/cluster-status.json");

#[tokio::test]
async fn each_node_is_a_node_below() {
    let server = Server::start(FAST_API).await;
    server.json("/status", STATUS);
    let mut source = server.source("cluster+http");
    let told = ask(&mut source).await.unwrap();
    assert_eq!(offer(&told, "/status"), Offer::Offered);
    let services = told!(told, Services).unwrap();
    let shown: Vec<String> =
        services.iter().map(|one| format!("{}: {}", one.name, one.status)).collect();
    assert_eq!(shown, ["no failover: degraded", "node_b: unhealthy", "node_a (serves): healthy"]);
    let cluster = told!(told, Agents).unwrap().cluster.clone().unwrap();
    assert_eq!((cluster.nodes, cluster.up, cluster.failover), (2, 1, Some(false)));
    assert_eq!((cluster.gpus, cluster.serves.as_str()), (Some((1, 1)), "node_a"));
    let of = |name: &str| {
        let of = told.iter().filter(|told| told.node.as_ref().is_some_and(|n| n.as_str() == name));
        of.filter(|told| matches!(told.what, What::Gpus(_))).count()
    };
    assert_eq!((of("node_a"), of("node_b")), (1, 0));
    server.json("/status", r#"{"error":"proxy is starting"}"#);
    later(5).await;
    let told = ask(&mut source).await.unwrap();
    assert!(matches!(offer(&told, "/status"), Offer::Failed(_)));
}
