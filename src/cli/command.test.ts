import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf, type Surroundings } from "./command.ts";

const NOTHING = { positionals: [], options: {} };
const inside = (environment: Surroundings["environment"]) =>
  ({ environment }) as unknown as Surroundings;

test("a command finds its data by option, environment, or in the usual folder", () => {
  const environment = { DATABASE_URL: "postgresql://db/t", TOLLGATE_DATA: "there" };
  const place = { dataDir: "there", databaseUrl: "postgresql://db/t" };
  assert.deepEqual(placeOf(NOTHING, inside(environment)), place);
  const named = { ...NOTHING, options: { data: "here" } };
  assert.deepEqual(placeOf(named, inside(environment)), { dataDir: "here" });
  const empty = { DATABASE_URL: "", TOLLGATE_DATA: "" };
  assert.deepEqual(placeOf(NOTHING, inside(empty)), { dataDir: "tollgate-data" });
});
