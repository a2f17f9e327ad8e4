//! Trees and texts of queries, and hostile bytes.

use proptest::prelude::*;

use super::*;
use crate::types::text_search::write_quoted;

fn text_of(binary: &[u8]) -> Parsed<String> {
    let mut out = Vec::new();
    write_text_from_binary(binary, &mut out).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn only_what_postgresql_prints_is_read() {
    for bad in [
        "a",
        "'a",
        "'a' 'b'",
        "'a' &",
        "& 'a'",
        "!",
        "( 'a'",
        "'a' )",
        "()",
        "'a' < 'b'",
        "'a' <2 'b'",
        "'a' <-1> 'b'",
        "'a':X",
        "'a' ! 'b'",
        "'a' <65536> 'b'",
        " ",
    ] {
        assert!(bad.parse::<PgTsQuery>().is_err(), "{bad}");
    }
    assert!(PgTsQuery::from_text(b"'\xff'").is_err());
}

#[test]
fn the_tree_is_as_it_was_said() {
    let query: PgTsQuery = "'a':AC <-> 'b' & !'c' | 'd'".parse().unwrap();
    let Some(TsQueryNode::Or(left, d)) = query.root().map(TsQueryPart::node) else { panic!() };
    let TsQueryNode::And(phrase, not) = left.node() else { panic!() };
    let TsQueryNode::Phrase { left: a, right: b, distance: 1 } = phrase.node() else { panic!() };
    let TsQueryNode::Not(c) = not.node() else { panic!() };
    for (part, text) in [(a, "a"), (b, "b"), (c, "c"), (d, "d")] {
        let TsQueryNode::Lexeme(lexeme) = part.node() else { panic!() };
        assert_eq!(lexeme.text, text);
    }
    let TsQueryNode::Lexeme(a) = a.node() else { panic!() };
    assert_eq!(a.weights().collect::<Vec<_>>(), [TsWeight::A, TsWeight::C]);
    assert_eq!(format!("{phrase:?}"), "'a':AC <-> 'b'");
    assert!(PgTsQuery::default().root().is_none());
}

/// So many operators that stand on their right operand, and the left operands of those that have one.
fn deep(operator: &[u8], levels: usize, lefts: usize) -> Vec<u8> {
    let mut bytes = ((levels + 1 + lefts) as u32).to_be_bytes().to_vec();
    bytes.extend(operator.repeat(levels));
    bytes.extend([1, 0, 0, b'a', 0].repeat(1 + lefts));
    bytes
}

#[test]
fn no_depth_exhausts_the_stack() {
    let levels = 200_000;
    let nots = deep(&[2, 1], levels, 0);
    assert_eq!(text_of(&nots).unwrap(), format!("{}'a'", "!".repeat(levels)));
    let ands = deep(&[2, 2], levels, levels);
    assert_eq!(text_of(&ands).unwrap(), format!("'a'{}", " & 'a'".repeat(levels)));
    let phrases = deep(&[2, 4, 0, 1], levels, levels);
    let text = format!("'a'{} <-> 'a'{}", " <-> ( 'a'".repeat(levels - 1), " )".repeat(levels - 1));
    assert_eq!(text_of(&phrases).unwrap(), text);
    for bytes in [nots, ands, phrases] {
        let query = PgTsQuery::from_binary(&bytes).unwrap();
        let text = query.to_string();
        assert_eq!(text.parse::<PgTsQuery>().unwrap(), query);
        let _ = (query.root().unwrap().node(), query.clone());
    }
}

#[test]
fn what_is_no_query_is_refused() {
    for bytes in [
        &[][..],
        &[0, 0, 0, 1],
        &[0x7f, 0xff, 0xff, 0xff, 2, 1],
        &[0, 0, 0, 1, 2, 1],
        &[0, 0, 0, 2, 1, 0, 0, b'a', 0, 1, 0, 0, b'b', 0],
        &[0, 0, 0, 2, 2, 2, 1, 0, 0, b'a', 0],
        &[0, 0, 0, 1, 1, 16, 0, b'a', 0],
        &[0, 0, 0, 1, 3, 0, 0, b'a', 0],
        &[0, 0, 0, 2, 2, 5, 1, 0, 0, b'a', 0],
        &[0, 0, 0, 1, 1, 0, 0, b'a', 0, 0],
    ] {
        assert!(text_of(bytes).is_err(), "{bytes:?}");
        assert!(PgTsQuery::from_binary(bytes).is_err(), "{bytes:?}");
    }
}

/// A query's text with every operand of an operator in parentheses, as the server would read it.
fn said() -> impl Strategy<Value = String> {
    let lexeme = ("[a-c '\\\\:é]{1,4}", "(:\\*?A?B?C?D?)?").prop_map(|(text, flags)| {
        let mut out = Vec::new();
        write_quoted(text.as_bytes(), &mut out);
        format!("{}{flags}", String::from_utf8(out).unwrap())
    });
    lexeme.prop_recursive(6, 32, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|operand| format!("!( {operand} )")),
            (inner.clone(), " (&|\\||<->|<2>|<0>) ", inner)
                .prop_map(|(left, operator, right)| format!("( {left} ){operator}( {right} )")),
        ]
    })
}

proptest! {
    #[test]
    fn text_and_binary_go_there_and_back(said in said()) {
        let query: PgTsQuery = said.parse().unwrap();
        let mut binary = Vec::new();
        query.write_binary(&mut binary);
        let text = query.to_string();
        prop_assert_eq!(&text_of(&binary).unwrap(), &text);
        // What is nested otherwise than its text tells comes to the same.
        let read = PgTsQuery::from_binary(&binary).unwrap();
        prop_assert_eq!(&read.to_string(), &text);
        prop_assert_eq!(read, text.parse().unwrap());
    }

    #[test]
    fn any_bytes_are_a_query_or_an_error(bytes: Vec<u8>, items in prop::collection::vec(prop::sample::select(vec![
        &[2, 1][..], &[2, 2], &[2, 3], &[2, 4, 0, 2], &[1, 8, 0, b'a', 0], &[1, 0, 1, b'\'', 0],
    ]), 0..12), count in 0..12u32) {
        let _ = (PgTsQuery::from_binary(&bytes), PgTsQuery::from_text(&bytes));
        let bytes = [&count.to_be_bytes()[..], &items.concat()].concat();
        let text = text_of(&bytes);
        let query = PgTsQuery::from_binary(&bytes);
        prop_assert_eq!(text.ok(), query.ok().map(|query| query.to_string()));
    }
}
