-- Makes time.tsv: what a real server gives for times with an offset, intervals and bits.
--
--     psql -X -q -f time.sql postgres > time.tsv
--
-- on a server of PostgreSQL 14 or later with a database in UTF-8 (time.tsv is of 15).

\ir prepare.sql
SET intervalstyle = 'postgres';

INSERT INTO input (type, value)
SELECT 'timetz', unnest(ARRAY['12:34:56.7+05:30', '01:02:03-07:52:58', '00:00:00+00', '24:00:00+15:59:59', '24:00:00-15:59:59',
  '00:00:00.000001-12', '23:59:59.999999+14', '12:00:00+00:00:01', '12:00:00-00:30'])
UNION ALL SELECT 'interval', unnest(ARRAY['0', '1 year 2 mons -3 days +04:05:06.7', '-1 year +2 days -3 sec', '1 mon', '-1 mon', '1 year', '-1 year',
  '1 day', '-1 day', '2 years 2 mons 2 days', '-1 day +1 sec', '1 day -1 sec', '-1 mon +1 day', '-1 mon +1 day 1 sec', '-1 mon -1 day +1 sec',
  '1 mon -1 day', '1 mon -1 day 1 sec', '11 mons', '12 mons', '13 mons', '-13 mons', '178000000 years', '-178000000 years',
  '178956970 years 7 mons', '-178956970 years -8 mons', '2147483647 days', '-2147483648 days', '2562047788:00:54.775807',
  '-2562047788:00:54.775807', '00:00:00.000001', '-00:00:00.000001', '-00:00:00.5', '00:00:59.99', '99:59:59.999999', '100:00:00', '100:05:00.1',
  '-100:00:00', '1000:00:00', '12345:06:07', '9 days 23:59:59.999999', '-0.1 sec', '24:00:00', '1 year 24:00:00', '-1 year 1 mon',
  '178956970 years 7 mons 2147483647 days 2562047788:00:54.775806'])
UNION ALL SELECT 'interval(0)', '1.6 sec'
UNION ALL SELECT 'interval[]', unnest(ARRAY['{}', '{00:00:00,"1 day",NULL,"-1 mons +1 day -00:00:01"}', '{{"1 year"},{01:00:00}}'])
UNION ALL SELECT 'timetz[]', '{12:34:56.7+05:30,NULL}'
UNION ALL SELECT 'varbit', unnest(ARRAY['', '0', '1', '10101010', '101010101', '0000000', '11111111', '1111111111111111', '00000000000000001',
  '101100111000111100001111100000111111000000111111100000001111111'])
UNION ALL SELECT 'bit(1)', '1'
UNION ALL SELECT 'bit(11)', '10000000001'
UNION ALL SELECT 'bit(64)', repeat('10', 32)
UNION ALL SELECT 'varbit[]', '{"",1,010,NULL}'
UNION ALL SELECT 'bit(3)[]', '{101,010}';

\ir output.sql
