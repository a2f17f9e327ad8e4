-- Makes text_search.tsv: what a real server gives for tsvector and tsquery.
--
--     psql -X -q -f text_search.sql postgres > text_search.tsv
--
-- on a server of PostgreSQL 14 or later with a database in UTF-8 (text_search.tsv is of 15).

\ir prepare.sql

SET client_min_messages = warning;

INSERT INTO input (type, value)
SELECT 'tsvector', unnest(ARRAY['', 'a', 'fat cat rat', 'a:1 fat:2A,4 cat:3B rat:5C,6D', '''it''''s'' ''a b'' ''c\\d'' '':'' '',''',
  E'''line\nbreak'' ''tab\t''', 'žluťoučký:1 𝄞:16383A 日本:16384', 'a:3,1,2A', '''"quoted"'':1', 'a:1A,2B,3C,4'])
UNION ALL SELECT 'tsvector', (SELECT string_agg(format('w%s:%s', n, n), ' ') FROM generate_series(1, 300) n)
UNION ALL SELECT 'tsvector', (SELECT 'w:' || string_agg(n::text, ',') FROM generate_series(1, 255) n)
UNION ALL SELECT 'tsquery', unnest(ARRAY['', 'a', 'a & b', 'a | b', '!a', '!!a', 'a <-> b', 'a <0> b', 'a <2> b', 'a <16384> b',
  'a:*', 'a:ABCD', 'a:DB*', 'a & b & c', 'a | b | c', 'a & b | c', 'a | b & c', '(a | b) & c', '!(a | b) & !c', '!(a & !(b | !c))',
  'a <-> b <-> c', 'a <-> (b <-> c)', 'a <-> (b & c)', '(a | b) <2> !c', '!(a <-> b)', 'a & (b <-> c) | d', '(a <-> b) <3> (c <-> d)',
  '''it''''s'' & ''a b'' & ''c\\d''', '''(a & b)'' | ''!''', 'žluťoučký:*A & 𝄞', E'''line\nbreak''', '(a & b) & (c & d)', '(a | b) | (c | d)',
  '((a | b) & (c | d)) | ((e & f) <-> (g | h))'])
UNION ALL SELECT 'tsquery', repeat('!(', 300) || 'a' || repeat(')', 300)
UNION ALL SELECT 'tsquery', repeat('!(a & ', 300) || 'b' || repeat(')', 300)
UNION ALL SELECT 'tsquery', repeat('a <-> (', 300) || 'b' || repeat(')', 300)
UNION ALL SELECT 'tsquery', 'a' || repeat(' | b', 300)
UNION ALL SELECT 'tsvector[]', '{"''a'':1 ''b,c'':2A",NULL,""}'
UNION ALL SELECT 'tsquery[]', '{"''a'' & ''b''",NULL}';

\ir output.sql
