-- As first.sql, of walminer 3.
CREATE SCHEMA mine;
SET search_path = mine;

CREATE TABLE recorded (
    n bigserial, sqlno int, xid bigint, topxid bigint DEFAULT 0, sqlkind int, minerd bool DEFAULT true,
    at timestamptz DEFAULT now(), op_text text, complete bool DEFAULT true, schema text, relation text,
    start_lsn pg_lsn, commit_lsn pg_lsn
);
CREATE TABLE said (result text, notice text, sleep float);
INSERT INTO said VALUES ('pg_minerwal success', '======OPEN SOURCE PROJECT WALMINER=========', 0);
CREATE TABLE calls (n bigserial, startlsn pg_lsn, endlsn pg_lsn, fsearch bool);

CREATE FUNCTION walminer_contents_check() RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM * FROM pg_catalog.pg_class WHERE relname = 'walminer_contents' AND relpersistence = 'u';
    IF FOUND THEN
        TRUNCATE TABLE walminer_contents;
    ELSE
        CREATE UNLOGGED TABLE walminer_contents (sqlno int, xid bigint, topxid bigint, sqlkind int, minerd bool,
            timestamp timestamptz, op_text text, undo_text text, complete bool, schema text, relation text,
            start_lsn pg_lsn, commit_lsn pg_lsn);
    END IF;
END
$body$;

CREATE FUNCTION pg_minerwal(startlsn pg_lsn, endlsn pg_lsn, fsearch bool, reloid oid, tempresult bool)
RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
    says said;
BEGIN
    SELECT * INTO says FROM said;
    INSERT INTO walminer_contents
        SELECT sqlno, xid, topxid, sqlkind, minerd, at, op_text, NULL, complete, schema, relation, start_lsn, commit_lsn
        FROM recorded WHERE commit_lsn > startlsn AND commit_lsn <= endlsn ORDER BY random();
    PERFORM pg_sleep(says.sleep);
    RAISE NOTICE '%', says.notice;
    INSERT INTO calls (startlsn, endlsn, fsearch) VALUES ($1, $2, $3);
    RETURN says.result;
END
$body$;

CREATE FUNCTION walminer_by_lsn(startlsn pg_lsn, endlsn pg_lsn, fsearch bool DEFAULT 'false', reloid oid DEFAULT 0,
                                tempresult bool DEFAULT 'false')
RETURNS text LANGUAGE sql AS $body$
    SELECT walminer_contents_check();
    SELECT pg_minerwal($1, $2, $3, $4, $5);
$body$;

CREATE FUNCTION walminer_wal_add(path text) RETURNS text LANGUAGE sql AS $body$
    SELECT '1 file add success'::text FROM pg_ls_dir(path) LIMIT 1;
$body$;

CREATE FUNCTION walminer_stop() RETURNS text LANGUAGE sql AS $body$
    SELECT 'walminer stoped!'::text;
$body$;
