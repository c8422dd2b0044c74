//! Forty addresses as people and attackers write them, and a name that changes its mind.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::super::{Error, LookUp, Names, Webhook};
use super::*;
use crate::model::secret::Secret;

/// What becomes of each without anything being allowed: `None` is sent, after a look-up where there is a
/// name.
const TABLE: [(&str, Option<Denied>); 40] = [
    ("https://8.8.8.8/x", None),
    ("https://[2606:4700::1111]/x", None),
    ("https://127.0.0.1/", Some(Denied::Loopback)),
    ("https://127.1/", Some(Denied::Loopback)),
    ("https://127.255.255.254/", Some(Denied::Loopback)),
    ("https://0x7f.0.0.1/", Some(Denied::Loopback)),
    ("https://0177.0.0.1/", Some(Denied::Loopback)),
    ("https://2130706433/", Some(Denied::Loopback)),
    ("https://0x7f000001/", Some(Denied::Loopback)),
    ("https://[::1]/", Some(Denied::Loopback)),
    ("https://[0:0:0:0:0:0:0:1]/", Some(Denied::Loopback)),
    ("https://127.0.0.1./", Some(Denied::Loopback)),
    ("https://①②⑦.⓪.⓪.①/", Some(Denied::Loopback)),
    ("https://[::ffff:127.0.0.1]/", Some(Denied::Disguised)),
    ("https://[::ffff:a9fe:a9fe]/", Some(Denied::Disguised)),
    ("https://[::127.0.0.1]/", Some(Denied::Disguised)),
    ("https://[::ffff:0:10.0.0.1]/", Some(Denied::Disguised)),
    ("https://[64:ff9b::7f00:1]/", Some(Denied::Disguised)),
    ("https://[64:ff9b:1::a00:1]/", Some(Denied::Disguised)),
    ("https://[2002:7f00:1::]/", Some(Denied::Disguised)),
    ("https://[2001:0:1::1]/", Some(Denied::Disguised)),
    ("https://169.254.169.254/latest/meta-data/", Some(Denied::LinkLocal)),
    ("https://0xa9fea9fe/", Some(Denied::LinkLocal)),
    ("https://169.254.170.2/v2/credentials", Some(Denied::LinkLocal)),
    ("https://[fe80::1]/", Some(Denied::LinkLocal)),
    ("https://[fd00:ec2::254]/", Some(Denied::LinkLocal)),
    ("https://10.0.0.1/", Some(Denied::Private)),
    ("https://172.16.0.1/", Some(Denied::Private)),
    ("https://172.31.255.255/", Some(Denied::Private)),
    ("https://192.168.1.1/", Some(Denied::Private)),
    ("https://100.100.100.200/", Some(Denied::Private)),
    ("https://[fc00::1]/", Some(Denied::Private)),
    ("https://[fec0::1]/", Some(Denied::Private)),
    ("https://0.0.0.0/", Some(Denied::Special)),
    ("https://0/", Some(Denied::Special)),
    ("https://[::]/", Some(Denied::Special)),
    ("https://224.0.0.1/", Some(Denied::Special)),
    ("https://255.255.255.255/", Some(Denied::Special)),
    ("https://[ff02::1]/", Some(Denied::Special)),
    ("https://[2001:db8::1]/", Some(Denied::Special)),
];

fn open(url: &str, allow: Allow) -> Option<Denied> {
    match Webhook::new(&Secret::new(url), allow) {
        Ok(_) => None,
        Err(Error::Denied { denied, .. }) => Some(denied),
        Err(other) => panic!("{url}: {other}"),
    }
}

#[test]
fn forty_addresses() {
    let all = Allow { private: true, loopback: true };
    for (url, wanted) in TABLE {
        assert_eq!(open(url, Allow::default()), wanted, "{url}");
        let allowed = wanted.filter(|kind| !matches!(kind, Denied::Private | Denied::Loopback));
        assert_eq!(open(url, all), allowed, "{url} with everything allowed");
        // The same behind a name.
        if let Some(ip) = literal(url) {
            assert_eq!(check(ip, Allow::default()).err(), wanted, "{ip}");
        }
    }
}

fn literal(url: &str) -> Option<IpAddr> {
    let url = reqwest::Url::parse(url).ok()?;
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

#[test]
fn what_is_no_address_is_said_without_showing_it() {
    let urls = [
        "",
        "hunter2",
        "file:///etc/hunter2",
        "gopher://host/hunter2",
        "https://ann:hunter2@host/",
        "http://host/hunter2",
        "https:///hunter2 2",
        "javascript:hunter2",
    ];
    for url in urls {
        let error = Webhook::new(&Secret::new(url), Allow::default()).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let hook = Webhook::new(&Secret::new("https://host/hunter2"), Allow::default()).unwrap();
    assert!(!format!("{hook:?}").contains("hunter2"));
}

/// A resolver that says something else each time.
struct Rebinding {
    says: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names for Rebinding {
    fn look_up(&self, _: String) -> LookUp {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let next = self.says.lock().unwrap().pop_front().unwrap_or_default();
        Box::pin(async move { next })
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_looked_at_each_time() {
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    let says = ["127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "10.0.0.1"];
    let mut says: VecDeque<Vec<IpAddr>> = says.iter().map(|ip| vec![ip.parse().unwrap()]).collect();
    // One good address does not vouch for another.
    says.push_back(vec!["8.8.8.8".parse().unwrap(), "127.0.0.1".parse().unwrap()]);
    says.push_back(Vec::new());
    let count = says.len();
    let names = Arc::new(Rebinding { says: Mutex::new(says), asked: AtomicUsize::new(0) });
    let url = Secret::new(&format!("https://rebind.test:{port}/hunter2"));
    let hook = Webhook::with(&url, Allow::default(), Arc::<Rebinding>::clone(&names)).unwrap();
    for turn in 0..count {
        let error = hook.post(b"{}".to_vec()).await.unwrap_err();
        let wanted = turn + 1 == count;
        assert_eq!(matches!(error, Error::Name { .. }), wanted, "{error:?}");
        assert_eq!(matches!(error, Error::Denied { .. }), !wanted, "{error:?}");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
    assert_eq!(names.asked.load(Ordering::Relaxed), count, "each message asks anew");
    assert!(trap.accept().is_err(), "nothing was dialled");
}
