-- Makes containers.tsv: what a real server gives for arrays, ranges and multiranges of built-in types.
--
--     psql -X -q -f containers.sql postgres > containers.tsv
--
-- on a server of PostgreSQL 14 or later with a database in UTF-8 (containers.tsv is of 15; 18 gives the same).

\ir prepare.sql

INSERT INTO input (type, value)
SELECT 'int4[]', unnest(ARRAY['{}', '{1}', '{1,NULL,-3}', '{NULL}', '{{1,2},{3,NULL}}', '{{{1},{2}},{{3},{4}}}',
  '[0:1]={1,2}', '[-2:-1][3:4]={{1,2},{3,4}}', '[5:5]={NULL}', '[1:2]={7,8}', '{{{{{{1,2}}}}}}'])
UNION ALL SELECT 'text[]', unnest(ARRAY['{}', '{a,b}', '{""}', '{NULL,"NULL","null",Null}', '{"a b","c\"d","e\\f","{g}","h,i"," ",";"}',
  E'{"\n","\t","\v"}', '{"žluťoučký 𝄞 日本"}', '{{"a,",b},{"}","\""}}', '{"(1,2)",[3,"it''s"}', '[2:3]={x,"y z"}'])
UNION ALL SELECT 'varchar[]', '{abc,"d e"}'
UNION ALL SELECT 'bool[]', '{t,f,NULL}'
UNION ALL SELECT 'bytea[]', '{"\\xdead","\\x"}'
UNION ALL SELECT 'int2[]', '{1,-2}'
UNION ALL SELECT 'int8[]', '{9223372036854775807}'
UNION ALL SELECT 'oid[]', '{1,4294967295}'
UNION ALL SELECT 'float4[]', '{NaN,Infinity,-0,1.5}'
UNION ALL SELECT 'float8[]', '{NaN,-Infinity,0.1,1e-7}'
UNION ALL SELECT 'numeric[]', '{1.50,NaN,-0.001,Infinity}'
UNION ALL SELECT 'date[]', '{2024-02-29,"0044-03-15 BC",infinity}'
UNION ALL SELECT 'time[]', '{24:00:00}'
UNION ALL SELECT 'timestamp[]', '{"2024-02-29 12:00:00.5",-infinity,"0044-03-15 01:02:03 BC"}'
UNION ALL SELECT 'timestamptz[]', '{"2024-02-29 12:00:00.5+00",infinity}'
UNION ALL SELECT 'uuid[]', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}'
UNION ALL SELECT 'json[]', E'{"{\\"a\\": [1,\\"b\\"]}","null",NULL}'
UNION ALL SELECT 'jsonb[]', E'{"{\\"a\\": [1,\\"b\\"]}","null",NULL}'
UNION ALL SELECT 'xml[]', '{"<a b=\"c\"/>"}'
UNION ALL SELECT 'xml', unnest(ARRAY['<a>é</a>', '<?xml version="1.0" standalone="yes"?><a/>', 'text only', E'<a>\n</a>'])
UNION ALL SELECT 'jsonpath', unnest(ARRAY['$', '$."a b"[*]?(@ > 1)', 'strict $.x'])
UNION ALL SELECT 'refcursor', 'c"1'
UNION ALL SELECT 'int4range', unnest(ARRAY['empty', '[1,5)', '(,)', '[1,)', '(,5)'])
UNION ALL SELECT 'int8range', '[1,9223372036854775807)'
UNION ALL SELECT 'numrange', unnest(ARRAY['[1.50,2.00]', '(NaN,)', '(-1.5,1)', '[0,Infinity]'])
UNION ALL SELECT 'daterange', unnest(ARRAY['[2024-02-29,2024-03-01)', '[-infinity,infinity]', '["0044-03-15 BC",)'])
UNION ALL SELECT 'tsrange', unnest(ARRAY['["2024-02-29 12:00:00.5",infinity]', '("2024-01-01 00:00:00",)'])
UNION ALL SELECT 'tstzrange', unnest(ARRAY['["2024-02-29 12:00:00+00","2024-02-29 13:00:00+00")', '(,"0044-03-15 01:02:03+00 BC"]'])
UNION ALL SELECT 'int4multirange', unnest(ARRAY['{}', '{[1,3),[5,7)}', '{(,1),[10,)}'])
UNION ALL SELECT 'nummultirange', '{[1.5,2.5],(3,4]}'
UNION ALL SELECT 'tstzmultirange', '{["2024-02-29 12:00:00+00","2024-02-29 13:00:00+00"),["2025-01-01 00:00:00+00",)}'
UNION ALL SELECT 'tsmultirange', '{["2024-02-29 12:00:00","2024-02-29 13:00:00.25")}'
UNION ALL SELECT 'datemultirange', '{[2024-02-29,2024-03-01),[2025-01-01,)}'
UNION ALL SELECT 'int8multirange', '{[1,2)}'
UNION ALL SELECT 'int4range[]', '{"[1,5)",empty,NULL}'
UNION ALL SELECT 'tsrange[]', '{"[\"2024-02-29 12:00:00\",)"}'
UNION ALL SELECT 'int4multirange[]', '{"{[1,3),[5,7)}","{}"}';

\ir output.sql
