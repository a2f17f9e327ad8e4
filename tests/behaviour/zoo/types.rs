//! The types that PostgreSQL has, with values at their edges.

/// A type, from which version on there is one, the extension that it is of, and values as PostgreSQL reads them.
pub(super) struct Animal {
    pub(super) name: &'static str,
    pub(super) since: u32,
    pub(super) extension: Option<&'static str>,
    pub(super) values: &'static [&'static str],
}

const fn of(name: &'static str, values: &'static [&'static str]) -> Animal {
    Animal { name, since: 10, extension: None, values }
}

const fn since(since: u32, name: &'static str, values: &'static [&'static str]) -> Animal {
    Animal { name, since, extension: None, values }
}

const fn from(extension: &'static str, name: &'static str, values: &'static [&'static str]) -> Animal {
    Animal { name, since: 10, extension: Some(extension), values }
}

/// Types whose binary form is known.
#[rustfmt::skip]
pub(super) const ZOO: &[Animal] = &[
    of("bool", &["t", "f"]),
    of("int2", &["0", "-32768", "32767"]),
    of("int4", &["0", "-2147483648", "2147483647"]),
    of("int8", &["-9223372036854775808", "9007199254740993"]),
    of("oid", &["0", "4294967295"]),
    of("float4", &["0", "-0", "1.5", "NaN", "Infinity", "-Infinity"]),
    since(12, "real", &["0.1", "1e-45", "3.4028235e38", "1e10", "16777217", "0.00001"]),
    of("float8", &["0", "-0", "1.5", "NaN", "Infinity", "-Infinity"]),
    since(12, "double precision", &["0.1", "5e-324", "1.7976931348623157e308", "1e15", "1e22", "-2.5e-7"]),
    of("numeric", &["0", "0.00", "-1.50", "12345678901234567890.123456789012345678900", "1e-40", "1e40", "NaN"]),
    since(14, "decimal", &["Infinity", "-Infinity"]),
    of("numeric(12,4)", &["0", "1", "-12345678.9012", "NaN"]),
    of("text", &["", " ", "a\tb\n\"\\é☃𝄞", "null", "NULL", "{}", "(,)", "[1,2)", "a,b", "'", "t", "0"]),
    of("varchar(9)", &["", "x\"y"]),
    of("char(4)", &["", "ab", "a\"  "]),
    of("name", &["", "pg name"]),
    of("\"char\"", &["", "a", "\"", "\\", " "]),
    of("bytea", &["", "\\x00ff5c22", "\\xdeadbeef"]),
    of("bit(3)", &["101", "000"]),
    of("varbit", &["", "1", "101010101", "11111111"]),
    of("date", &["1999-12-31", "0044-03-15 BC", "4714-11-24 BC", "5874897-12-31", "infinity", "-infinity"]),
    of("time", &["00:00:00", "24:00:00", "23:59:59.999999", "12:34:56.7"]),
    of("timetz", &["00:00:00+00", "24:00:00-15:59:59", "12:34:56.7+05:30", "01:02:03-07:52:58"]),
    of("timestamp", &["2024-02-29 12:00:00.5", "0044-03-15 01:02:03 BC", "294276-12-31 23:59:59.999999", "infinity", "-infinity"]),
    of("timestamp(0)", &["2024-02-29 12:00:00.5"]),
    of("timestamptz", &["2024-06-30 23:59:59.123456+02", "0001-01-01 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "infinity", "-infinity"]),
    of("interval", &["0", "1 year -2 days 03:04:05.678", "-00:00:01", "-1 years -2 mons +3 days -04:05:06.789", "1 mon -1 day", "178000000 years", "-178000000 years", "2147483647 days", "00:00:00.000001", "1 day 00:00:01"]),
    since(17, "interval", &["infinity", "-infinity"]),
    of("uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"]),
    of("json", &["null", "{\"b\": 1,  \"a\": [1.0, null], \"b\": 2}", "\"x\\\"y\"", " [ 1,\n\t2 ] ", "1e5", "{}"]),
    of("jsonb", &["null", "{\"b\": 1, \"a\": 1.50}", "\"x\\\"y\"", "[]", "1.0"]),
    since(12, "jsonpath", &["$", "strict $.\"a b\"[*] ? (@ > 1)"]),
    of("xml", &["<a>&amp;\"é\"</a>", "", "<?xml version=\"1.0\" standalone=\"yes\"?><a/>"]),
    of("point", &["(1.5,-2)", "(0,0)", "(NaN,Infinity)"]),
    of("line", &["{1,-1,0}", "{0.5,-1,2}"]),
    of("lseg", &["[(0,0),(1,1.5)]"]),
    of("box", &["(1,1),(0,0)", "(2.5,3),(-1,-2)"]),
    of("path", &["((0,0),(1,1),(2,0))", "[(0,0),(1,1.5)]"]),
    of("polygon", &["((0,0),(1,1),(2,0))", "((0.5,0.5))"]),
    of("circle", &["<(1,2),3>", "<(0,0),0.5>"]),
    of("inet", &["10.0.0.1/8", "192.168.1.5", "0.0.0.0/0", "::1", "2001:db8::1:0:0:1/64", "::ffff:1.2.3.4", "::", "1:2:3:4:5:6:7:8", "fe80::1/10"]),
    of("cidr", &["10.0.0.0/8", "192.168.1.5/32", "0.0.0.0/0", "::/0", "2001:db8::/32", "::1/128"]),
    of("macaddr", &["08:00:2b:01:02:03", "00:00:00:00:00:00"]),
    of("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    of("tsvector", &["", "a:1 b:2A,3B c", "'it''s' 'a b':4C 'back\\\\slash'", "'é':16383"]),
    of("tsquery", &["", "a & b | !c", "!(a | b) & c:*A", "'it''s' <-> b <3> 'c d':AB", "a & (b | (c & !d))"]),
    of("pg_lsn", &["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"]),
    of("xid", &["0", "4294967295"]),
    since(13, "xid8", &["0", "18446744073709551615"]),
    of("cid", &["7"]),
    of("tid", &["(0,1)", "(4294967295,65535)"]),
    since(13, "pg_snapshot", &["10:20:10,14,15", "1:1:"]),
    of("txid_snapshot", &["10:20:10,14,15", "1:1:"]),
    of("int2vector", &["", "1 -2 3"]),
    of("oidvector", &["", "1 4294967295"]),
    of("refcursor", &["a cursor"]),
    of("int4range", &["empty", "[1,5)", "(,)", "[1,)"]),
    of("int8range", &["[1,9223372036854775807)"]),
    of("numrange", &["[1.50,2.00]", "(-1.5,)"]),
    of("tsrange", &["[2024-02-29 12:00:00.5,infinity]", "(2024-01-01,)"]),
    of("tstzrange", &["[2020-01-01 00:00+00,)", "(,2024-06-30 12:00:00+02]"]),
    of("daterange", &["[2024-02-29,2024-03-01)", "[-infinity,infinity]"]),
    since(14, "int4multirange", &["{}", "{[1,3),[5,7)}", "{(,1),[10,)}"]),
    since(14, "nummultirange", &["{[1.5,2.5],(3,4]}"]),
    since(14, "tstzmultirange", &["{[2024-02-29 12:00+00,2024-02-29 13:00+00),[2025-01-01 00:00+00,)}"]),
    of("mood", &["sad", "it's \"ok\"", "a,b", "NULL"]),
    of("textrange", &["[a,b]", "[\"(a,\\\"b\",c)", "(,\"\"]", "empty"]),
    of("floatrange", &["[1.5,NaN]"]),
    since(11, "year", &["2024"]),
    since(11, "years", &["{2024,NULL}", "{}"]),
    of("pair", &["(1,x)", "(,)", "(2,\"a \"\"b\"\" \\\\ ,()\")", "(3,\"\")"]),
    of("nested", &["(\"(1,x)\",\"{\"\"(2,\\\\\"\"y z\\\\\"\")\"\",NULL}\",\"{1.5,NULL}\",,2024)", "(,,,,)"]),
    of("row_of_table", &["(1,a,2024-02-29)"]),
    from("citext", "citext", &["", "MiXed \"é\""]),
    from("hstore", "hstore", &["", "a=>1, b=>NULL, \"c d\"=>\"x\\\"y\"", "\"\"=>\"\""]),
    Animal { name: "ltree", since: 13, extension: Some("ltree"), values: &["", "Top.Science.Astronomy"] },
    Animal { name: "lquery", since: 13, extension: Some("ltree"), values: &["Top.*{1,2}.!x@"] },
    Animal { name: "ltxtquery", since: 13, extension: Some("ltree"), values: &["a & (b | c*)"] },
    from("postgis", "geometry", &["POINT(1.5 -2)", "SRID=4326;POINT(1.123456789012 2)", "LINESTRING(0 0,1 1,2 0)", "POINT EMPTY",
        "POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))", "MULTIPOINT((0 0),(1 2))", "SRID=3857;POINT Z(1 2 3)", "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))"]),
    from("vector", "vector", &["[1,2.5,-3]", "[1e-7,3.4e38,0.1]"]),
    from("vector", "halfvec", &["[1,2.5,-3]", "[65504,0.1]"]),
    from("vector", "sparsevec", &["{1:1.5,3:2}/5", "{}/3"]),
    from("postgis", "geography", &["POINT(1.5 -2)", "LINESTRING(0 0,1 1)"]),
];

/// Types that are carried as their text.
#[rustfmt::skip]
pub(super) const TEXTS: &[Animal] = &[
    of("money", &["12.34", "-0.01", "1234567.89"]),
    of("regclass", &["pg_class", "-", "public.mood_table", "\"odd name\""]),
    of("regproc", &["now", "-"]),
    of("regprocedure", &["sum(integer)"]),
    of("regoper", &["||/"]),
    of("regoperator", &["+(integer,integer)"]),
    of("regtype", &["integer", "mood", "integer[]", "year"]),
    of("regnamespace", &["pg_catalog"]),
    of("regrole", &["postgres"]),
    of("regconfig", &["english"]),
    of("regdictionary", &["simple"]),
    since(13, "regcollation", &["\"C\""]),
    of("aclitem", &["postgres=r/postgres"]),
    Animal { name: "ltree", since: 10, extension: Some("ltree"), values: &["Top.Science"] },
];

/// What the types of users in the zoo are made of.
pub(super) const MADE: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'a,b', 'NULL');
    CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
    CREATE TYPE floatrange AS RANGE (subtype = float8);
    CREATE DOMAIN year AS int CHECK (value > 1900);
    CREATE DOMAIN years AS int[];
    CREATE TYPE pair AS (a int, "B ""b" text);
    CREATE TYPE nested AS (p pair, ps pair[], ns numeric[], gone int, t timestamptz, y year);
    ALTER TYPE nested DROP ATTRIBUTE gone;
    CREATE TABLE row_of_table (id int, t text, d date);
    CREATE TABLE mood_table (id int);
    CREATE TABLE "odd name" (id int)"#;
