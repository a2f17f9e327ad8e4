-- Makes pgvector.tsv: what a real server gives for the types of pgvector.
--
--     psql -X -q -f pgvector.sql postgres > pgvector.tsv
--
-- on a server of PostgreSQL 13 or later with pgvector 0.7 or later (pgvector.tsv is of 15 and 0.8).

\ir prepare.sql

CREATE EXTENSION IF NOT EXISTS vector;

INSERT INTO input (type, value)
SELECT 'vector', unnest(ARRAY['[1,2.5,-3]','[0]','[1e-7,3.4e38,0.1]','[-0,1e20]'])
UNION ALL SELECT 'halfvec', unnest(ARRAY['[1,2.5,-3]','[65504,0.1,6e-8]','[0.333,-0]'])
UNION ALL SELECT 'sparsevec', unnest(ARRAY['{1:1.5,3:2}/5','{}/3','{2:-0.1}/2']);
\ir output.sql
