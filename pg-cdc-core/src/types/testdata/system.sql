-- Makes system.tsv: what a real server gives for the types that it tells of itself with.
--
--     psql -X -q -f system.sql postgres > system.tsv
--
-- on a server of PostgreSQL 14 or later with a database in UTF-8 (system.tsv is of 15).

\ir prepare.sql

INSERT INTO input (type, value)
SELECT 'pg_lsn', unnest(ARRAY['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF', '1/A', '0/ABCDEF01'])
UNION ALL SELECT 'xid', unnest(ARRAY['0', '3', '4294967295'])
UNION ALL SELECT 'cid', unnest(ARRAY['0', '4294967295'])
UNION ALL SELECT 'xid8', unnest(ARRAY['0', '4294967296', '18446744073709551615'])
UNION ALL SELECT 'tid', unnest(ARRAY['(0,1)', '(4294967295,65535)', '(0,0)'])
UNION ALL SELECT 'pg_snapshot', unnest(ARRAY['10:20:', '10:20:10,14', '10:10:', '1:9223372036854775807:2'])
UNION ALL SELECT 'txid_snapshot', unnest(ARRAY['10:20:', '10:20:10,14,15'])
UNION ALL SELECT 'int2vector', unnest(ARRAY['', '1', '1 2 -3', '-32768 32767'])
UNION ALL SELECT 'oidvector', unnest(ARRAY['', '1', '1 2 4294967295'])
UNION ALL SELECT 'int2vector[]', unnest(ARRAY['{}', '{"1 2",3,NULL}'])
UNION ALL SELECT 'oidvector[]', '{"1 2",3}'
UNION ALL SELECT 'pg_lsn[]', '{0/0,16/B374D848}'
UNION ALL SELECT 'xid[]', '{1,4294967295}'
UNION ALL SELECT 'cid[]', '{1}'
UNION ALL SELECT 'xid8[]', '{18446744073709551615,NULL}'
UNION ALL SELECT 'tid[]', '{"(0,1)"}'
UNION ALL SELECT 'pg_snapshot[]', '{10:20:,"10:20:10,14"}'
UNION ALL SELECT 'txid_snapshot[]', '{10:20:}';

\ir output.sql
