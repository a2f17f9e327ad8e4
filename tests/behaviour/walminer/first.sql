-- Version 1: behind `decoded.sql`. Its tables have REPLICA IDENTITY FULL, for whole old rows are what it tells.
CREATE FUNCTION literal(c mine.cell) RETURNS text LANGUAGE sql AS $body$
    SELECT CASE WHEN c.value IS NULL THEN 'NULL' WHEN c.value = 'true' THEN '''t''' WHEN c.value = 'false' THEN '''f'''
        ELSE c.value END
$body$;

-- The whole old row; NULLs are not in what it was decoded from.
CREATE FUNCTION condition(relation text, cells mine.cell[]) RETURNS text LANGUAGE sql AS $body$
    SELECT string_agg('"' || a.attname || '"' || coalesce('=' || mine.literal(c), ' is NULL'), ' AND ' ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN unnest(cells) c ON c.name = quote_ident(a.attname)
    WHERE a.attrelid = relation::regclass AND a.attnum > 0 AND NOT a.attisdropped
$body$;

CREATE FUNCTION walminer_wal_add(path text) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_stat_file(path);
    PERFORM set_config('mine.files', coalesce(current_setting('mine.files', true), '') || path || ' ', false);
    RETURN '1 file add success';
END
$body$;

CREATE FUNCTION walminer_start(starttime text, endtime text, startxid int, endxid int, tempresult bool DEFAULT 'false')
RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    mined mine.change[];
BEGIN
    -- As with version 3.
    mined := mine.decoded('FFFFFFFF/FFFFFFFF',
        'current_setting(''mine.files'') LIKE ''%/'' || pg_walfile_name($1) || '' %''');
    IF to_regclass('pg_temp.walminer_contents') IS NULL THEN
        CREATE TEMP TABLE walminer_contents (xid bigint, virtualxid int, timestampTz timestamptz, record_database text,
            record_user text, record_tablespace text, record_schema text, op_type text, op_text text, op_undo text);
    END IF;
    TRUNCATE walminer_contents;
    INSERT INTO walminer_contents
        SELECT d.xid, d.number, d.at, current_database(), 'postgres', 'pg_default', d.schema, d.verb,
            coalesce(s.op_text, CASE d.verb
                WHEN 'INSERT' THEN format('INSERT INTO %s(%s) VALUES(%s);', t.name,
                    (SELECT string_agg('"' || c.name || '"', ', ') FROM unnest(d.new) c WHERE c.value IS NOT NULL),
                    (SELECT string_agg(mine.literal(c), ', ') FROM unnest(d.new) c WHERE c.value IS NOT NULL))
                WHEN 'UPDATE' THEN format('UPDATE %s SET %s WHERE %s;', t.name,
                    (SELECT string_agg('"' || c.name || '" = ' || mine.literal(c), ', ') FROM unnest(d.new) c
                     LEFT JOIN unnest(d.old) o USING (name) WHERE c.value IS DISTINCT FROM o.value),
                    mine.condition(d.schema || '.' || d.relation, d.old))
                ELSE format('DELETE FROM %s WHERE %s;', t.name, mine.condition(d.schema || '.' || d.relation, d.old)) END), NULL
        FROM unnest(mined) d
            LEFT JOIN mine.spoilt s ON s.xid = d.xid,
            LATERAL (SELECT format('"%s"."%s"', d.schema, d.relation) AS name) t
        WHERE current_setting('mine.files') LIKE '%/' || pg_walfile_name(d.commit_lsn - 1) || ' %'
        ORDER BY d.commit_lsn, d.number;
    RETURN 'walminer sucessful!';
END
$body$;

CREATE FUNCTION walminer_stop() RETURNS text LANGUAGE sql AS $body$
    SELECT set_config('mine.files', '', false);
    SELECT 'walminer stoped!'::text;
$body$;
