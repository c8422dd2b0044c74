//! Hides secrets in command lines.
//!
//! Arguments are open to all users of a machine, yet people put passwords there, and isomon shows
//! them on screens and sends them to others. Hidden are: the value after or in an option whose name
//! speaks of a secret (`--password x`, `--api-key=x`, `DB_TOKEN=x`, `?token=x`), the password in a
//! URL, what follows the colon of a header that carries one, the short options of a few known
//! programs, and words that look like the keys of known services. A secret without such a sign
//! cannot be told from other words.

/// What stands for a secret.
pub const HIDDEN: &str = "***";

/// Words that make a name secret, each a whole part of it.
const SECRET_WORDS: [&str; 6] = ["pass", "passcode", "pwd", "secrets", "credential", "credentials"];
/// Words that do so at the end of a part: `PGPASSWORD`. `max-tokens` is no secret.
const SECRET_ENDINGS: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "bearer",
];
/// Last words of a name after which no secret comes: `--password-stdin`, `--token-file`.
const HARMLESS_ENDINGS: [&str; 10] =
    ["stdin", "file", "path", "through", "type", "length", "name", "limit", "ttl", "timeout"];
/// Two words in a row that do so.
const SECRET_PAIRS: [(&str, &str); 7] = [
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("auth", "key"),
    ("encryption", "key"),
    ("signing", "key"),
    ("account", "key"),
];
/// Headers whose value is secret, in lower case.
const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
    "private-token",
];
/// Programs and the short option that takes a password there.
const SHORT_OPTIONS: [(&str, &str); 9] = [
    ("mysql", "-p"),
    ("mysqldump", "-p"),
    ("mysqladmin", "-p"),
    ("mariadb", "-p"),
    ("sshpass", "-p"),
    ("redis-cli", "-a"),
    ("mongosh", "-p"),
    ("ldapsearch", "-w"),
    ("smbclient", "-U"),
];
/// How the keys of known services begin.
const KEY_BEGINNINGS: [&str; 14] = [
    "sk-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "hf_",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "nvapi-",
    "AIza",
    "eyJ",
];
/// Shorter words are not taken for a key.
const SHORTEST_KEY: usize = 16;

/// The command line in one line, its secrets replaced by [`HIDDEN`].
pub fn redact<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = Line::default();
    for argument in arguments {
        line.argument(argument);
    }
    line.shown
}

#[derive(Default)]
struct Line<'a> {
    shown: String,
    program: Option<&'a str>,
    /// The next argument is a secret.
    hides_next: bool,
    /// Words are secret until one ends with this quote.
    quote: Option<char>,
}

impl<'a> Line<'a> {
    /// One argument; one that holds spaces is a command line of its own (`sh -c "…"`), unless it
    /// is the value of a secret option.
    fn argument(&mut self, argument: &'a str) {
        if self.hides_next && !argument.starts_with("--") {
            self.hides_next = false;
            self.push(HIDDEN);
        } else if let Some(shown) = header(argument) {
            self.push(&shown);
        } else if argument.contains(char::is_whitespace) {
            for word in argument.split_whitespace() {
                self.word(word);
            }
            self.hides_next = false;
            self.quote = None;
        } else {
            self.word(argument);
        }
    }

    fn word(&mut self, word: &'a str) {
        if let Some(quote) = self.quote {
            if word.contains(quote) {
                self.quote = None;
            }
            return;
        }
        if std::mem::take(&mut self.hides_next) && !word.starts_with("--") {
            self.quote = open_quote(word);
            return self.push(HIDDEN);
        }
        let shown = self.visible(word);
        self.push(&shown);
        self.program = self.program.or_else(|| program(word));
    }

    /// The word with its secret parts hidden; notes what it means for those after it.
    fn visible(&mut self, word: &'a str) -> String {
        if let Some(short) = self.short_option(word) {
            return short;
        }
        let bare = word.trim_start_matches(['\'', '"']);
        if let Some((name, value)) = bare.split_once('=')
            && is_secret(name)
        {
            self.quote = open_quote(value);
            return format!("{name}={HIDDEN}");
        }
        if let Some(shown) = self.pairs(word) {
            return shown;
        }
        self.hides_next = bare.starts_with('-') && !bare.contains('=') && is_secret(bare);
        if looks_like_key(bare) {
            return HIDDEN.to_owned();
        }
        query(&userinfo(word))
    }

    /// `"token":"x","port":1` and `password:` as JSON and YAML have them; `None` without a secret.
    fn pairs(&mut self, word: &str) -> Option<String> {
        let mut found = false;
        let parts: Vec<String> = word
            .split(',')
            .map(|part| match part.split_once(':') {
                Some((name, value)) if !value.starts_with("//") && is_secret(name) => {
                    found = true;
                    self.hides_next = value.is_empty();
                    self.quote = open_quote(value);
                    let shown = if value.is_empty() { "" } else { HIDDEN };
                    format!("{name}:{shown}")
                }
                _ => part.to_owned(),
            })
            .collect();
        found.then(|| parts.join(","))
    }

    fn short_option(&mut self, word: &str) -> Option<String> {
        let program = self.program?;
        let (_, option) = SHORT_OPTIONS.iter().find(|(name, _)| *name == program)?;
        let value = word.strip_prefix(option)?;
        self.hides_next = value.is_empty() && program != "mysql";
        Some(format!("{option}{}", if value.is_empty() { "" } else { HIDDEN }))
    }

    fn push(&mut self, word: &str) {
        if !self.shown.is_empty() {
            self.shown.push(' ');
        }
        self.shown.push_str(word);
    }
}

fn program(word: &str) -> Option<&str> {
    word.rsplit('/').next().filter(|name| !name.contains('='))
}

/// The quote a word opens and does not close.
fn open_quote(word: &str) -> Option<char> {
    let quote = word.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    (!word.chars().skip(1).any(|c| c == quote)).then_some(quote)
}

/// Whether the name of an option or variable speaks of a secret: `--db-password`, `API_KEY`.
pub fn is_secret(name: &str) -> bool {
    let words = words(name);
    let ends_well = |last: &String| HARMLESS_ENDINGS.contains(&last.as_str());
    let pairs = || words.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str()));
    !words.last().is_some_and(ends_well)
        && (words.iter().any(|word| is_secret_word(word))
            || pairs().any(|pair| SECRET_PAIRS.contains(&pair)))
}

fn is_secret_word(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    SECRET_WORDS.contains(&word) || SECRET_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

/// The parts of a name in lower case, split at signs and where small letters meet capitals.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars().take(128) {
        if !letter.is_alphanumeric() || (small && letter.is_uppercase()) {
            words.push(String::new());
        }
        small = letter.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `Authorization: Bearer x` without the value.
fn header(argument: &str) -> Option<String> {
    let (name, _) = argument.split_once(':')?;
    let secret = SECRET_HEADERS
        .iter()
        .any(|header| name.trim_start_matches("-H").eq_ignore_ascii_case(header));
    secret.then(|| format!("{name}: {HIDDEN}"))
}

/// `scheme://user:password@host` without the password.
fn userinfo(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, host)) = authority.rsplit_once('@') else {
        return word.to_owned();
    };
    let after = rest.strip_prefix(authority).unwrap_or_default();
    match user.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:{HIDDEN}@{host}{after}"),
        None if looks_like_key(user) => format!("{scheme}://{HIDDEN}@{host}{after}"),
        None => word.to_owned(),
    }
}

/// `?name=value&…` without the values of secret names.
fn query(word: &str) -> String {
    let Some((before, pairs)) = word.split_once('?') else {
        return word.to_owned();
    };
    let shown: Vec<String> = pairs
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", shown.join("&"))
}

fn looks_like_key(word: &str) -> bool {
    let value = word.rsplit(['=', ':', ',']).next().unwrap_or(word);
    value.len() >= SHORTEST_KEY
        && KEY_BEGINNINGS.iter().any(|begin| value.starts_with(begin))
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && value.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_canary_gets_out() {
        let rows: [&[&str]; 29] = [
            &["app", "--env", "{\"A\": \"b\", \"API_TOKEN\": \"CANARY x\", \"C\": 1}"],
            &["app", "{\"a\":1,\"password\":\"CANARY\",\"c\":2}"],
            &["app", "password: CANARY"],
            &["env", "PGPASSWORD=CANARY", "psql"],
            &["env", "TOKEN_2=CANARY", "app"],
            &["app", "--password", "CANARY"],
            &["app", "--password=CANARY"],
            &["app", "--db-passwd", "CANARY and more"],
            &["app", "-token", "CANARY"],
            &["app", "--token=CANARY", "--verbose"],
            &["app", "--client-secret", "CANARY"],
            &["app", "--api-key", "CANARY"],
            &["app", "--apiKey=CANARY"],
            &["env", "AWS_SECRET_ACCESS_KEY=CANARY", "app"],
            &["env", "HF_TOKEN='CANARY", "app"],
            &["psql", "postgres://me:CANARY@host:5432/db"],
            &["curl", "https://host/path?a=1&access_token=CANARY&b=2"],
            &["curl", "-H", "Authorization: Bearer CANARY"],
            &["curl", "-HX-Api-Key: CANARY"],
            &["mysql", "-uroot", "-pCANARY"],
            &["/usr/bin/sshpass", "-p", "CANARY", "ssh", "host"],
            &["redis-cli", "-a", "CANARY", "ping"],
            &["sh", "-c", "app --password CANARY && app --token='CANARY x CANARY' y"],
            &["sh", "-c", "PASSWORD=\"a CANARY b\" app"],
            &["app", "sk-proj-CANARY0123456789abc"],
            &["app", "--opt=ghp_CANARY0123456789abcdefgh"],
            &["git", "clone", "https://ghp_CANARY0123456789abc@host/x"],
            &["app", "--passphrase", "-CANARY"],
            &["app", "--privateKey", "CANARY"],
        ];
        for row in rows {
            let shown = redact(row.iter().copied());
            assert!(!shown.contains("CANARY"), "{shown}");
            assert!(shown.contains(HIDDEN), "{shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let rows: [&[&str]; 10] = [
            &["vllm", "serve", "--max-tokens", "500", "--tokenizer", "x"],
            &["sshd", "-p", "22"],
            &["psql", "postgres://me@host/db"],
            &["docker", "login", "--password-stdin", "-u", "me"],
            &["app", "--token-file", "/run/x", "--pass-through=no"],
            &["curl", "https://host/path?a=1&b=2"],
            &["app", "a=b", "--x=y", "key=value"],
            &["task", "sk-short"],
            &["eyJournal-of-everything", "x"],
            &["mysql", "-p", "database"],
        ];
        for row in rows {
            assert_eq!(redact(row.iter().copied()), row.join(" "));
        }
    }

    #[test]
    fn what_follows_a_secret_stays() {
        assert_eq!(
            redact(["app", "--password", "x", "--port", "80"]),
            "app --password *** --port 80"
        );
        assert_eq!(redact(["sh", "-c", "a --token 'x y' b"]), "sh -c a --token *** b");
        assert_eq!(
            redact(["psql", "postgres://me:x@host/db?sslmode=on"]),
            "psql postgres://me:***@host/db?sslmode=on"
        );
    }

    proptest! {
        #[test]
        fn no_arguments_make_it_panic(arguments: Vec<String>) {
            let _ = redact(arguments.iter().map(String::as_str));
        }

        #[test]
        fn the_value_of_an_option_is_hidden(value in "[A-Z]{12}[A-Za-z0-9 '\"=:/@?&-]{0,12}") {
            let joined = format!("--password={value}");
            for arguments in [["app", "--password", &value], ["app", &joined, "x"]] {
                let shown = redact(arguments);
                prop_assert!(!shown.contains(value.get(..12).unwrap_or_default()), "{shown}");
            }
        }
    }
}
