//! Ten thousand wrong tokens: how long the answer takes says nothing about how wrong they are, and soon
//! nothing is compared any more.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use isomon::model::secret::Secret;

use crate::home::Home;
use crate::server::{Server, TOKEN};

/// The token with another letter at `at`.
fn wrong(at: usize) -> String {
    let letter = |(place, letter): (usize, char)| if place == at { '#' } else { letter };
    TOKEN.chars().enumerate().map(letter).collect()
}

/// The middle of `times`.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// By how much the second of two ways takes longer, as a share, and the most that chance alone makes of
/// it: the two are timed in turn, and which is which is drawn anew sixty times.
fn difference(ways: [&dyn Fn(); 2]) -> (f64, f64) {
    const ROUNDS: usize = 10_000;
    let time = |way: &dyn Fn()| {
        let began = Instant::now();
        (0..20).for_each(|_| way());
        began.elapsed().as_secs_f64()
    };
    let mut pairs = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        // Whoever is first in a pair finds colder caches.
        let (first, second) = if round % 2 == 0 { (0, 1) } else { (1, 0) };
        let mut pair = [0.0; 2];
        pair[first] = time(ways[first]);
        pair[second] = time(ways[second]);
        pairs.push(pair);
    }
    let of = |which: usize| median(&mut pairs.iter().map(|pair| pair[which]).collect::<Vec<_>>());
    let usual = of(0);
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut by_chance: Vec<f64> = (0..60)
        .map(|_| {
            let mut drawn = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
            for pair in &pairs {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let swap = usize::from(seed >> 63 == 1);
                drawn[0].push(pair[swap]);
                drawn[1].push(pair[1 - swap]);
            }
            let [one, other] = &mut drawn;
            ((median(other) - median(one)) / usual).abs()
        })
        .collect();
    by_chance.sort_by(f64::total_cmp);
    ((of(1) - usual) / usual, by_chance[59])
}

#[test]
fn how_wrong_a_token_is_cannot_be_timed() {
    let secret = Secret::new(TOKEN);
    let (first, last) = (wrong(0), wrong(TOKEN.len() - 1));
    let attempt = || {
        let refuse = |guess: &str| assert!(!black_box(&secret).is(black_box(guess)));
        let ways: [&dyn Fn(); 2] = [&|| refuse(&first), &|| refuse(&last)];
        let (found, chance) = difference(ways);
        println!("first letter wrong against last: {found} (by chance {chance})");
        assert!(found.abs() < 0.05, "{found}");
        found.abs() <= chance.max(0.01)
    };
    // A machine that is busy with something else may be unlucky once.
    assert!((0..3).any(|_| attempt()));

    // The same way finds out a comparison that ends with the first difference.
    let careless = |guess: &str| {
        let pairs = black_box(TOKEN).bytes().zip(black_box(guess).bytes());
        assert!(pairs.into_iter().any(|(own, other)| own != other));
    };
    let (found, chance) = difference([&|| careless(&first), &|| careless(&last)]);
    println!("careless: {found} (by chance {chance})");
    assert!(found > 0.05, "{found} {chance}");
}

#[test]
fn ten_thousand_guesses_are_told_to_wait_and_others_are_served() {
    let home = Home::new();
    let words = ["serve", "--listen", "127.0.0.1:0", "--no-check", "--token-env", "OWN_TOKEN"];
    let mut command = home.command(&words);
    command.env("OWN_TOKEN", TOKEN);
    let server = Server::of(home, command);
    let stream = server.connect();
    stream.set_nodelay(true).unwrap();
    let (mut to, mut from) = (stream.try_clone().unwrap(), BufReader::new(stream));
    let mut guess = |token: &str| {
        let host = server.address;
        let began = Instant::now();
        let request = format!(
            "GET /healthz HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        to.write_all(request.as_bytes()).unwrap();
        let (mut status, mut length, mut line) = (0, 0, String::new());
        while from.read_line(&mut line).unwrap() > 2 {
            let lower = line.to_lowercase();
            if lower.starts_with("http/1.1 ") {
                status = lower.split(' ').nth(1).unwrap().parse().unwrap();
            } else if let Some(value) = lower.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        from.read_exact(&mut vec![0; length]).unwrap();
        (status, began.elapsed().as_secs_f64())
    };
    let guesses = [wrong(0), wrong(TOKEN.len() - 1)];
    let mut times = [Vec::new(), Vec::new()];
    let mut compared = 0;
    let began = Instant::now();
    for number in 0..10_000 {
        let (status, took) = guess(&guesses[number % 2]);
        assert!(matches!(status, 401 | 429), "{status}");
        compared += usize::from(status == 401);
        times[number % 2].push(took);
    }
    let [first, last] = &mut times;
    let (first, last) = (median(first), median(last));
    println!("10,000 in {:?}, {compared} compared; medians {first} s, {last} s", began.elapsed());
    let tries = 20 + began.elapsed().as_secs() / 3 + 2;
    assert!(compared as u64 <= tries, "{compared} of {tries}");
    assert!((last - first).abs() / first < 0.05, "{first} {last}");
    let began = Instant::now();
    assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
