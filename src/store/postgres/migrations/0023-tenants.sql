-- Tollgate, PostgreSQL store, schema 23: a second wall between workspaces. Sessions of the product
-- work as the role tollgate_app, which owns nothing and is no superuser: without a tenant it sees
-- no row, with one only the tenant's. What has to be found before the tenant is known (a key by its
-- hash, a workspace by its id) is answered by functions, one row at a time.

-- Who may not make a role is refused before it is looked at whether there is one.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tollgate_app') THEN
    CREATE ROLE tollgate_app NOLOGIN;
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
  EXECUTE format('GRANT tollgate_app TO %I', current_user);
EXCEPTION
  WHEN OTHERS THEN
    IF NOT pg_has_role(current_user, 'tollgate_app', 'MEMBER') THEN RAISE; END IF;
END $$;
DO $$ BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO tollgate_app', current_schema());
END $$;

-- The tenant of a session or transaction; NULL, and with it no row, where none is set.
CREATE FUNCTION tollgate_tenant() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('tollgate.ws', true), '')::integer;

-- Puts a table with a column ws behind the wall. Every later migration calls it for its tables.
CREATE FUNCTION tollgate_wall(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY tenant ON %I USING (ws = (SELECT tollgate_tenant()))', name);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tollgate_app', name);
END $$;
SELECT tollgate_wall(t.relname) FROM pg_class t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'ws' AND NOT a.attisdropped
  WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND t.relkind IN ('r', 'p')
    AND NOT t.relispartition;

-- Keys belong to the workspace that they name.
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys USING (workspace =
  (SELECT w.id FROM workspaces w WHERE w.ws = (SELECT tollgate_tenant())));
GRANT SELECT, INSERT, UPDATE ON api_keys TO tollgate_app;

CREATE FUNCTION tollgate_key(wanted text) RETURNS SETOF api_keys LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path FROM CURRENT
  AS $$ SELECT * FROM api_keys WHERE hash = wanted $$;
CREATE FUNCTION tollgate_workspace(wanted text) RETURNS integer LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path FROM CURRENT
  AS $$ SELECT ws FROM workspaces WHERE id = wanted $$;
CREATE FUNCTION tollgate_workspaces() RETURNS SETOF text LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path FROM CURRENT
  AS $$ SELECT id FROM workspaces ORDER BY ws $$;
CREATE FUNCTION tollgate_make_workspace(wanted text, start text) RETURNS void LANGUAGE sql
  SECURITY DEFINER SET search_path FROM CURRENT
  AS $$ INSERT INTO workspaces (id, chain) VALUES (wanted, start) ON CONFLICT (id) DO NOTHING $$;

-- Counts for metrics, exact while they are small and then as of the last vacuum: to count millions
-- of rows for every scrape would cost more than what is scraped.
CREATE FUNCTION tollgate_count(name text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE n bigint;
BEGIN
  SELECT coalesce(sum(greatest(c.reltuples, 0)), 0) INTO n FROM pg_class c
    WHERE c.oid IN (SELECT relid FROM pg_partition_tree(name::regclass) WHERE isleaf);
  IF n < 100000 THEN EXECUTE format('SELECT count(*) FROM %I', name) INTO n; END IF;
  RETURN n;
END $$;
CREATE FUNCTION tollgate_size(OUT steps bigint, OUT runs bigint, OUT bytes bigint) LANGUAGE sql
  STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tollgate_count('steps'), tollgate_count('runs'), pg_database_size(current_database()) $$;

-- Of the installation: nobody's tenant, and no table of them is open to the role.
CREATE FUNCTION tollgate_signing_keys() RETURNS SETOF signing_keys LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path FROM CURRENT
  AS $$ SELECT * FROM signing_keys ORDER BY created_at, id $$;
CREATE FUNCTION tollgate_save_signing_key(id text, public_key text, private_key text,
    created_at bigint, retired_at bigint, checksum bigint) RETURNS void LANGUAGE sql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
  INSERT INTO signing_keys VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (id) DO UPDATE SET retired_at = excluded.retired_at, checksum = excluded.checksum $$;
CREATE FUNCTION tollgate_installation(wanted text, fresh text) RETURNS text LANGUAGE sql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
  INSERT INTO installation VALUES (wanted, fresh) ON CONFLICT (name) DO UPDATE SET name = wanted
  RETURNING value $$;

-- A lease is taken where none is held, or held by the asker: its fence is kept then.
CREATE FUNCTION tollgate_lease(wanted text, asker text, ms bigint) RETURNS bigint LANGUAGE sql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
  INSERT INTO leases VALUES (wanted, asker, 1, clock_timestamp() + ms * interval '1 ms')
  ON CONFLICT (name) DO UPDATE SET holder = asker, until = excluded.until,
    fence = leases.fence + CASE WHEN leases.holder = asker THEN 0 ELSE 1 END
  WHERE leases.holder = asker OR leases.until < clock_timestamp()
  RETURNING fence $$;
CREATE FUNCTION tollgate_end_lease(wanted text, of_fence bigint) RETURNS void LANGUAGE sql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
  UPDATE leases SET until = '-infinity', holder = '' WHERE name = wanted AND fence = of_fence $$;
-- Holds the row until the transaction ends: nobody else takes the lease meanwhile.
CREATE FUNCTION tollgate_holds_lease(wanted text, of_fence bigint) RETURNS boolean LANGUAGE sql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT count(*) > 0 FROM (
    SELECT FROM leases WHERE name = wanted AND fence = of_fence FOR SHARE) AS held $$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
      AND p.proname LIKE 'tollgate\_%'
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    IF f::text !~ 'tollgate_(wall|count)\(' THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tollgate_app', f);
    END IF;
  END LOOP;
END $$;
GRANT SELECT ON tollgate_schema TO tollgate_app;
