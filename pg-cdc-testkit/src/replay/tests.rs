use super::*;

fn line(op: &str, commit: u64, seq: u64, key: &str, before: &str, after: &str, rest: &str) -> String {
    format!(
        r#"{{"op":"{op}","schema":"s","table":"t","lsn":1,"commit_lsn":{commit},"seq":{seq},"xid":1,"ts":1,"key":{key},"before":{before},"after":{after}{rest}}}"#
    )
}

fn replay(lines: &[String]) -> Replay {
    replay_by(Rules::default(), lines)
}

fn replay_by(rules: Rules, lines: &[String]) -> Replay {
    let mut replay = Replay::with_rules(rules);
    replay.apply_text(&lines.join("\n")).unwrap();
    replay
}

fn read() -> String {
    line("r", 5, 0, r#"{"id":1}"#, "null", r#"{"id":1,"v":"a","big":"x"}"#, "")
}

#[test]
fn a_changed_key_and_an_unchanged_value_are_merged() {
    let update =
        line("u", 9, 0, r#"{"id":2}"#, r#"{"id":1}"#, r#"{"id":2,"v":"b"}"#, r#","unchanged":["big"]"#);
    let replay = replay(&[read(), update]);
    assert_eq!(replay.problems(), [""; 0]);
    let rows = &replay.tables[&"s.t".into()].rows;
    let (key, row) = rows.first_key_value().unwrap();
    assert_eq!(
        (rows.len(), key["id"].as_str(), row["big"].as_str(), row["v"].as_str()),
        (1, "2", "\"x\"", "\"b\"")
    );
}

#[test]
fn what_is_lost_doubled_or_out_of_order_is_told() {
    let insert = |commit, seq, id| {
        let key = format!(r#"{{"id":{id}}}"#);
        line("c", commit, seq, &key, "null", &key, "")
    };
    let delete = line("d", 9, 0, r#"{"id":7}"#, r#"{"id":7}"#, "null", "");
    for (lines, said) in [
        (vec![insert(9, 0, 1), insert(8, 0, 2)], "commit LSN 8 after 9"),
        (vec![insert(9, 0, 1), insert(9, 2, 2)], "seq 2 where 1 is due"),
        (vec![insert(9, 1, 1)], "seq 1 where 0 is due"),
        (vec![insert(9, 0, 1), insert(9, 1, 1)], "already there"),
        (vec![read(), read()], "already there"),
        (vec![insert(9, 0, 2), read()], "after the stream began"),
        (vec![delete], "not there"),
        (vec![line("u", 9, 0, r#"{"id":1}"#, "null", r#"{"id":1}"#, "")], "not there"),
    ] {
        let replay = replay(&lines);
        assert!(replay.problems().iter().any(|p| p.contains(said)), "{said}: {:?}", replay.problems());
    }
}

#[test]
fn a_table_may_be_read_again_within_the_snapshot() {
    let again = line("t", 5, 0, "null", "null", "null", r#","reason":"resnapshot""#);
    let insert = line("c", 9, 0, r#"{"id":2}"#, "null", r#"{"id":2}"#, "");
    assert_eq!(
        replay(&[read(), again.clone(), read(), again.clone(), read(), insert.clone()]).problems(),
        [""; 0]
    );
    let late = replay(&[read(), insert, again]);
    assert!(late.problems()[0].contains("after the stream began"), "{:?}", late.problems());
}

#[test]
fn repeats_are_passed_over_where_they_are_allowed() {
    let insert = line("c", 9, 0, r#"{"id":2}"#, "null", r#"{"id":2}"#, "");
    let rules = Rules { repeats: true, ..Rules::default() };
    let allowed = replay_by(rules, &[read(), insert.clone(), insert.clone()]);
    assert_eq!((allowed.problems().len(), allowed.counts().repeats, allowed.rows("s.t")), (0, 1, 2));
    assert!(!replay(&[read(), insert.clone(), insert]).problems().is_empty());
}

#[test]
fn a_line_that_breaks_the_contract_is_an_error() {
    for bad in [
        read().replace(r#""lsn":1,"#, ""),
        read().replace(r#""op":"r""#, r#""op":"x""#),
        line("c", 1, 0, "null", "null", "null", ""),
        line("u", 1, 0, "null", "null", r#"{"a":1}"#, r#","unchanged":["a"]"#),
        line("c", 1, 0, "null", "null", r#"{"a":1,"a":2}"#, ""),
    ] {
        assert!(Replay::new().apply_line(&bad).is_err(), "{bad}");
    }
}

#[test]
fn rows_without_a_key_are_counted() {
    let insert = |seq| line("c", 9, seq, "null", "null", r#"{"v":1}"#, "");
    let delete = line("d", 10, 0, "null", r#"{"v":1}"#, "null", "");
    let replay = replay(&[insert(0), insert(1), delete]);
    assert_eq!((replay.problems().len(), replay.rows("s.t")), (0, 1));
}

#[test]
fn a_change_of_key_in_debezium_is_a_delete_and_an_insert_of_one_number() {
    let line = |op: &str, before: &str, after: &str, seq: u64| {
        format!(
            r#"{{"before":{before},"after":{after},"source":{{"schema":"s","table":"t","ts_us":1,"lsn":1,"commit_lsn":9,"seq":{seq}}},"op":"{op}"}}"#
        )
    };
    let mut replay = Replay::new();
    replay.tables.entry("s.t".into()).or_default().key = Some(["id".to_owned()].into());
    for text in [
        line("c", "null", r#"{"id":1,"v":2}"#, 0),
        line("d", r#"{"id":1}"#, "null", 1),
        line("c", "null", r#"{"id":3,"v":2}"#, 1),
        line("u", "null", r#"{"id":3,"v":4}"#, 2),
    ] {
        replay.apply_line(&text).unwrap();
    }
    assert_eq!((replay.problems(), replay.rows("s.t")), ([].as_slice(), 1));
}
