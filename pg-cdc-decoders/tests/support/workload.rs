//! Tables and changes of all shapes that have nothing to do with a plugin's own ways.

/// Their tables; what came later is in [`schema`].
const SCHEMA: &str = r#"
    CREATE TYPE public.mood AS ENUM ('sad', 'it''s "ok"');
    CREATE TYPE public.pair AS (a int, b text);
    CREATE DOMAIN public.dom AS int CHECK (VALUE > 0);
    CREATE SCHEMA "my ""schema";
    CREATE TABLE "my ""schema"."from" (id int PRIMARY KEY, v text);
    CREATE TABLE public.whole (id int PRIMARY KEY, a int, v text, w text DEFAULT 'w');
    ALTER TABLE public.whole REPLICA IDENTITY FULL;
    CREATE TABLE public.toast (id int PRIMARY KEY, v text, w text);
    ALTER TABLE public.toast ALTER v SET STORAGE EXTERNAL, ALTER w SET STORAGE EXTERNAL;
    CREATE TABLE public.toast_whole (id int PRIMARY KEY, v text, w text);
    ALTER TABLE public.toast_whole ALTER v SET STORAGE EXTERNAL, ALTER w SET STORAGE EXTERNAL;
    ALTER TABLE public.toast_whole REPLICA IDENTITY FULL;
    CREATE TABLE public.by_index (a int, b int NOT NULL, c text);
    CREATE UNIQUE INDEX by_index_b ON public.by_index (b);
    ALTER TABLE public.by_index REPLICA IDENTITY USING INDEX by_index_b;
    CREATE TABLE public.altered (id int PRIMARY KEY, a int, b text);
    CREATE TABLE public.dropped (id int PRIMARY KEY, e public.mood);
    CREATE TABLE public.renamed (id int PRIMARY KEY, v text);
    CREATE TABLE public.empty ();
    CREATE PUBLICATION p FOR ALL TABLES;"#;

const SCHEMA_SINCE_12: &str =
    "CREATE TABLE public.generated (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text);";

const STATEMENTS: &str = r#"
    INSERT INTO "my ""schema"."from" SELECT i, repeat('x', i) FROM generate_series(1, 300) i;
    BEGIN; UPDATE "my ""schema"."from" SET v = 'y' WHERE id < 5; SAVEPOINT s; DELETE FROM "my ""schema"."from";
    ROLLBACK TO SAVEPOINT s; INSERT INTO "my ""schema"."from" VALUES (-1, 'kept'); COMMIT;
    BEGIN; INSERT INTO "my ""schema"."from" VALUES (-2, 'given up'); ROLLBACK;
    INSERT INTO public.whole VALUES (1, NULL, NULL), (2, 5, 'v''"');
    UPDATE public.whole SET a = a + 1;
    UPDATE public.whole SET v = repeat('long ', 1000), w = NULL WHERE id = 2;
    UPDATE public.whole SET id = -id;
    DELETE FROM public.whole;
    INSERT INTO public.toast VALUES (1, repeat('v', 5000), repeat('w''"', 5000)), (2, 'short', NULL);
    UPDATE public.toast SET v = 'now short' WHERE id = 1;
    UPDATE public.toast SET id = 3 WHERE id = 1;
    DELETE FROM public.toast;
    INSERT INTO public.toast_whole VALUES (4, repeat('v', 5000), repeat('w''"', 5000));
    UPDATE public.toast_whole SET v = NULL WHERE id = 4;
    DELETE FROM public.toast_whole;
    INSERT INTO public.by_index VALUES (1, 2, 'c'), (NULL, 3, NULL);
    UPDATE public.by_index SET b = -b;
    UPDATE public.by_index SET c = 'd';
    DELETE FROM public.by_index;
    INSERT INTO public.empty DEFAULT VALUES;
    INSERT INTO public.altered VALUES (1, 2, 'b');
    ALTER TABLE public.altered ADD COLUMN c numeric(5,1) DEFAULT 1.5;
    INSERT INTO public.altered VALUES (2, 3, 'b', 2.5);
    UPDATE public.altered SET a = 0;
    ALTER TABLE public.altered DROP COLUMN a;
    INSERT INTO public.altered VALUES (3, 'b', 2.5);
    ALTER TABLE public.altered RENAME COLUMN b TO bb;
    INSERT INTO public.altered VALUES (4, 'b', 2.5);
    ALTER TABLE public.altered ALTER c TYPE bigint;
    INSERT INTO public.altered VALUES (5, 'b', 2);
    BEGIN; INSERT INTO public.altered VALUES (6, 'b', 3); ALTER TABLE public.altered ADD COLUMN d text;
    INSERT INTO public.altered VALUES (7, 'b', 3, 'd'); COMMIT;
    DELETE FROM public.altered WHERE id < 4;
    INSERT INTO public.dropped VALUES (1, 'sad');
    UPDATE public.dropped SET id = 2;
    DROP TABLE public.dropped;
    INSERT INTO public.renamed VALUES (1, 'v');
    ALTER TABLE public.renamed RENAME TO renamed_since;
    INSERT INTO public.renamed_since VALUES (2, 'v');
    ALTER TABLE public.renamed_since SET SCHEMA "my ""schema";
    UPDATE "my ""schema".renamed_since SET id = -id;
    CREATE TABLE public.later (id int PRIMARY KEY); INSERT INTO public.later VALUES (1)"#;

const STATEMENTS_SINCE_12: &str = "
    INSERT INTO public.generated (id, v) VALUES (1, 'v');
    UPDATE public.generated SET id = 2;
    DELETE FROM public.generated";

/// The tables on a server of this version.
pub(crate) fn schema(major: u32) -> String {
    if major >= 12 { format!("{SCHEMA}\n{SCHEMA_SINCE_12}") } else { SCHEMA.to_owned() }
}

/// What becomes of them.
pub(crate) fn statements(major: u32) -> Vec<&'static str> {
    let since_12 = if major >= 12 { split(STATEMENTS_SINCE_12) } else { Vec::new() };
    [split(STATEMENTS), since_12].concat()
}

/// Statements that stand on lines of their own.
pub(crate) fn split(statements: &str) -> Vec<&str> {
    statements.split(";\n").map(str::trim).collect()
}
