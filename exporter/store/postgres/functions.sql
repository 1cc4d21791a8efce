-- What the store's statements use of SQLite's functions and PostgreSQL does not have, by the same names.

CREATE FUNCTION max(double precision, double precision) RETURNS double precision IMMUTABLE LANGUAGE sql AS
  'SELECT CASE WHEN $1 >= $2 THEN $1 WHEN $1 < $2 THEN $2 END';
CREATE FUNCTION max(bigint, bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS
  'SELECT CASE WHEN $1 >= $2 THEN $1 WHEN $1 < $2 THEN $2 END';
CREATE FUNCTION min(double precision, double precision) RETURNS double precision IMMUTABLE LANGUAGE sql AS
  'SELECT CASE WHEN $1 <= $2 THEN $1 WHEN $1 > $2 THEN $2 END';
CREATE FUNCTION min(bigint, bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS
  'SELECT CASE WHEN $1 <= $2 THEN $1 WHEN $1 > $2 THEN $2 END';

-- The elements of a JSON array, as text.
CREATE FUNCTION json_each(text) RETURNS TABLE (value text) IMMUTABLE LANGUAGE sql AS
  'SELECT jsonb_array_elements_text($1::jsonb)';
-- One value of a JSON object or array, as text; its place as in '$.name' and '$[0]'.
CREATE FUNCTION json_extract(text, text) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$SELECT $1::jsonb #>> ARRAY[trim(BOTH '.[]' FROM substr($2, 2))]$$;
CREATE FUNCTION json_group_array_text(bigint[]) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT to_json($1)::text';
CREATE AGGREGATE json_group_array(bigint) (
  SFUNC = array_append, STYPE = bigint[], INITCOND = '{}', FINALFUNC = json_group_array_text
);

-- Rows whose text has all of some parts, asked as the index of trigrams of SQLite is: "abc" AND "def".
CREATE INDEX issue_texts_trigrams ON issue_texts USING gin (text {trigrams}.gin_trgm_ops);
CREATE INDEX tag_values_trigrams ON tag_values USING gin (folded {trigrams}.gin_trgm_ops);
CREATE FUNCTION containing(col text, query text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT string_agg(format('%I LIKE %L', col, '%' || replace(replace(replace(part[1],
    '\', '\\'), '%', '\%'), '_', '\_') || '%'), ' AND ')
  FROM regexp_matches(replace(query, '""', U&'\E000'), '"([^"]*)"', 'g') AS part
$$;
CREATE FUNCTION issue_text_trigrams(query text) RETURNS TABLE (rowid bigint) STABLE LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT id FROM issue_texts WHERE ' || replace(containing('text', query), U&'\E000', '"');
END
$$;
CREATE FUNCTION tag_value_trigrams(query text) RETURNS TABLE (rowid bigint) STABLE LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT id FROM tag_values WHERE ' || replace(containing('folded', query), U&'\E000', '"');
END
$$;
