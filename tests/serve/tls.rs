//! TLS from both sides: what our client believes of a server, and what our server takes from a client.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::source::client::Client;
use isomon::source::{Error, Spec};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use crate::home::Home;
use crate::server::Server;

/// A certificate with its key and who vouches for it, all PEM.
struct Made {
    cert: String,
    key: String,
    ca: String,
}

/// A certificate of an authority of its own, good from one year to another, for `names`.
fn made(names: &[&str], from: i32, to: i32) -> Made {
    let ca_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = authority.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    let cert = params.signed_by(&key, &Issuer::new(authority, ca_key)).unwrap();
    Made { cert: cert.pem(), key: key.serialize_pem(), ca: ca.pem() }
}

/// A certificate that vouches for itself.
fn own() -> Made {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let cert = params.self_signed(&key).unwrap().pem();
    Made { key: key.serialize_pem(), ca: cert.clone(), cert }
}

/// A server that shows `made`.
fn serve(made: &Made) -> Server {
    let home = Home::new();
    std::fs::write(home.path().join("cert.pem"), &made.cert).unwrap();
    let key = home.path().join("key.pem");
    std::fs::write(&key, &made.key).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    Server::start_in(home, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"])
}

/// What our client makes of `url`.
fn ask(url: &str, ca: Option<&str>, insecure: bool) -> Result<u16, Error> {
    let address = Address::parse(url).unwrap();
    let mut spec = Spec::new(SourceId("far".into()), address);
    (spec.ca, spec.insecure) = (ca.map(|ca| ca.as_bytes().to_vec()), insecure);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Ok(Client::new(&spec)?.get("/healthz").await?.status) })
}

fn url(scheme: &str, server: &Server) -> String {
    format!("{scheme}://{}", server.address)
}

#[test]
fn our_client_believes_whom_it_should_and_nobody_else() {
    let (good, other) = (made(&["127.0.0.1"], 2020, 2090), made(&["127.0.0.1"], 2020, 2090));
    let self_signed = own();
    let rows = [
        ("vouched for", &good, Some(&good.ca), false, true),
        ("vouched for by another", &good, Some(&other.ca), false, false),
        ("vouched for by nobody we know", &good, None, false, false),
        ("taken as it comes, as was asked", &good, None, true, true),
        ("by itself, which is known", &self_signed, Some(&self_signed.ca), false, true),
        ("by itself, which is not", &self_signed, None, false, false),
        ("out of date", &made(&["127.0.0.1"], 2020, 2021), None, false, false),
        ("not yet", &made(&["127.0.0.1"], 2080, 2090), None, false, false),
        ("another name", &made(&["localhost"], 2020, 2090), None, false, false),
        ("another address", &made(&["127.0.0.2"], 2020, 2090), None, false, false),
    ];
    for (name, shown, ca, insecure, believed) in rows {
        let server = serve(shown);
        // Where no authority is named, the one behind it is known all the same: only the rest is wrong.
        let known =
            name.starts_with("out") || name.starts_with("not") || name.starts_with("another");
        let ca = if known { Some(&shown.ca) } else { ca };
        let answer = ask(&url("https", &server), ca.map(String::as_str), insecure);
        if believed {
            assert_eq!(answer, Ok(200), "{name}");
        } else {
            assert!(matches!(answer, Err(Error::Tls { .. })), "{name}: {answer:?}");
        }
    }
}

#[test]
fn the_authority_that_is_made_is_believed_where_it_is_handed() {
    let server = Server::start(&["--tls-self"]);
    let place = server.said.lines().find_map(|line| line.split_once("as `ca`: ")).unwrap().1;
    let ca = std::fs::read_to_string(Path::new(place)).unwrap();
    assert_eq!(ask(&url("https", &server), Some(&ca), false), Ok(200));
    let port = server.address.port();
    assert_eq!(ask(&format!("https://localhost:{port}"), Some(&ca), false), Ok(200));
    assert!(matches!(ask(&url("https", &server), None, false), Err(Error::Tls { .. })));
}

#[test]
fn our_client_speaks_to_no_server_of_old_and_no_server_without_tls() {
    let plain = Server::start(&[]);
    let answer = ask(&url("https", &plain), None, false);
    assert!(matches!(answer, Err(Error::Tls { .. } | Error::Cut { .. })), "{answer:?}");
    // A server that agrees to TLS 1.1 alone.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let old = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _hello = stream.read(&mut [0; 4_096]).unwrap();
        let body = [&[3, 2][..], &[7; 32], &[0, 0x00, 0x2f, 0]].concat();
        let hello = [&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
        let record = [&[22, 3, 2, 0, u8::try_from(hello.len()).unwrap()][..], &hello].concat();
        stream.write_all(&record).unwrap();
        let _alert = stream.read(&mut [0; 64]);
    });
    let answer = ask(&format!("https://{place}"), None, true);
    assert!(matches!(answer, Err(Error::Tls { .. })), "{answer:?}");
    old.join().unwrap();
}

#[test]
fn our_server_takes_no_plain_text_no_old_version_and_no_endless_handshake() {
    let server = Server::start(&["--tls-self"]);
    let plain = server.ask("GET", "/healthz", &[], "");
    assert_eq!(plain.status, 0, "{}", plain.head);
    // The first words of a client that knows nothing above `version`.
    let old_hello = |version: u8| {
        let suites = [0, 4, 0x00, 0x2f, 0xc0, 0x13];
        let body = [&[3, version][..], &[7; 32], &[0], &suites, &[1, 0]].concat();
        let hello = [&[1, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
        [&[22, 3, 1, 0, u8::try_from(hello.len()).unwrap()][..], &hello].concat()
    };
    for version in [0, 1, 2] {
        let mut stream = server.connect();
        stream.write_all(&old_hello(version)).unwrap();
        let mut answer = Vec::new();
        let _cut = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer[0] == 21, "an alert and no hello: {answer:?}");
    }
    let begin = Instant::now();
    let mut silent = server.connect();
    silent.write_all(&[22, 3, 1]).unwrap();
    let _cut = silent.read_to_end(&mut Vec::new());
    let waited = begin.elapsed();
    assert!(waited > Duration::from_secs(3) && waited < Duration::from_secs(9), "{waited:?}");
}
