import assert from "node:assert/strict";
import { test } from "node:test";
import { HELD_PAGES_MAX_COUNT } from "../../domain/limits.ts";
import type { HeldLine } from "./connector-port.ts";
import type { ExportContext, OpenTarget } from "./export-context.ts";
import { unknownLines } from "./unknown-lines.ts";

/** A target whose list has so many pages, each of the same line. */
function listing(count: number): OpenTarget {
  const said = { customer: "acme", item: "calls", value: 1n, unit: "steps" };
  const line: HeldLine = { key: "k", place: "there", said };
  async function* held() {
    for (let page = 0; page < count; page += 1) yield page === 0 ? [line, line] : [];
  }
  const connector = { held, capability: () => ({ readBack: { kind: "line" } }) };
  return { workspace: "w", connector, session: {}, target: {} } as unknown as OpenTarget;
}

const CONTEXT = { outbox: { line: async () => undefined } } as unknown as ExportContext;
const ALL = { customer: null, sinceMs: null };

test(`a list of more than ${HELD_PAGES_MAX_COUNT} pages is given up`, async () => {
  const found = await unknownLines(CONTEXT, listing(HELD_PAGES_MAX_COUNT), ALL);
  assert.deepEqual(
    found?.map(({ key, note }) => [key, note]),
    [["k", "not in these books"]],
  );
  const endless = unknownLines(CONTEXT, listing(HELD_PAGES_MAX_COUNT + 1), ALL);
  await assert.rejects(endless, { code: "export.unlisted" });
});
