-- Makes scalars.tsv: what a real server gives for the values of the common scalar types (output.sql says in what form).
--
--     psql -X -q -f scalars.sql postgres > scalars.tsv
--
-- on a server of PostgreSQL 12 or later with a database in UTF-8 (scalars.tsv is of 15; 18 gives the same).

\ir prepare.sql

INSERT INTO input (type, value)
SELECT 'bool', unnest('{t,f}'::text[])
UNION ALL SELECT 'int2', unnest('{0,1,-1,32767,-32768,12345}'::text[])
UNION ALL SELECT 'int4', unnest('{0,1,-1,2147483647,-2147483648,1000000}'::text[])
UNION ALL SELECT 'int8', unnest('{0,1,-1,9223372036854775807,-9223372036854775808,9007199254740993}'::text[])
UNION ALL SELECT 'oid', unnest('{0,1,2147483648,4294967295}'::text[])
UNION ALL SELECT 'float4', unnest('{0,-0,NaN,Infinity,-Infinity,1,-1.5,0.1,123456,999999,1000000,1234567,0.0001,0.00001,
  1e-45,1.17549435e-38,3.4028235e38,16777216,16777217,33554432,8589934592,0.3,1e10,-2.5e-7}'::text[])
UNION ALL SELECT 'float8', unnest('{0,-0,NaN,Infinity,-Infinity,1,-1.5,0.1,0.3,100000000000000,999999999999999,
  1000000000000000,1234567890123456,9007199254740992,9007199254740993,0.0001,0.00001,5e-324,1e-323,
  2.2250738585072014e-308,1.7976931348623157e308,1e22,1e23,-1e23,5.684341886080801e-14,9.5367431640625e-07,
  36028797018963966,18014398509481984,2.718281828459045,123456.789,-2.5e-7}'::text[])
UNION ALL SELECT 'float8', '1e' || k FROM generate_series(-323, 308, 3) k
UNION ALL SELECT 'float4', '1e' || k FROM generate_series(-44, 38) k
UNION ALL SELECT 'numeric', unnest('{0,0.00,-0,-0.0,1,-1,1.50,10,100,10000,100000000,0.1,0.0001,0.00001,0.00010000,
  -1234567.8900,12345678901234567890.123456789012345678900,99999999,9999.9999,-0.00012,NaN,Infinity,-Infinity,
  1e40,1e-40,-5e-400,1e400,123456789012345678901234567890123456789012345678901234567890}'::text[])
UNION ALL SELECT 'numeric(12,4)', unnest('{0,1,-1.5,12345678.9012}'::text[])
UNION ALL SELECT 'numeric', (CASE k % 2 WHEN 0 THEN '' ELSE '-' END) || repeat('9', k) || '.' || repeat('12', k)
  FROM generate_series(1, 40) k
UNION ALL SELECT 'text', unnest(ARRAY['', 'plain', 'it''s "quoted"', E'a\\b/c', E'\b\f\n\r\t\x01\x1f\x7f', 'žluťoučký 𝄞 日本',
  E'\u2028\u2029\ufeff', 'null', E'0123456789012345678901234567890"', repeat('x', 100) || E'\n' || repeat('y', 100)])
UNION ALL SELECT 'varchar(20)', unnest(ARRAY['', 'varying', 'é"'])
UNION ALL SELECT 'bpchar(6)', unnest(ARRAY['', 'ab', 'é'])
UNION ALL SELECT 'name', unnest(ARRAY['', 'Order Items', 'a"b'])
UNION ALL SELECT '"char"', unnest(ARRAY['', 'a', '"', E'\\', E'\n', E'\x7f'])
UNION ALL SELECT 'bytea', unnest(ARRAY['', '\x00', '\xdeadbeef', '\x0123456789abcdef', '\x22275c0a'])
UNION ALL SELECT 'date', unnest('{2000-01-01,1970-01-01,2024-02-29,1999-12-31,0001-01-01,0001-12-31 BC,4714-11-24 BC,
  0044-03-15 BC,9999-12-31,10000-01-01,99999-01-01,123456-07-08,5874897-12-31,infinity,-infinity}'::text[])
UNION ALL SELECT 'time', unnest('{00:00:00,24:00:00,23:59:59.999999,12:34:56.7,00:00:00.000001,01:02:03.04}'::text[])
UNION ALL SELECT t, unnest('{2000-01-01 00:00:00,1999-12-31 23:59:59.999999,2024-02-29 12:00:00,2024-02-29 12:34:56.7,
  1970-01-01 00:00:00,0001-01-01 00:00:00,0001-12-31 23:59:59.999999 BC,0044-03-15 01:02:03.4 BC,4714-11-24 00:00:00 BC,
  9999-12-31 23:59:59.999999,10000-01-01 00:00:00,294276-12-31 23:59:59.999999,2024-01-01 00:00:00.000001,
  infinity,-infinity}'::text[]) FROM unnest('{timestamp,timestamptz}'::text[]) t
UNION ALL SELECT 'uuid', unnest('{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff,
  a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'::text[])
UNION ALL SELECT t, unnest(ARRAY['null', 'true', '0', '-1.50e+10', '""', '"a\"b\\c\u00e9é"', '[]', '{}', '[1, [2, {"a": null}]]',
  '{"b": 1.50, "a": {"c": []}, "b": 2}', E'{"line\\nbreak" :\n\t[1,\r\n 2] }'])
  FROM unnest('{json,jsonb}'::text[]) t;

-- Powers of two: by doubling and halving, which are exact.
WITH RECURSIVE up (k, v) AS (SELECT 0, 1::float8 UNION ALL SELECT k + 1, v * 2 FROM up WHERE k < 1023),
  down (k, v) AS (SELECT 0, 1::float8 UNION ALL SELECT k + 1, v / 2 FROM down WHERE k < 1074)
INSERT INTO input (type, value)
SELECT 'float8', v::text FROM up WHERE k % 7 = 0 OR k IN (53, 54, 1023)
UNION ALL SELECT 'float8', v::text FROM down WHERE k % 7 = 0 OR k IN (44, 1022, 1073, 1074);

\ir output.sql
