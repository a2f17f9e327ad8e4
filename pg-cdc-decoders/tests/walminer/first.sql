-- Functions with the names and signatures of walminer 1 (its walminer--1.0.sql), which give recorded rows: no release of
-- it builds against the servers that tests run on. A row is in the WAL file that was current when it was recorded.
CREATE SCHEMA mine;
SET search_path = mine;

CREATE TABLE recorded (
    n bigserial,
    file text DEFAULT pg_walfile_name(pg_current_wal_insert_lsn()),
    xid bigint, virtualxid int, at timestamptz, schema text, op_type text, op_text text
);
-- What walminer says.
CREATE TABLE said (result text, notice text, sleep float);
INSERT INTO said VALUES ('walminer sucessful!', 'there be 3 image pages on disk', 0);
-- Every call.
CREATE TABLE calls (n bigserial, files text);

CREATE FUNCTION walminer_temp_table_check() RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    IF to_regclass('pg_temp.walminer_contents') IS NOT NULL THEN
        TRUNCATE TABLE walminer_contents;
    ELSE
        CREATE TEMP TABLE walminer_contents (xid bigint, virtualxid int, timestampTz timestamptz, record_database text,
            record_user text, record_tablespace text, record_schema text, op_type text, op_text text, op_undo text);
    END IF;
END
$body$;

CREATE FUNCTION walminer_wal_add(path text) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_stat_file(path);
    PERFORM set_config('mine.files', coalesce(current_setting('mine.files', true), '') || path || ' ', false);
    RETURN '1 file add success';
END
$body$;

CREATE FUNCTION pg_minerwal(starttime text, endtime text, startxid int, endxid int, tempresult bool)
RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    says said;
BEGIN
    IF starttime <> 'null' OR endtime <> 'null' OR startxid <> 0 OR endxid <> 0 THEN
        RAISE 'not the whole of the files';
    END IF;
    SELECT * INTO says FROM said;
    INSERT INTO walminer_contents
        SELECT xid, virtualxid, at, current_database(), 'postgres', 'pg_default', schema, op_type, op_text, NULL
        FROM recorded WHERE current_setting('mine.files') LIKE '%/' || file || ' %' ORDER BY n;
    PERFORM pg_sleep(says.sleep);
    RAISE NOTICE '%', says.notice;
    INSERT INTO calls (files) VALUES (current_setting('mine.files'));
    RETURN says.result;
END
$body$;

CREATE FUNCTION walminer_start(starttime text, endtime text, startxid int, endxid int, tempresult bool DEFAULT 'false')
RETURNS text LANGUAGE sql AS $body$
    SELECT walminer_temp_table_check();
    SELECT pg_minerwal($1, $2, $3, $4, $5);
$body$;

CREATE FUNCTION walminer_stop() RETURNS text LANGUAGE sql AS $body$
    SELECT set_config('mine.files', '', false);
    SELECT 'walminer stoped!'::text;
$body$;
