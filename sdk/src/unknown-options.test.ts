import assert from "node:assert/strict";
import { test } from "node:test";
import { Tollgate, type TollgateOptions } from "./index.ts";
import type { Problem } from "./problem.ts";

/** What an application is told that writes JavaScript. */
function told(options: object, runs: readonly object[]): string[] {
  const problems: Problem[] = [];
  const here = { url: "http://127.0.0.1:4100", key: "tg_k", fetch: async () => new Response("{}") };
  const tollgate = new Tollgate({
    ...here,
    onProblem: (problem) => problems.push(problem),
    ...(options as Partial<TollgateOptions>),
  });
  for (const run of runs) tollgate.open(run as { agent: string });
  void tollgate.close(0);
  return problems.flatMap((one) => (one.kind === "ignored" ? [one.option] : []));
}

test("options that have no meaning are told, each once", () => {
  const run = { customer: "acme", agent: "support" };
  assert.deepEqual(told({}, [{ ...run, id: "r1", labels: {}, caps: [], guard: false }]), []);
  const wrong = { ...run, run: "ticket-1", cap: 5 };
  assert.deepEqual(told({}, [wrong, wrong]), ["run", "cap"]);
  assert.deepEqual(told({ retries: 2, guard: false, onUndecided: "open" }, [run]), ["retries"]);
});
