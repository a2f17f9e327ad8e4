-- The workload of pgoutput-N-*.frames: transactions in blocks and prepared, of several sessions, on PostgreSQL N.
-- Recorded by `cargo run --example record` in fuzz/, which takes what stands between these lines to the session that
-- they name, on servers of that version and up, and makes the slots where it says so. Decoding has 64 kB for a
-- transaction: each thousand rows of unpublished.filler have the server send what there is of it.
-- session 0
CREATE SCHEMA unpublished;
CREATE TABLE unpublished.filler (id int);
CREATE TYPE public.mood AS ENUM ('sad', 'happy');
CREATE TYPE public.pair AS (a int, b text);
CREATE DOMAIN public.positive AS int CHECK (value > 0);
CREATE TABLE public.plain (id int PRIMARY KEY, v text, n numeric(10,2), at timestamptz, ok bool);
CREATE TABLE public.rich (id int PRIMARY KEY, m public.mood, p public.pair, ps public.pair[], d public.positive, r int4range, j jsonb, u uuid, b bytea);
CREATE TABLE public.whole (id int, v text, sum int GENERATED ALWAYS AS (id * 2) STORED);
ALTER TABLE public.whole REPLICA IDENTITY FULL;
CREATE TABLE public.toasted (id int PRIMARY KEY, big text, note text);
ALTER TABLE public.toasted ALTER big SET STORAGE EXTERNAL;
CREATE TABLE public."Od d.""name" (id int PRIMARY KEY);
CREATE PUBLICATION p FOR TABLE public.plain, public.rich, public.whole, public.toasted, public."Od d.""name";
SELECT pg_replication_origin_create('elsewhere');
-- session 0, from 15
CREATE TABLE public.listed (id int PRIMARY KEY, secret text, shown text);
ALTER PUBLICATION p ADD TABLE public.listed (id, shown) WHERE (id > 1);
-- session 0, from 18
ALTER PUBLICATION p SET (publish_generated_columns = stored);
-- slots
-- session 2
INSERT INTO public.plain VALUES (1, 'small', 1.5, '2024-01-02 03:04:05.678+00', true), (2, NULL, 'NaN', 'infinity', NULL);
UPDATE public.plain SET id = 3 WHERE id = 2;
SELECT pg_logical_emit_message(false, 'outside', 'at once');
-- session 0
SELECT pg_replication_origin_session_setup('elsewhere');
BEGIN;
INSERT INTO public.plain VALUES (10, 'in blocks', 0, 'epoch', false);
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
-- session 1
BEGIN;
INSERT INTO public.rich VALUES (1, 'happy', (1, 'one'), ARRAY[(2, 'two'), NULL]::public.pair[], 7, '[1,5)', '{"a": [1, null]}', '12345678-1234-1234-1234-123456789abc', '\x00ff');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
SAVEPOINT x;
INSERT INTO public.rich (id, m) VALUES (2, 'sad');
SELECT pg_logical_emit_message(true, 'inside', 'given up');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
-- session 2
INSERT INTO public.toasted VALUES (1, repeat('y', 2100), 'before');
UPDATE public.toasted SET note = 'after' WHERE id = 1;
-- session 0
SAVEPOINT p;
UPDATE public.plain SET v = 'p' WHERE id = 10;
SAVEPOINT q;
UPDATE public.plain SET id = 11 WHERE id = 10;
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
ROLLBACK TO SAVEPOINT q;
SELECT pg_logical_emit_message(true, 'inside', 'kept');
INSERT INTO public."Od d.""name" VALUES (1);
-- session 1
ROLLBACK TO SAVEPOINT x;
INSERT INTO public.rich (id, p) VALUES (3, (NULL, E'quo"te, \\ (x)'));
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
COMMIT;
-- session 2
INSERT INTO public.whole VALUES (1, 'one'), (2, NULL);
UPDATE public.whole SET id = 10 WHERE id = 1;
DELETE FROM public.whole WHERE id = 2;
-- session 0
RELEASE SAVEPOINT p;
DELETE FROM public.plain WHERE id = 10;
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
COMMIT;
SELECT pg_replication_origin_session_reset();
-- session 3
BEGIN;
INSERT INTO public.whole VALUES (3, 'of the first shape');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
ALTER TABLE public.whole ADD COLUMN w int DEFAULT 7;
INSERT INTO public.whole VALUES (4, 'of the second');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
SAVEPOINT y;
ALTER TABLE public.whole DROP COLUMN v;
INSERT INTO public.whole VALUES (5);
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
ROLLBACK TO SAVEPOINT y;
INSERT INTO public.whole VALUES (6, 'of the second again');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
-- session 2
INSERT INTO public.plain (id) VALUES (4);
-- session 3
COMMIT;
BEGIN;
INSERT INTO public.plain (id, v) VALUES (5, 'taken back');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
ROLLBACK;
BEGIN;
TRUNCATE public.toasted, public.whole RESTART IDENTITY CASCADE;
INSERT INTO public.whole VALUES (7, 'after the truncate');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
COMMIT;
BEGIN;
INSERT INTO public.plain (id, v) VALUES (6, 'prepared');
PREPARE TRANSACTION 'one';
-- session 2
INSERT INTO public.plain (id, v) VALUES (7, 'between');
-- session 0
BEGIN;
INSERT INTO public.rich (id, m) VALUES (8, 'happy');
INSERT INTO unpublished.filler SELECT generate_series(1, 1000);
PREPARE TRANSACTION 'it''s large';
-- session 1
BEGIN;
ALTER TABLE public.whole ADD COLUMN gone int;
INSERT INTO public.whole (id, gone) VALUES (9, 1);
PREPARE TRANSACTION 'other shape';
-- session 2
INSERT INTO public.rich (id) VALUES (10);
ROLLBACK PREPARED 'other shape';
COMMIT PREPARED 'it''s large';
INSERT INTO public.whole (id, v) VALUES (11, 'of the old shape');
COMMIT PREPARED 'one';
ALTER TYPE public.pair ADD ATTRIBUTE c bool;
UPDATE public.rich SET p = (1, 'x', true) WHERE id = 1;
-- session 2, from 15
INSERT INTO public.listed VALUES (1, 'secret', 'filtered'), (2, 'secret', 'shown');
UPDATE public.listed SET id = 5 WHERE id = 1;
UPDATE public.listed SET id = 0 WHERE id = 2;
-- session 2
INSERT INTO public.plain (id, v) VALUES (12, 'last');
SELECT pg_logical_emit_message(false, 'outside', 'this is the end');
