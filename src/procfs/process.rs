//! Who a process is and what it did, from the texts below `/proc/PID`.

use std::collections::HashMap;

use super::redact::redact;
use crate::model::text::SafeText;

/// Arguments end in a zero byte; programs that write their own title leave many at the end.
pub fn split(line: &str) -> Vec<&str> {
    let line = line.trim_end_matches('\0');
    match line {
        "" => Vec::new(),
        _ => line.split('\0').collect(),
    }
}

/// Zombies and programs that erased their arguments have only a name.
pub fn command(name: &str, arguments: &[&str]) -> SafeText {
    if arguments.is_empty() {
        return SafeText::new(name);
    }
    SafeText::new(&redact(arguments.iter().copied()))
}

/// The real user of `Uid:  1000 1000 1000 1000`.
pub fn owner(status: &str) -> Option<u32> {
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    ids.split_ascii_whitespace().next()?.parse().ok()
}

/// `read_bytes: 1` and `write_bytes: 2`.
pub fn io(raw: &[u8]) -> Option<[u64; 2]> {
    let text = std::str::from_utf8(raw).ok()?;
    let count = |name| {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse().ok()
    };
    Some([count("read_bytes:")?, count("write_bytes:")?])
}

/// `name:x:uid:…`; of two names for one number the first is taken, as the C library does.
pub fn users(text: &str) -> HashMap<u32, SafeText> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(uid)) = (fields.next(), fields.nth(1))
            && let Ok(uid) = uid.parse()
            && !name.is_empty()
        {
            names.entry(uid).or_insert_with(|| SafeText::within(name, 32));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_owner_and_arguments() {
        assert_eq!(owner("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some(1000));
        assert_eq!(owner("Name:\tUid:\n"), None);
        assert_eq!(split("a\0b c\0\0\0"), ["a", "b c"]);
        assert_eq!(command("dead", &split("")).as_str(), "dead");
    }

    #[test]
    fn reads_storage_bytes_not_all_bytes() {
        let raw = b"rchar: 9\nwchar: 9\nread_bytes: 1\nwrite_bytes: 2\ncancelled_write_bytes: 0\n";
        assert_eq!(io(raw), Some([1, 2]));
        assert_eq!(io(b"rchar: 9\n"), None);
    }

    #[test]
    fn of_two_names_for_one_user_the_first_is_taken() {
        let named =
            users("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:\n+::::::\nodd\nweb:x:33:33:::\n");
        let name = |uid| named.get(&uid).map(|name: &SafeText| name.as_str());
        assert_eq!([name(0), name(33), name(1000)], [Some("root"), Some("web"), None]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(Uid:|[0-9]{0,21}|\\[|\\]|\t|\\PC|\n){0,30}") {
            let _ = (owner(&text), split(&text), io(text.as_bytes()), users(&text));
        }
    }
}
