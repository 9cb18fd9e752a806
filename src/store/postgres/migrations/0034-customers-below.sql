-- Tollgate, PostgreSQL store, schema 34: who stands below a customer, by the index of parents.

-- The wall lets `->>` of JSON be asked of rows only that it has let through, since a function may
-- tell what it was asked about. So the index of parents never served the role of the product, which
-- read every customer that has one. What runs as the owner is behind no wall and names the tenant.
CREATE FUNCTION tollgate_customers_below(text) RETURNS SETOF customers LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path FROM CURRENT
  AS $$ SELECT * FROM customers WHERE ws = tollgate_tenant()
    AND (parent::json) ->> 'id' = $1 AND parent IS NOT NULL $$;
