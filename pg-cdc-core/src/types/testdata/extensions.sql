-- Makes extensions.tsv: what a real server gives for the types of hstore, ltree and PostGIS.
--
--     psql -X -q -f extensions.sql postgres > extensions.tsv
--
-- on a server of PostgreSQL 14 or later that has these extensions, with a database in UTF-8 (extensions.tsv is of 15
-- with hstore 1.8, ltree 1.2, PostGIS 3.3).

\ir prepare.sql

SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE EXTENSION IF NOT EXISTS ltree;
CREATE EXTENSION IF NOT EXISTS postgis;

INSERT INTO input (type, value)
SELECT 'citext', unnest(ARRAY['', 'Ab c', E'"\\\n'])
UNION ALL SELECT 'hstore', unnest(ARRAY['', 'a=>1', 'a=>1, b=>NULL', '"a b"=>"c d", ""=>""', E'"q\\"k"=>"b\\\\s", "n"=>"NULL"',
  E'"line\nbreak"=>"tab\t", "=>"=>", "', 'bb=>1, a=>2, žluťoučký=>𝄞', 'a=>"1.50", t=>t, f=>f', 'a=>null'])
UNION ALL SELECT 'ltree', unnest(ARRAY['', 'Top', 'Top.Science.Astronomy', 'a_1.B2'])
UNION ALL SELECT 'lquery', unnest(ARRAY['*', 'Top.*{0,2}.sport*@.!football|tennis{1,}.Russ*|Spain', 'a.!b', '*{2}'])
UNION ALL SELECT 'ltxtquery', unnest(ARRAY['Europe & Russia*@ & !Transportation', 'a | (b & !c)', 'a%'])
-- One for each type, then empties, then dimensions.
UNION ALL SELECT 'geometry', unnest(ARRAY['POINT(1 2)', 'LINESTRING(0 0,1 1,2 1)', 'POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 1))',
  'MULTIPOINT(0 0,1 1)', 'MULTILINESTRING((0 0,1 1),(2 2,3 3))', 'MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))',
  'GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1),MULTIPOINT(1 1,2 2),POLYGON((0 0,1 0,1 1,0 0)))',
  'TRIANGLE((0 0,1 0,1 1,0 0))', 'TIN(((0 0,1 0,1 1,0 0)),((0 0,1 1,0 1,0 0)))',
  'POINT EMPTY', 'LINESTRING EMPTY', 'POLYGON EMPTY', 'MULTIPOINT EMPTY', 'MULTILINESTRING EMPTY', 'MULTIPOLYGON EMPTY',
  'GEOMETRYCOLLECTION EMPTY', 'TRIANGLE EMPTY', 'TIN EMPTY', 'POINT ZM EMPTY', 'SRID=4326;POINT Z EMPTY', 'MULTIPOINT(EMPTY)',
  'MULTIPOINT(EMPTY,EMPTY)', 'MULTILINESTRING(EMPTY,(0 0,1 1))', 'MULTIPOLYGON(EMPTY,((0 0,1 0,1 1,0 0)))',
  'GEOMETRYCOLLECTION(POINT EMPTY)', 'GEOMETRYCOLLECTION(POINT EMPTY,POINT(1 2))', 'GEOMETRYCOLLECTION(GEOMETRYCOLLECTION EMPTY)',
  'GEOMETRYCOLLECTION(TIN EMPTY)',
  'POINT Z(1 2 3)', 'POINT M(1 2 3)', 'POINT ZM(1 2 3 4)', 'LINESTRING Z(1 2 3,4 5 6)', 'POLYGON ZM((0 0 1 2,1 0 1 2,1 1 1 2,0 0 1 2))',
  'MULTIPOINT M(1 2 3,4 5 6)', 'GEOMETRYCOLLECTION Z(POINT Z(1 2 3),LINESTRING Z(1 2 3,4 5 6))', 'TIN Z(((0 0 0,0 0 1,0 1 0,0 0 0)))',
  'SRID=4326;POINT(-71.060316 48.432044)', 'SRID=3857;POINT(1 2)', 'SRID=2193;LINESTRING(0 0,1 1)', 'SRID=4305;POINT(1 2)',
  'SRID=104992;POINT(1 2)', 'SRID=900913;POINT(1 2)', 'SRID=990000;POINT(1 2)', 'SRID=1;POINT(1 2)',
  'SRID=32632;GEOMETRYCOLLECTION(POINT(1 1),MULTIPOINT(1 1))', 'SRID=26761;POINT Z(1 2 3)', 'SRID=32766;POINT(0 0)'])
-- Numbers around the bounds of their notations and roundings.
UNION ALL SELECT 'geometry', ST_MakePoint(v, -v)::text FROM unnest(ARRAY[0, 1e-8, 1.1e-8, 9.99e-9, 1e15, 999999999999999.9,
  1.0000000000000001e15, 123456789.123456789, 0.1, 1e-9, 1.2345678901234567e-9, 9.999999999999999e22, 1e22, 1e300, 5e-324,
  0.000123456789012345678, 9.9999999999999991e-9, 0.3, 100, 1e14, 12345678901234.567, 0.0000123456789012345, 1.0000000000000002,
  9.9999999999999982, 0.99999999999999989, 0.1234567890123455, 0.1234567890123465, 123456.78, 1.7976931348623157e308,
  9.9999999999999999e-9, 0.00000001234567890123456, 0.9999999999999995, 0.9999999999999985]::float8[]) v
UNION ALL SELECT 'geography', unnest(ARRAY['POINT(-71.060316 48.432044)', 'LINESTRING Z(0 0 1,1 1 2)', 'SRID=4267;POINT(1 2)',
  'POLYGON EMPTY', 'GEOMETRYCOLLECTION(POINT(1 1))']);

\ir output.sql
