import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TollgateError } from "../../domain/errors.ts";
import { mapProviderUsage } from "../provider-response/map.ts";
import { BodyPacker } from "./body-packer.ts";
import { contentDigest } from "./content-digest.ts";
import { EventUnpacker } from "./packed-events.ts";
import { type BodyContent, type BodyKind, readBodyItems } from "./read-items.ts";
import { withUsageMaps } from "./usage-maps-contract.ts";

const context = { digest: { content: contentDigest }, mapProviderUsage };
const KEPT = { endOnFailure: true };

/** A pair of threads' ends, and how many steps were read from their bytes alone. */
function pairOf(options: { maxEntries?: number } = {}) {
  let general = 0;
  const counted = {
    ...context,
    digest: {
      content: (text: string | Uint8Array) => {
        if (typeof text === "string") general += 1;
        return contentDigest(text);
      },
    },
  };
  const packer = new BodyPacker(counted, options);
  const unpacker = new EventUnpacker();
  const read = (body: BodyContent, kind: BodyKind) =>
    withUsageMaps(unpacker.unpack(packer.pack(body, kind)));
  return { read, generally: () => general };
}

function outcomeOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TollgateError)) throw error;
    return error.toProblem();
  }
}

function assertReadAlike(
  { read }: Pick<ReturnType<typeof pairOf>, "read">,
  text: string,
  kind: BodyKind = "json",
): void {
  const general = outcomeOf(() => readBodyItems(text, kind, context));
  for (const body of [text, Buffer.from(text)]) {
    assert.deepEqual(
      outcomeOf(() => read(body, kind)),
      general,
      text,
    );
  }
}

/** JSON with its fields in any order and any blanks, numbers as they are written. */
const blank = fc.constantFrom("", "", "", " ", "\t", "\r ");
const name = fc.constantFrom("r-1", "r-2", "customer 7", "a".repeat(200), "b".repeat(201), "");
const plain = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme-ascii" });
const written = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(name, plain).map((text) => JSON.stringify(text)) },
  fc.constantFrom("null", '"\\u0041"', '"ü"', "7", "true", '"~standing:x"', '"a\\"b"', "[]"),
);
const digits = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9_000).map(String) },
  fc.constantFrom(
    "0",
    "00",
    "-0",
    "-1",
    "1.5",
    "1e3",
    "999999999999999",
    "1000000000000000",
    '"3"',
  ),
);
const unit = fc.constantFrom(
  "input_uncached",
  "cache_read",
  "seconds",
  "x_y",
  "constructor",
  "Bad",
);
const record = (names: fc.Arbitrary<string>, values: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.array(fc.tuple(names, values), { maxLength: 5 }), blank)
    .map(([pairs, space]) =>
      pairs.map(([key, value]) => `${space}${JSON.stringify(key)}${space}:${value}`).join(","),
    )
    .map((inner) => `{${inner}}`);
const labels = fc.oneof(
  { weight: 4, arbitrary: record(fc.constantFrom("plan", "2", "10", "region"), written) },
  fc.constantFrom("null", '{"plan":"business"}', "{ }", '{"a":{"b":"c"}}', "[]"),
);
const instant = fc.constantFrom(
  '"2026-11-10T10:00:00Z"',
  '"2026-11-10T10:00:00.123Z"',
  '"2026-11-10T10:00:00+01:00"',
  '"2026-02-30T10:00:00Z"',
  '"1999-11-10T10:00:00Z"',
);
const choice = (...values: string[]) => fc.constantFrom(...values.map((one) => `"${one}"`), '"?"');
const fields: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ...{ id: written, run: written, source: written, customer: written, agent: written },
  ...{ parentRun: written, parentStep: written, callId: written, hold: written },
  ...{ provider: written, model: written, tool: written, tier: written },
  occurredAt: instant,
  type: choice("step", "run.closed", "run.opened"),
  kind: choice("model", "tool", "compute"),
  status: choice("ok", "error", "aborted", "blocked"),
  completeness: choice("partial", "estimated", "exact"),
  payer: choice("us", "customer"),
  role: choice("bill", "shadow"),
  attempt: digits,
  usage: record(unit, digits),
  labels,
  unknown: written,
  callHash: written,
};
const rare = new Set(["unknown", "callHash", "type"]);
const sure = new Set(["id", "run", "occurredAt", "kind"]);
const pairs = Object.entries(fields).map(([field, value]) => {
  const share = rare.has(field) ? 30 : sure.has(field) ? 0 : 2;
  const pair = fc.tuple(fc.constant(field), value);
  return share === 0 ? pair : fc.option(pair, { freq: share, nil: null });
});
const item = fc
  .tuple(
    fc.tuple(...pairs).chain((some) => fc.shuffledSubarray(some, { minLength: some.length })),
    blank,
  )
  .map(([some, space]) => {
    const present = some.filter((pair) => pair !== null);
    const inner = present.map(([field, value]) => `"${field}"${space}:${space}${value}`);
    return `{${space}${inner.join(`${space},`)}${space}}`;
  });
const items = fc.array(fc.oneof({ weight: 12, arbitrary: item }, fc.constant("7")), {
  maxLength: 6,
});

describe("bodies that are read from their bytes", () => {
  const pair = pairOf();

  test("say what they say where each is read as a value", () => {
    const one = fc.property(items, blank, (written, space) => {
      assertReadAlike(pair, `${space}[${written.join(`${space},${space}`)}]${space}`);
    });
    fc.assert(one, { numRuns: 2_000, ...KEPT });
  });

  test("say the same line by line", () => {
    const end = fc.constantFrom("\n", "\r\n", "\n\n", " x\n");
    const one = fc.property(items, end, (written, lineEnd) => {
      assertReadAlike(pair, written.join(lineEnd), "ndjson");
    });
    fc.assert(one, { numRuns: 1_000, ...KEPT });
  });

  test("are refused alike where one character is another", () => {
    const mutated = fc.tuple(items, fc.nat(), fc.constantFrom(...'"\\{}[]:,0e.\n\0ü'));
    const one = fc.property(
      mutated,
      fc.constantFrom("json", "ndjson"),
      ([some, at, char], kind) => {
        const text = kind === "json" ? `[${some.join(",")}]` : some.join("\n");
        const place = text.length === 0 ? 0 : at % text.length;
        assertReadAlike(
          pair,
          text.slice(0, place) + char + text.slice(place + 1),
          kind as BodyKind,
        );
      },
    );
    fc.assert(one, { numRuns: 2_000, ...KEPT });
  });

  test("are read so in the form that producers write", () => {
    const { read, generally } = pairOf();
    const step = {
      ...{ id: "6f1c", source: "sdk", run: "run-1", customer: "acme", agent: "support" },
      ...{ occurredAt: "2026-11-10T10:00:00.123Z", kind: "model", provider: "openai" },
      ...{ model: "gpt-5", usage: { output_text: 20, input_uncached: 200, cache_read: 0 } },
      ...{ labels: { plan: "business", region: "eu" }, attempt: 2, status: "ok", tool: null },
    };
    const bodies = [JSON.stringify([step, step]), JSON.stringify([step], null, 2)];
    for (const body of bodies) assertReadAlike({ read }, body);
    assertReadAlike({ read }, `${JSON.stringify(step)}\r\n${JSON.stringify(step)}\n`, "ndjson");
    assert.equal(generally(), 0);
  });

  test("keep one item from the others: only what is unusual is read the general way", () => {
    const { read, generally } = pairOf();
    const step = (id: string, more: object = {}) => ({
      ...{ id, run: "r", occurredAt: "2026-11-10T10:00:00Z", kind: "tool", ...more },
    });
    const body = [step("1"), step("2", { usage: { seconds: 0.5 } }), step("3", { tool: "ß" })];
    assertReadAlike({ read }, JSON.stringify([...body, step("4")]));
    // Two of them, and the body is read as text and as bytes.
    assert.equal(generally(), 2 * 2);
  });

  test("begin their names anew where these have become many", () => {
    const small = pairOf({ maxEntries: 5 });
    fc.assert(
      fc.property(items, (some) => {
        assertReadAlike(small, `[${some.join(",")}]`);
      }),
      { numRuns: 500, ...KEPT },
    );
  });

  test("find their names also where many share one place", () => {
    const { read } = pairOf({ maxEntries: 40 });
    const steps = Array.from({ length: 200 }, (_, at) => ({
      ...{ id: `${at}`, run: `run ${at % 60}`, customer: `c${at % 50}`, kind: "custom" },
      ...{ occurredAt: "2026-11-10T10:00:00Z", labels: { at: `${at % 45}` } },
    }));
    for (let times = 0; times < 3; times += 1) assertReadAlike({ read }, JSON.stringify(steps));
  });

  test("may be longer than the room that is kept, and hold as many events as are allowed", () => {
    const { read } = pairOf();
    const step = (at: number) => ({
      ...{ id: `${at}-${"x".repeat(150)}`, run: "r", kind: "custom", model: "m".repeat(190) },
      ...{ occurredAt: "2026-11-10T10:00:00Z", tool: "t".repeat(190), agent: "a".repeat(190) },
    });
    for (const count of [999, 1_000, 1_001]) {
      const all = Array.from({ length: count }, (_, at) => step(at));
      assertReadAlike({ read }, JSON.stringify(all));
      assertReadAlike({ read }, all.map((one) => JSON.stringify(one)).join("\n"), "ndjson");
    }
  });
});
