//! Who answers must be who it should be: certificates that are none, and networks that lead nowhere.

#[path = "chaos/ask.rs"]
mod ask;
#[path = "chaos/server.rs"]
mod server;

use std::process::Command;
use std::sync::Arc;

use ask::{ask, spec, tricked};
use isomon::model::live::{FORMAT, Hello};
use isomon::model::secret::Secret;
use isomon::model::update::What;
use isomon::source::{Error, Spec};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use server::{Server, Trick, answer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Who vouches for servers.
struct Authority {
    pem: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { pem: certificate.pem().into_bytes(), issuer: Issuer::new(params, key) }
    }
}

/// A certificate for `name` that holds for the given years.
fn certificate(name: &str, years: (i32, i32)) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    (params, KeyPair::generate().expect("a key"))
}

/// A server with this certificate; what it was sent after the handshake is given to `seen`.
async fn serve(
    certificate: rcgen::Certificate,
    key: KeyPair,
) -> (u16, Arc<std::sync::Mutex<String>>) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let seen = Arc::<std::sync::Mutex<String>>::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut piece = [0; 4_096];
            let Ok(count) = stream.read(&mut piece).await else { continue };
            log.lock().expect("the log").push_str(&String::from_utf8_lossy(&piece[..count]));
            let hello = Hello { isomon_live: FORMAT, instance: "x".into(), ..Hello::default() };
            let body = serde_json::to_string(&hello).expect("JSON") + "\n";
            stream.write_all(&answer(body.as_bytes())).await.ok();
            stream.shutdown().await.ok();
        }
    });
    (port, seen)
}

fn secure(port: u16, ca: Option<Vec<u8>>) -> Spec {
    let token = Some(Secret::new("canary-7"));
    Spec { ca, token, ..spec(&format!("https://127.0.0.1:{port}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_is_vouched_for_is_believed_and_gets_the_token() {
    let (own, other) = (Authority::new(), Authority::new());
    let now = (2020, 2090);
    let rows = [
        ("good", "127.0.0.1", now, true, None),
        ("expired", "127.0.0.1", (2010, 2011), true, Some("has expired")),
        ("not yet valid", "127.0.0.1", (2080, 2090), true, Some("not valid yet")),
        ("another name", "web-1.example", now, true, Some("for another name")),
        ("another authority", "127.0.0.1", now, false, Some("nobody who is trusted")),
    ];
    for (case, name, years, vouched, wanted) in rows {
        let (params, key) = certificate(name, years);
        let issuer = if vouched { &own.issuer } else { &other.issuer };
        let signed = params.signed_by(&key, issuer).expect("a certificate");
        let (port, seen) = serve(signed, key).await;
        let came = ask(secure(port, Some(own.pem.clone()))).await;
        let seen = seen.lock().expect("the log").clone();
        match (came, wanted) {
            (Ok(_), None) => assert!(seen.contains("Bearer canary-7"), "{case}"),
            (Err(Error::Tls { why }), Some(wanted)) => {
                assert!(why.as_str().contains(wanted), "{case}: {why}");
                assert_eq!(seen, "", "{case}");
            }
            (came, _) => panic!("{case}: {came:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_vouches_for_itself_is_believed_only_where_the_user_says_so_and_shown() {
    let (params, key) = certificate("127.0.0.1", (2020, 2090));
    let (port, seen) = serve(params.self_signed(&key).expect("a certificate"), key).await;
    let error = ask(secure(port, None)).await.expect_err("by the system's authorities");
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert_eq!(*seen.lock().expect("the log"), "");
    let told = ask(Spec { insecure: true, ..secure(port, None) }).await.expect("believed");
    let What::Origin(origin) = &told[0].what else { panic!("{told:?}") };
    assert!(origin.unverified);
    let broken = Spec { ca: Some(b"no certificate".to_vec()), ..secure(port, None) };
    assert!(ask(broken).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_no_tls_where_it_should_gets_nothing() {
    let plain = Server::start(Trick::Bytes(answer(b"{}"))).await;
    let error = ask(secure(plain.port, None)).await.expect_err("plain text");
    assert!(matches!(error, Error::Tls { .. } | Error::Cut { .. }), "{error}");
    assert!(!plain.seen.lock().expect("the log").concat().contains("canary"));
    let silent = Server::start(Trick::Stall(Vec::new())).await;
    let error = ask(secure(silent.port, None)).await.expect_err("no handshake");
    assert!(matches!(error, Error::Late { .. }), "{error}");
    // A TLS server asked in plain text: what it says is no HTTP.
    let alert = Trick::Bytes(vec![0x15, 3, 3, 0, 2, 2, 10]);
    let error = tricked(alert).await.expect_err("no HTTP");
    assert!(matches!(error, Error::Cut { .. }), "{error}");
    assert!(error.to_string().ends_with("is it https://?"), "{error}");
}

#[test]
fn each_way_to_nowhere_has_its_own_words() {
    let isomon = env!("CARGO_BIN_EXE_isomon");
    let script = "ip link set lo up && ip route add blackhole 192.0.2.0/24 && \
        ip route add unreachable 198.51.100.0/24 && ip route add prohibit 203.0.113.0/24 && \
        exec \"$0\" snapshot --source a=http://192.0.2.1 --source b=http://198.51.100.1 \
        --source c=http://203.0.113.1 --source d=http://127.0.0.1:1 --source e=http://10.9.9.9";
    let home = tempfile::tempdir().expect("a directory");
    let output = Command::new("unshare")
        .args(["--net", "sh", "-c", script, isomon])
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        other => {
            let why = other.map_or_else(
                |error| error.to_string(),
                |output| String::from_utf8_lossy(&output.stderr).into_owned(),
            );
            assert!(
                std::env::var_os("ISOMON_REQUIRE_LIVE").is_none(),
                "no network to break: {why}"
            );
            println!("passed over, there is no network to break: {why}");
            return;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    for wanted in [
        "a: no way to 192.0.2.1:7070: its route leads nowhere (blackhole)",
        "b: no way to 198.51.100.1:7070: no route to host",
        "c: no way to 203.0.113.1:7070: a rule of this machine's network forbids it",
        "d: connection refused by 127.0.0.1:1: nobody listens there",
        "e: no way to 10.9.9.9:7070: network is unreachable",
    ] {
        assert!(text.contains(wanted), "{wanted}\n---\n{text}");
    }
}
