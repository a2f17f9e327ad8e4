-- walminer, played by the server's own decoding: functions of its names and signatures give what it would, in its words,
-- for the log that they are told to mine, and nothing of what lies before. No release of it builds against the servers
-- that tests run on. Its words are those that `pg-cdc-testkit` prints, of a few types. The slot `walminer_of_` and the
-- database's name must be there.
CREATE SCHEMA mine;
SET search_path = mine;

-- Transactions whose statements it can't restore, and what it prints instead.
CREATE TABLE spoilt (xid bigint, op_text text);

-- One column's name, type and value, as test_decoding prints it: NULL where it is null.
CREATE TYPE cell AS (name text, type text, value text);
CREATE TYPE change AS (
    lsn pg_lsn, xid bigint, commit_lsn pg_lsn, at timestamptz, number int, schema text, relation text, verb text,
    old cell[], new cell[]
);

CREATE FUNCTION cells(line text) RETURNS cell[] LANGUAGE sql AS $body$
    SELECT array_agg((m[1], m[2], CASE m[3] WHEN 'null' THEN NULL ELSE m[3] END)::mine.cell ORDER BY n)
    FROM regexp_matches(line, '([^ ]+)\[([^\]]*(?:\[\])?)\]:(''(?:[^'']|'''')*''|[^ ]+)', 'g') WITH ORDINALITY AS r (m, n)
$body$;

CREATE FUNCTION key_of(relation regclass) RETURNS text[] LANGUAGE sql AS $body$
    SELECT array_agg(quote_ident(a.attname)) FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = relation AND i.indisprimary
$body$;

-- What was committed up to `upto`, in that order: each transaction as far as it was written in what is mined.
CREATE FUNCTION decoded(upto pg_lsn, is_mined text) RETURNS mine.change[] LANGUAGE plpgsql AS $body$
DECLARE
    line record;
    held mine.change[];
    was mine.change;
    given mine.change[] := '{}';
    is_in bool;
    parts text[];
    rest text;
BEGIN
    FOR line IN SELECT c.lsn, c.xid::text::bigint AS xid, c.data FROM pg_logical_slot_peek_changes(
        'walminer_of_' || current_database(), NULL, NULL, 'include-timestamp', 'on', 'skip-empty-xacts', 'on') c
    LOOP
        IF line.data LIKE 'BEGIN%' THEN
            held := '{}';
        ELSIF line.data LIKE 'COMMIT%' THEN
            CONTINUE WHEN line.lsn > upto;
            FOREACH was IN ARRAY held LOOP
                was.commit_lsn := line.lsn;
                was.at := substring(line.data FROM '\(at (.*)\)')::timestamptz;
                given := given || was;
            END LOOP;
        ELSE
            parts := regexp_match(line.data, '^table ([^.]+)\.([^:]+): (INSERT|UPDATE|DELETE): (.*)$');
            CONTINUE WHEN parts IS NULL OR parts[1] = 'mine';
            EXECUTE 'SELECT ' || is_mined INTO STRICT is_in USING line.lsn;
            CONTINUE WHEN NOT is_in;
            rest := parts[4];
            held := held || ROW(line.lsn, line.xid, NULL, NULL, cardinality(held) + 1, parts[1], parts[2], parts[3],
                mine.cells(CASE WHEN rest LIKE 'old-key: %' THEN split_part(substr(rest, 10), ' new-tuple: ', 1)
                                WHEN parts[3] = 'DELETE' THEN rest END),
                mine.cells(CASE WHEN rest LIKE 'old-key: %' THEN split_part(rest, ' new-tuple: ', 2)
                                WHEN parts[3] <> 'DELETE' THEN rest END))::mine.change;
        END IF;
    END LOOP;
    RETURN given;
END
$body$;
