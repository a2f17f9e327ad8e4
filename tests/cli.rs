//! The program from outside: arguments, exit status, and what stands on standard error.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

struct Outcome {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the program in `folder` with `stdin`, without the variables of whoever runs the tests.
fn pg_cdc(folder: &Path, arguments: &[&str], stdin: &str) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pg-cdc"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("SET", "1")
        .env("PASSWORD", "hunter2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read, and may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Outcome {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `run` on a file that holds `text`: exit status and standard error.
fn run(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.yaml"), text).unwrap();
    let outcome = pg_cdc(folder.path(), &["run", "p.yaml"], "");
    (outcome.status, outcome.stderr)
}

fn run_arguments(arguments: &[&str], stdin: &str) -> Outcome {
    pg_cdc(tempfile::tempdir().unwrap().path(), arguments, stdin)
}

#[test]
fn help_and_version_are_no_error() {
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"], &["slot", "list", "--help"]] {
        let outcome = run_arguments(arguments, "");
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_wrong_command_line_exits_2() {
    for arguments in [
        &[][..],
        &["walk"],
        &["run"],
        &["run", "f", "--until-lsn", "12"],
        &["run", "f", "--until-lsn", "0/1", "--until-current"],
        &["run", "f", "--until-current", "--snapshot-only"],
        &["run", "f", "--log", "loud"],
        &["run", "f", "--log-format", "xml"],
        &["run", "f", "--progress", "maybe"],
        &["slot", "move", "f"],
        &["schema", "f"],
    ] {
        let outcome = run_arguments(arguments, "");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!outcome.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_comes_later_is_refused_by_name() {
    for (arguments, name) in [
        (&["check", "f", "--format", "json"][..], "the command check"),
        (&["tables", "f"], "the command tables"),
        (&["slot", "list", "f"], "the command slot list"),
        (&["slot", "create", "f"], "the command slot create"),
        (&["slot", "drop", "f"], "the command slot drop"),
        (&["run", "f", "--metrics", "localhost:9187"], "--metrics"),
    ] {
        let outcome = run_arguments(arguments, "");
        assert_eq!(outcome.status, Some(2), "{arguments:?}");
        assert_eq!(outcome.stderr, format!("error: {name} is not supported yet\n"));
    }
}

#[test]
fn the_schema_is_printed() {
    let outcome = run_arguments(&["schema"], "");
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    let schema: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["source"].is_object());
}

#[test]
fn a_wrong_file_exits_2_and_names_key_line_and_column() {
    for (text, line) in [
        (
            "sink: { type: jsonl }\nsource:\n  url: postgres://h\n  slot:\n    nam: x\n",
            "error: p.yaml:5:5: source.slot.nam: unknown key; did you mean name? expected one of name, create, create_timeout, failover, lag_limit, on_lag_limit, on_lost\n",
        ),
        (
            "sink: { type: jsonl }\nsource:\n  url: postgres://h\n  password: ${MISSING}\n",
            "error: p.yaml:4:13: source.password: the variable MISSING is not set; set it, or write ${MISSING:-default}\n",
        ),
        (
            "sink: { type: jsonl }\nsource:\n  url: postgres://h\n  transport: polling\n",
            "error: p.yaml:4:14: source.transport: polling is not supported yet; what works today: auto, replication\n",
        ),
        ("sink: { type: jsonl }\n", "error: p.yaml:1:1: source: this key is required and missing\n"),
        (
            "{\"sink\": {\"type\": \"jsonl\"}, \"source\": {\"url\": \"postgres://h\"}, \"batch\": {\"rows\": \"x\"}}",
            "error: p.yaml:1:82: batch.rows: expected a whole number, found the text x\n",
        ),
    ] {
        assert_eq!(run(text), (Some(2), line.to_owned()), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_exits_2() {
    let outcome = run_arguments(&["run", "absent.yaml"], "");
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.starts_with("error: absent.yaml: can't be read: "), "{}", outcome.stderr);
    let outcome = run_arguments(&["cleanup", "."], "");
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.starts_with("error: .: can't be read: "), "{}", outcome.stderr);
}

#[test]
fn a_dash_is_standard_input() {
    let outcome = run_arguments(&["run", "-"], "sink: { type: jsonl }\nsource: { ulr: x }\n");
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.stderr.starts_with("error: <stdin>:2:11: source.ulr: unknown key; did you mean url?"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_run_that_fails_exits_1_with_one_last_line() {
    // Nothing listens on port 1.
    let text = "sink: { type: null }\nstate: { type: memory }\nretry: { max_elapsed: 0 }\n\
                source: { url: \"postgres://u:${PASSWORD}@127.0.0.1:1/d\" }\n";
    for arguments in [
        &["run", "-", "--until-current"][..],
        &["run", "-", "--log", "off"],
        &["run", "-", "--log-format", "json"],
    ] {
        let outcome = run_arguments(arguments, text);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), ""), "{}", outcome.stderr);
        let last = outcome.stderr.lines().last().unwrap();
        assert!(last.starts_with("error: "), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.matches("error: ").count(), 1, "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
        let warnings = outcome.stderr.matches("running with what works today").count();
        assert_eq!(warnings, usize::from(!arguments.contains(&"off")), "{}", outcome.stderr);
    }
}
