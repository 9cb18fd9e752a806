-- Tollgate, PostgreSQL store, schema 24: a data folder that is being moved here. How far each table
-- is; what is moved, and whether all of it is here, stands in `installation` under 'move'.
CREATE TABLE moved_tables (
  name text COLLATE "C" PRIMARY KEY,
  place text NOT NULL,           -- JSON: the key of the last row that is here
  moved bigint NOT NULL,
  is_done boolean NOT NULL
);

CREATE FUNCTION tollgate_is_moving() RETURNS boolean LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT coalesce((SELECT NOT (value::jsonb ->> 'isDone')::boolean FROM installation
    WHERE name = 'move'), false) $$;
REVOKE ALL ON FUNCTION tollgate_is_moving() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tollgate_is_moving() TO tollgate_app;
