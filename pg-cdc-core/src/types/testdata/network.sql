-- Makes network.tsv: what a real server gives for addresses.
--
--     psql -X -q -f network.sql postgres > network.tsv
--
-- on a server of PostgreSQL 14 or later with a database in UTF-8 (network.tsv is of 15).

\ir prepare.sql

INSERT INTO input (type, value)
SELECT 'inet', unnest(ARRAY['0.0.0.0', '0.0.0.0/0', '10.1.2.3', '10.1.2.3/8', '255.255.255.255/31', '192.168.0.1/32', '::', '::/0', '::1', '::2',
  '::1.2.3.4', '::1.2.3.4/96', '::ffff:1.2.3.4', '::ffff:0:0/96', '::fffe:1.2.3.4', '::1:0', '::1:2', '1::', '1::2', '1:0:0:2::3', '1:0:0:2:0:0:3:4',
  '1:2:0:3:4:5:6:7', '1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:0', '0:1:2:3:4:5:6:7', '0:0:1::/48', '0:0:0:1::', '::1:2:3:4', '::ffff:0:0:1', '::ffff:1:2:3',
  'fe80::1:2/64', '2001:db8:85a3::8a2e:370:7334', '2001:0DB8::ABCD/128', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127', '1:2:3:4:5:6:7:8'])
UNION ALL SELECT 'cidr', unnest(ARRAY['0.0.0.0/0', '10.0.0.0/8', '10.1.2.3/32', '10', '192.168.100.128/25', '::/0', '2001:db8::/32', '::ffff:1.2.3.0/120', '::1/128',
  '2001:4f8:3:ba:2e0:81ff:fe22:d1f1'])
UNION ALL SELECT 'macaddr', unnest(ARRAY['08:00:2b:01:02:03', '08-00-2B-01-02-03', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'])
UNION ALL SELECT 'macaddr8', unnest(ARRAY['08:00:2b:ff:fe:01:02:03', '08:00:2b:01:02:03', 'ff:ff:ff:ff:ff:ff:ff:ff'])
UNION ALL SELECT 'inet[]', unnest(ARRAY['{}', '{10.1.2.3,::1,NULL}', '{{10.0.0.0/8},{fe80::1/64}}'])
UNION ALL SELECT 'cidr[]', '{10.0.0.0/8,10.1.2.3/32}'
UNION ALL SELECT 'macaddr[]', '{08:00:2b:01:02:03}'
UNION ALL SELECT 'macaddr8[]', '{08:00:2b:ff:fe:01:02:03}';

\ir output.sql
