-- Makes geometric.tsv: what a real server gives for points and what is made of them.
--
--     psql -X -q -f geometric.sql postgres > geometric.tsv
--
-- on a server of PostgreSQL 14 or later with a database in UTF-8 (geometric.tsv is of 15).

\ir prepare.sql

INSERT INTO input (type, value)
SELECT 'point', unnest(ARRAY['(0,0)', '(1.5,-2)', '(NaN,NaN)', '(Infinity,-Infinity)', '(-0,0)', '(1e300,1e-300)', '(0.1,1e15)', '(1e23,123456.789)',
  '(5e-324,1.7976931348623157e308)', '(NaN,1)'])
UNION ALL SELECT 'line', unnest(ARRAY['{1,-1,0.5}', '{0,1,-Infinity}', '{NaN,1,2}', '{-1e-5,0,1e15}'])
UNION ALL SELECT 'lseg', unnest(ARRAY['[(0,0),(1,2)]', '[(-1.5,1e20),(NaN,Infinity)]', '[(1,1),(1,1)]'])
UNION ALL SELECT 'box', unnest(ARRAY['(3,4),(1,2)', '(1,2),(3,4)', '(1,4),(3,2)', '(0,0),(0,0)', '(Infinity,NaN),(-Infinity,1)', '(0.1,0.2),(-0.1,-0.2)'])
UNION ALL SELECT 'path', unnest(ARRAY['[(0,0),(1,2),(3,0)]', '((0,0),(1,2),(3,0))', '[(1,2)]', '((1,2))', '((NaN,-0),(Infinity,1e-7))'])
UNION ALL SELECT 'polygon', unnest(ARRAY['((0,0),(1,2),(3,0))', '((1,2))', '((-1.5,2e20),(0,0))'])
UNION ALL SELECT 'circle', unnest(ARRAY['<(1,2),0.5>', '<(0,0),0>', '<(-1e20,Infinity),NaN>', '<(0.1,0.2),Infinity>'])
UNION ALL SELECT 'point[]', unnest(ARRAY['{}', '{"(1,2)","(3,4)",NULL}'])
UNION ALL SELECT 'line[]', '{"{1,-1,0.5}"}'
UNION ALL SELECT 'lseg[]', '{"[(0,0),(1,2)]"}'
UNION ALL SELECT 'box[]', unnest(ARRAY['{}', '{(3,4),(1,2)}', '{(3,4),(1,2);NULL;(0,0),(0,0)}', '{{(1,1),(0,0)};{(2,2),(0,0)}}', '[0:1]={(1,1),(0,0);(2,2),(0,0)}'])
UNION ALL SELECT 'path[]', '{"[(0,0),(1,2)]","((1,2))"}'
UNION ALL SELECT 'polygon[]', '{"((0,0),(1,2),(3,0))"}'
UNION ALL SELECT 'circle[]', '{"<(1,2),0.5>"}';

\ir output.sql
