//! A process of our own that waits, and what is said of it.

use super::*;

fn sleeper() -> Child {
    Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_process_that_waits_says_what_for() {
    let mut child = sleeper();
    let roots = Roots::default();
    let until = Instant::now() + Duration::from_secs(10);
    let found = loop {
        let found = stack(&roots, child.id()).unwrap();
        let says = |words: &str| found.lines.iter().any(|line| line.as_str().contains(words));
        // Between fork and exec it is still this program, and what is read here is of several moments.
        let begun = says("(sleep)") && says("it sleeps until something happens");
        if begun || Instant::now() > until {
            break found;
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let lines: Vec<&str> = found.lines.iter().map(SafeText::as_str).collect();
    assert!(lines[0].contains("sleep"), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.contains("it sleeps until something happens")),
        "{lines:?}"
    );
    assert!(found.gap.is_some() || found.by.as_str().contains("gdb"), "{found:?}");
}

#[test]
fn what_a_process_waits_for_is_told_with_it() {
    let mut command = Command::new("sh");
    let mut child =
        command.args(["-c", "sleep 600; :"]).stdin(Stdio::null()).process_group(0).spawn().unwrap();
    let (roots, until) = (Roots::default(), Instant::now() + Duration::from_secs(10));
    let lines = loop {
        let found = stack(&roots, child.id()).unwrap();
        let lines: Vec<String> = found.lines.iter().map(ToString::to_string).collect();
        let told =
            |line: &String| line.starts_with("below it, process ") && line.contains("(sleep)");
        if lines.iter().any(told) || Instant::now() > until {
            break lines;
        }
    };
    end(&child);
    child.wait().unwrap();
    let at = lines.iter().position(|line| line.starts_with("below it, process "));
    let after = at.map(|at| lines[at..].join("\n")).unwrap_or_default();
    assert!(after.contains("(sleep)") && after.contains("state: "), "{lines:?}");
}

#[test]
fn a_process_that_is_gone_is_told_so() {
    let gone = stack(&Roots::default(), u32::MAX).unwrap_err();
    assert!(gone.to_string().contains("any more"));
}

#[test]
fn a_debugger_that_hangs_is_ended() {
    let argv = ["sleep", "600"].map(ToOwned::to_owned);
    let begun = Instant::now();
    let late = run(&argv, Duration::from_millis(200)).unwrap_err();
    assert!(late.contains("took longer") && begun.elapsed() < Duration::from_secs(5), "{late}");
    let argv = ["sh", "-c", "echo 'ptrace: Operation not permitted' >&2; exit 1"];
    let refused = run(&argv.map(ToOwned::to_owned), PATIENCE).unwrap_err();
    assert!(refused.contains("ptrace_scope"), "{refused}");
    let argv = ["yes", "x"].map(ToOwned::to_owned);
    assert!(run(&argv, PATIENCE).unwrap_err().contains("more than can be shown"));
}

#[test]
fn a_stranger_is_not_debugged() {
    let roots = Roots::default();
    let parent = std::os::unix::process::parent_id();
    let dir = roots.proc.join(parent.to_string());
    let why = debugger(&roots, &dir, parent).map(|asked| asked.name).unwrap_err();
    assert!(why.contains("runs and sandboxes alone") || why.contains("inside a sandbox"), "{why}");
}

#[test]
fn what_the_kernel_says_is_put_into_words() {
    assert_eq!(words::call("running"), "none, it is at work in its own program");
    let read = format!("{} 0x3 0x0 0x0", libc::SYS_read);
    assert_eq!(words::call(&read), "read on file 3: it waits for data to read");
    assert!(words::state("D (disk sleep)").contains("cannot be interrupted"));
    assert_eq!(words::call(""), "");
}
