-- Version 3: behind `decoded.sql`.
CREATE FUNCTION literal(c mine.cell) RETURNS text LANGUAGE sql AS $body$
    SELECT CASE WHEN c.value IS NULL THEN 'null'
        -- Quotes of text stand four times.
        WHEN c.type IN ('text', 'character varying', 'character')
        THEN '''' || replace(substr(c.value, 2, length(c.value) - 2), '''''', '''''''''') || ''''
        ELSE c.value END
$body$;

-- The key, or the whole row; NULLs are not in what it was decoded from.
CREATE FUNCTION condition(relation text, cells mine.cell[]) RETURNS text LANGUAGE sql AS $body$
    SELECT string_agg(a.name || CASE WHEN c.value IS NULL THEN ' is null' ELSE '=' || mine.literal(c) END, ' AND ' ORDER BY a.n)
    FROM (SELECT quote_ident(attname) AS name, attnum AS n FROM pg_attribute
          WHERE attrelid = relation::regclass AND attnum > 0 AND NOT attisdropped) a
    LEFT JOIN unnest(cells) c ON c.name = a.name
    WHERE a.name = ANY (coalesce(mine.key_of(relation::regclass), ARRAY[a.name]))
$body$;

CREATE FUNCTION walminer_by_lsn(startlsn pg_lsn, endlsn pg_lsn, fsearch bool DEFAULT 'false', reloid oid DEFAULT 0,
                                tempresult bool DEFAULT 'false')
RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    mined mine.change[];
BEGIN
    -- Decoded first: what is being decoded has its own idea of a table that was emptied in this transaction.
    mined := mine.decoded(endlsn, format('$1 >= %L::pg_lsn', startlsn));
    IF to_regclass('mine.walminer_contents') IS NULL THEN
        CREATE UNLOGGED TABLE mine.walminer_contents (sqlno int, xid bigint, topxid bigint, sqlkind int, minerd bool,
            timestamp timestamptz, op_text text, undo_text text, complete bool, schema text, relation text,
            start_lsn pg_lsn, commit_lsn pg_lsn);
    END IF;
    TRUNCATE mine.walminer_contents;
    INSERT INTO mine.walminer_contents
        SELECT d.number, d.xid, 0, CASE d.verb WHEN 'INSERT' THEN 1 WHEN 'UPDATE' THEN 2 ELSE 3 END, true, d.at,
            coalesce(s.op_text, CASE d.verb
                WHEN 'INSERT' THEN format('INSERT INTO %s(%s) VALUES(%s)', t.name,
                    (SELECT string_agg(c.name, ' ,') FROM unnest(d.new) c), (SELECT string_agg(mine.literal(c), ' ,') FROM unnest(d.new) c))
                WHEN 'UPDATE' THEN format('UPDATE %s SET %s WHERE %s', t.name,
                    (SELECT string_agg(c.name || '=' || mine.literal(c), ', ') FROM unnest(d.new) c),
                    mine.condition(t.name, coalesce(d.old, d.new)))
                ELSE format('DELETE FROM %s WHERE %s', t.name, mine.condition(t.name, d.old)) END),
            NULL, true, d.schema, d.relation, d.lsn, d.commit_lsn
        FROM unnest(mined) d LEFT JOIN mine.spoilt s ON s.xid = d.xid,
            LATERAL (SELECT d.schema || '.' || d.relation AS name) t;
    RETURN 'pg_minerwal success';
END
$body$;

CREATE FUNCTION walminer_stop() RETURNS text LANGUAGE sql AS $body$ SELECT 'walminer stoped!'::text $body$;
