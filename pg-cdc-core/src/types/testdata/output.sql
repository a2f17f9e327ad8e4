-- What every family's script ends with: what the server gives for each value, as type, text (typoutput), binary
-- (typsend, hexadecimal, as record_send has it behind 12 bytes) and row_to_json, in COPY's text format.

CREATE FUNCTION pg_temp.output(input) RETURNS TABLE (type text, "text" text, "binary" text, "json" text)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT %L, format(''%%s'', v), encode(substr(record_send(ROW(v)), 13), ''hex''), substr(j, 6, length(j) - 6)
     FROM (SELECT v, row_to_json(t)::text AS j FROM (SELECT %L::%s AS v) t) t',
    (SELECT typname FROM pg_type WHERE oid = $1.type::regtype), $1.value, $1.type);
END $$;

COPY (SELECT o.* FROM input i, pg_temp.output(i) o ORDER BY i.n) TO STDOUT;
