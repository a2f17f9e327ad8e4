-- The workload whose messages are in pgoutput-1.frames: every kind of message of protocol 1 in text.
-- Run in an empty database of a server with wal_level = logical, then read with
--   SELECT lsn || E'\t' || encode(data, 'hex') FROM pg_logical_slot_get_binary_changes(
--     'slot', NULL, NULL, 'proto_version', '1', 'publication_names', 'p', 'messages', 'true');
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE plain (id int PRIMARY KEY, name text, amount numeric(10,2), mood mood);
CREATE TABLE whole (id int, big text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE toasted (id int PRIMARY KEY, big text, note text);
-- Kept outside of the row and not compressed, so that an UPDATE does not send it again.
ALTER TABLE whole ALTER big SET STORAGE EXTERNAL;
ALTER TABLE toasted ALTER big SET STORAGE EXTERNAL;
CREATE TABLE unpublished (id int PRIMARY KEY);
CREATE PUBLICATION p FOR TABLE plain, whole, toasted;
SELECT pg_create_logical_replication_slot('slot', 'pgoutput');

INSERT INTO plain VALUES (1, 'one', 1.50, 'happy'), (2, NULL, NULL, NULL), (3, E'tab\tquote''ü', -0.01, 'sad');
UPDATE plain SET name = 'uno' WHERE id = 1;
UPDATE plain SET id = 20 WHERE id = 2;
DELETE FROM plain WHERE id = 3;
INSERT INTO unpublished VALUES (1);
BEGIN;
INSERT INTO whole VALUES (1, repeat('x', 2100)), (2, NULL);
UPDATE whole SET id = 10 WHERE id = 1;
DELETE FROM whole WHERE id = 2;
INSERT INTO toasted VALUES (1, repeat('y', 2100), 'before');
UPDATE toasted SET note = 'after' WHERE id = 1;
SELECT pg_logical_emit_message(true, 'inside', 'part of it');
COMMIT;
SELECT pg_logical_emit_message(false, 'outside', 'at once');
BEGIN;
INSERT INTO plain VALUES (99, 'taken back', 0, NULL);
ROLLBACK;
ALTER TABLE plain ADD added boolean DEFAULT true;
INSERT INTO plain VALUES (4, 'four', 4, NULL, false);
SELECT pg_replication_origin_create('elsewhere');
SELECT pg_replication_origin_session_setup('elsewhere');
BEGIN;
SELECT pg_replication_origin_xact_setup('0/ABCD', '2024-01-02 03:04:05+00');
INSERT INTO plain VALUES (5, 'five', 5, NULL, NULL);
COMMIT;
SELECT pg_replication_origin_session_reset();
TRUNCATE plain, whole RESTART IDENTITY CASCADE;
