//! Random values as a user may write them; some are none, and the server says so.

use proptest::prelude::*;
use proptest::strategy::Union;

type Text = BoxedStrategy<String>;

fn pattern(regex: &str) -> Text {
    proptest::string::string_regex(regex).unwrap().boxed()
}

/// Text that has all that quoting may stumble over.
fn odd_text() -> Text {
    pattern("[a-cA-C0-9 ,;.:'\"\\\\(){}\\[\\]<>=@$&|!*%\t\n\réž☃𝄞-]{0,12}|(?i)null|")
}

fn number() -> Text {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        pattern("-?[0-9]{1,30}(\\.[0-9]{1,30})?"),
        pattern("-?0\\.0{0,20}[1-9]{1,5}"),
        pattern("-?[1-9]e-?[0-9]{1,2}"),
        Just("NaN".to_owned()),
    ]
    .boxed()
}

fn float() -> Text {
    prop_oneof![
        any::<f64>().prop_map(|f| f.to_string().replace("inf", "Infinity")),
        any::<f32>().prop_map(|f| f.to_string().replace("inf", "Infinity")),
        (-1000i32..1000).prop_map(|n| (f64::from(n) / 8.0).to_string()),
    ]
    .boxed()
}

fn coordinate() -> Text {
    prop_oneof![
        (-1000i32..1000).prop_map(|n| (f64::from(n) / 8.0).to_string()),
        any::<f64>().prop_map(|f| f.to_string().replace("inf", "Infinity"))
    ]
    .boxed()
}

fn date() -> Text {
    let day = (1i32..=5_874_897, 1..=12, 1..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    let near = (1i32..=9999, 1..=12, 1..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    let before = (1i32..=4713, 1..=12, 1..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02} BC"));
    prop_oneof![1 => day, 6 => near, 2 => before, 1 => Just("infinity".to_owned()), 1 => Just("-infinity".to_owned())].boxed()
}

fn time() -> Text {
    (0..24, 0..60, 0..60, pattern("|\\.[0-9]{1,6}"))
        .prop_map(|(h, m, s, f)| format!("{h:02}:{m:02}:{s:02}{f}"))
        .boxed()
}

fn offset() -> Text {
    prop_oneof![
        (-15..=15).prop_map(|h: i32| format!("{h:+03}")),
        (-15..=15, 0..60).prop_map(|(h, m): (i32, i32)| format!("{h:+03}:{m:02}"))
    ]
    .boxed()
}

fn timestamp() -> Text {
    let far =
        (1i32..=294_275, 1..=12, 1..=28, time()).prop_map(|(y, m, d, t)| format!("{y:04}-{m:02}-{d:02} {t}"));
    let near =
        (1900i32..=2100, 1..=12, 1..=28, time()).prop_map(|(y, m, d, t)| format!("{y:04}-{m:02}-{d:02} {t}"));
    let before =
        (1i32..=4713, 1..=12, 1..=28, time()).prop_map(|(y, m, d, t)| format!("{y:04}-{m:02}-{d:02} {t} BC"));
    prop_oneof![2 => far, 6 => near, 2 => before, 1 => Just("infinity".to_owned()), 1 => Just("-infinity".to_owned())].boxed()
}

fn interval() -> Text {
    let part = |unit: &'static str| prop_oneof![2 => (-2000i32..2000).prop_map(move |n| format!("{n} {unit} ")), 2 => Just(String::new()), 1 => any::<i32>().prop_map(move |n| format!("{n} {unit} "))];
    (part("mons"), part("days"), pattern("-?"), time())
        .prop_map(|(m, d, sign, t)| format!("{m}{d}{sign}{t}"))
        .boxed()
}

fn json() -> Text {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        pattern("-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,10})?(e[+-]?[0-9]{1,2})?"),
        pattern("\"([ -!#-\\[\\]-~éž☃𝄞]|\\\\[\"\\\\/bfnrt]|\\\\u00[2-7][0-9a-f]){0,8}\""),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let space = || pattern("[ \n\t]?");
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), space())
                .prop_map(|(items, s)| format!("[{s}{}{s}]", items.join(","))),
            (
                prop::collection::vec(
                    (pattern("\"[a-c\" ]?[a-c]\"").prop_map(|k| k.replace("\"\"", "\"")), inner),
                    0..4
                ),
                space()
            )
                .prop_map(|(pairs, s)| format!(
                    "{{{s}{}}}",
                    pairs.iter().map(|(k, v)| format!("{k}:{s}{v}")).collect::<Vec<_>>().join(",")
                )),
        ]
    })
    .boxed()
}

fn joined(item: Text, open: &'static str, close: &'static str, least: usize) -> Text {
    prop::collection::vec(item, least..6)
        .prop_map(move |items| format!("{open}{}{close}", items.join(",")))
        .boxed()
}

fn point() -> Text {
    (coordinate(), coordinate()).prop_map(|(x, y)| format!("({x},{y})")).boxed()
}

fn inet() -> Text {
    let four =
        (any::<[u8; 4]>(), 0..=32u8).prop_map(|(a, bits)| format!("{}/{bits}", std::net::Ipv4Addr::from(a)));
    let six = (any::<[u16; 8]>(), any::<u8>(), 0..=128u8).prop_map(|(mut a, zeros, bits)| {
        (0..8).filter(|at| zeros >> at & 1 == 1).for_each(|at| a[at] = 0);
        format!("{}/{bits}", std::net::Ipv6Addr::from(a))
    });
    let bare = any::<[u8; 4]>().prop_map(|a| std::net::Ipv4Addr::from(a).to_string());
    prop_oneof![four, six, bare].boxed()
}

/// An array's text: elements in quotes wherever they may need them.
fn array(element: Text) -> Text {
    let quoted = element.prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    let element = prop_oneof![4 => quoted, 1 => Just("NULL".to_owned())].boxed();
    let flat = prop::collection::vec(element.clone(), 0..5).prop_map(|e| format!("{{{}}}", e.join(",")));
    let square = prop::collection::vec(element.clone(), 4)
        .prop_map(|e| format!("{{{{{},{}}},{{{},{}}}}}", e[0], e[1], e[2], e[3]));
    let bounds = (prop::collection::vec(element, 2), -3..3)
        .prop_map(|(e, at)| format!("[{at}:{}]={{{}}}", at + 1, e.join(",")));
    Union::new_weighted(vec![(3, flat.boxed()), (1, square.boxed()), (1, bounds.boxed())]).boxed()
}

fn composite(fields: [Text; 3]) -> Text {
    let field = |text: Text| {
        let quoted = text.prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")));
        prop_oneof![4 => quoted, 1 => Just(String::new())].boxed()
    };
    let [a, b, c] = fields.map(field);
    (a, b, c).prop_map(|(a, b, c)| format!("({a},{b},{c})")).boxed()
}

fn range(bound: Text) -> Text {
    let quoted = bound.prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    let bound = prop_oneof![4 => quoted, 1 => Just(String::new())].boxed();
    let span = (pattern("[\\[(]"), bound.clone(), bound, pattern("[\\])]"))
        .prop_map(|(open, a, b, close)| format!("{open}{a},{b}{close}"));
    prop_oneof![9 => span, 1 => Just("empty".to_owned())].boxed()
}

/// Types with what makes values of them. Those of users are made by [`MADE`].
pub(crate) fn all() -> Vec<(&'static str, Text)> {
    let integer = |bits: u32| any::<i64>().prop_map(move |n| (n >> (64 - bits)).to_string()).boxed();
    let word = || pattern("'([a-c ]|''|\\\\\\\\|é){1,5}'|[a-cé]{1,5}");
    let lexeme = || {
        (word(), pattern("|:[1-9][0-9]{0,3}[A-D]?|:1,2C,16383A")).prop_map(|(w, p)| format!("{w}{p}")).boxed()
    };
    let query = || {
        let leaf = (word(), pattern("|:\\*|:[A-D]{1,2}|:\\*A")).prop_map(|(w, p)| format!("{w}{p}"));
        leaf.prop_recursive(4, 12, 2, |inner| {
            prop_oneof![
                (inner.clone(), pattern("&|\\||<->|<3>"), inner.clone())
                    .prop_map(|(a, o, b)| format!("({a}) {o} ({b})")),
                inner.prop_map(|a| format!("!({a})")),
            ]
        })
        .boxed()
    };
    vec![
        ("bool", pattern("t|f")),
        ("int2", integer(16)),
        ("int4", integer(32)),
        ("int8", integer(64)),
        ("oid", any::<u32>().prop_map(|n| n.to_string()).boxed()),
        ("float4", float()),
        ("float8", float()),
        ("numeric", number()),
        ("numeric(20,5)", number()),
        ("text", odd_text()),
        ("varchar(5)", odd_text()),
        ("char(5)", odd_text()),
        ("name", odd_text()),
        ("\"char\"", pattern("[ -~]?")),
        (
            "bytea",
            prop::collection::vec(any::<u8>(), 0..20)
                .prop_map(|b| b.iter().fold("\\x".to_owned(), |s, b| format!("{s}{b:02x}")))
                .boxed(),
        ),
        ("bit(11)", pattern("[01]{11}")),
        ("varbit", pattern("[01]{0,40}")),
        ("date", date()),
        ("time", time()),
        ("timetz", (time(), offset()).prop_map(|(t, o)| format!("{t}{o}")).boxed()),
        ("timestamp", timestamp()),
        (
            "timestamptz",
            (timestamp(), offset())
                .prop_map(|(t, o)| {
                    if t.contains("inf") {
                        t
                    } else {
                        format!(
                            "{}{o}{}",
                            t.trim_end_matches(" BC"),
                            if t.ends_with("BC") { " BC" } else { "" }
                        )
                    }
                })
                .boxed(),
        ),
        ("interval", interval()),
        ("uuid", any::<u128>().prop_map(|n| format!("{n:032x}")).boxed()),
        ("json", json()),
        ("jsonb", json()),
        ("xml", pattern("<a b=\"[a-c]?\">[a-cé&;]{0,5}</a>|[a-z\n]{0,5}")),
        ("jsonpath", pattern("(strict )?\\$(\\.[a-c]{1,3}|\\[\\*\\]|\\.\"a b\"| \\? \\(@ > [0-9]\\)){0,4}")),
        ("point", point()),
        (
            "line",
            (coordinate(), coordinate(), coordinate())
                .prop_map(|(a, b, c)| format!("{{{a},{b},{c}}}"))
                .boxed(),
        ),
        ("lseg", (point(), point()).prop_map(|(a, b)| format!("[{a},{b}]")).boxed()),
        ("box", (point(), point()).prop_map(|(a, b)| format!("{a},{b}")).boxed()),
        ("path", prop_oneof![joined(point(), "[", "]", 1), joined(point(), "(", ")", 1)].boxed()),
        ("polygon", joined(point(), "(", ")", 1)),
        ("circle", (point(), 0..100).prop_map(|(p, r)| format!("<{p},{r}>")).boxed()),
        ("inet", inet()),
        ("cidr", inet()),
        ("macaddr", any::<[u8; 6]>().prop_map(|a| a.map(|b| format!("{b:02x}")).join(":")).boxed()),
        ("macaddr8", any::<[u8; 8]>().prop_map(|a| a.map(|b| format!("{b:02x}")).join(":")).boxed()),
        ("tsvector", prop::collection::vec(lexeme(), 0..5).prop_map(|l| l.join(" ")).boxed()),
        ("tsquery", query()),
        ("pg_lsn", any::<[u32; 2]>().prop_map(|[a, b]| format!("{a:X}/{b:X}")).boxed()),
        ("xid", any::<u32>().prop_map(|n| n.to_string()).boxed()),
        ("xid8", any::<u64>().prop_map(|n| n.to_string()).boxed()),
        ("tid", (any::<u32>(), any::<u16>()).prop_map(|(a, b)| format!("({a},{b})")).boxed()),
        ("pg_snapshot", (1u64..1000, 0u64..1000).prop_map(|(a, b)| format!("{a}:{}:{a}", a + b)).boxed()),
        (
            "int2vector",
            prop::collection::vec(any::<i16>(), 0..5)
                .prop_map(|v| v.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
                .boxed(),
        ),
        ("int4range", range(integer(16))),
        ("numrange", range(number())),
        ("tstzrange", range(timestamp())),
        ("daterange", range(date())),
        ("textrange", range(odd_text())),
        ("int4multirange", joined(range(integer(8)), "{", "}", 0)),
        ("tsmultirange", joined(range(timestamp()), "{", "}", 0)),
        ("mood", pattern("sad|it's \"ok\"|a,b|NULL")),
        ("year", integer(12)),
        ("int4[]", array(integer(32))),
        ("text[]", array(odd_text())),
        ("numeric[]", array(number())),
        ("timestamptz[]", array(timestamp())),
        (
            "box[]",
            prop::collection::vec((point(), point()), 0..4)
                .prop_map(|b| {
                    format!("{{{}}}", b.iter().map(|(a, b)| format!("{a},{b}")).collect::<Vec<_>>().join(";"))
                })
                .boxed(),
        ),
        ("json[]", array(json())),
        ("pair", composite([integer(32), odd_text(), array(timestamp())])),
        ("pair[]", array(composite([integer(32), odd_text(), array(timestamp())]))),
        (
            "nested",
            composite([
                composite([integer(32), odd_text(), array(date())]),
                array(composite([integer(8), odd_text(), array(date())])),
                range(odd_text()),
            ]),
        ),
        ("moods", array(pattern("sad|a,b|NULL"))),
    ]
}

/// The types of users among [`all`].
pub(crate) const MADE: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'a,b', 'NULL');
    CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
    CREATE DOMAIN year AS int CHECK (value > 0);
    CREATE DOMAIN moods AS mood[];
    CREATE TYPE pair AS (a int, "B ""b" text, t timestamptz[]);
    CREATE TYPE nested AS (p pair, ps pair[], r textrange);"#;
