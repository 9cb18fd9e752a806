import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countedValue, type ExportLine, type LineState } from "./export-line.ts";
import { plannedAnew, supersededBy, voidedByHand } from "./outbox.ts";
import { hasLaterTotal, resolveWindow } from "./resolve-window.ts";

type Told = readonly [value: bigint, state: LineState];

function linesOf(told: readonly Told[]): ExportLine[] {
  let total = 0n;
  return told.map(([value, state], at) => {
    total += value;
    return { key: String(at), no: at, value, state, note: "", windowTotal: total } as ExportLine;
  });
}

const DELTA = { values: "delta" } as const;
const ABSOLUTE = { values: "absolute" } as const;

test("a sum tells which lines arrived where one answer alone makes it", () => {
  const lines = linesOf([
    [5n, "confirmed"],
    [3n, "unknown"],
    [4n, "accepted"],
  ]);
  const both = resolveWindow(lines, 12n, DELTA);
  assert.deepEqual([...both.found.values()], ["present", "present"]);
  assert.equal(both.drift, 0n);
  assert.deepEqual(
    [...resolveWindow(lines, 9n, DELTA).found],
    [
      ["1", "absent"],
      ["2", "present"],
    ],
  );
  const other = resolveWindow(lines, 10n, DELTA);
  assert.deepEqual([...other.found.values()], ["unclear", "unclear"]);
  assert.equal(other.drift, 1n);
});

test("of two lines of one value one is missing: it is told again under another key", () => {
  const lines = linesOf([
    [3n, "unknown"],
    [3n, "unknown"],
  ]);
  const one = [...resolveWindow(lines, 3n, DELTA).found.values()];
  assert.deepEqual(one.toSorted(), ["present", "refused"]);
  assert.deepEqual([...resolveWindow(lines, 6n, DELTA).found.values()], ["present", "present"]);
  assert.deepEqual([...resolveWindow(lines, 0n, DELTA).found.values()], ["absent", "absent"]);
});

test("a sum is never read as lines that do not make it", () => {
  const anyTold: fc.Arbitrary<Told[]> = fc.array(
    fc.tuple(
      fc.bigInt({ min: -5n, max: 9n }),
      fc.constantFrom<LineState>("unknown", "accepted", "confirmed", "rejected", "superseded"),
    ),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(anyTold, fc.bigInt({ min: -9n, max: 60n }), (told, theirs) => {
      const lines = linesOf(told);
      const { found } = resolveWindow(lines, theirs, DELTA);
      if ([...found.values()].some((one) => one === "unclear")) return;
      const present = lines.filter(({ key, state }) => {
        return state === "confirmed" || found.get(key) === "present";
      });
      if (found.size === 0) return;
      assert.equal(
        present.reduce((sum, { value }) => sum + value, 0n),
        theirs,
      );
    }),
  );
});

test("where a window overwrites, the total tells how far its lines came", () => {
  const lines = linesOf([
    [5n, "confirmed"],
    [3n, "unknown"],
    [4n, "unknown"],
  ]);
  assert.deepEqual([...resolveWindow(lines, 8n, ABSOLUTE).found.values()], ["present", "absent"]);
  assert.deepEqual([...resolveWindow(lines, 12n, ABSOLUTE).found.values()], ["present", "present"]);
  assert.deepEqual([...resolveWindow(lines, 5n, ABSOLUTE).found.values()], ["absent", "absent"]);
  const unsent = linesOf([
    [5n, "unknown"],
    [-5n, "ready"],
  ]);
  assert.deepEqual([...resolveWindow(unsent, 0n, ABSOLUTE).found.values()], ["absent"]);
  const other = resolveWindow(lines, 7n, ABSOLUTE);
  assert.deepEqual([...other.found.values()], ["unclear", "unclear"]);
  assert.equal(other.drift, 2n);
});

test("where a window is spread over two of their names, the newest of each counts", () => {
  const names = ["a", "a", "b"];
  const values = [5n, 8n, 4n];
  const told = ({ key }: ExportLine) => {
    return { place: names[Number(key)] ?? "", value: values[Number(key)] ?? 0n };
  };
  const lines = linesOf([
    [5n, "confirmed"],
    [3n, "unknown"],
    [4n, "accepted"],
  ]);
  const found = (theirs: bigint) => [
    ...resolveWindow(lines, theirs, { values: "absolute", told }).found.values(),
  ];
  assert.deepEqual(found(12n), ["present", "present"]);
  assert.deepEqual(found(9n), ["absent", "present"]);
  assert.deepEqual(found(8n), ["present", "absent"]);
  assert.deepEqual(found(7n), ["unclear", "unclear"]);
});

test("refused lines are given up in any order: what counts then is the newest total there", () => {
  const anyTold = fc.array(
    fc.tuple(
      fc.bigInt({ min: -5n, max: 9n }),
      fc.constantFrom<LineState>("confirmed", "rejected", "ready"),
    ),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(anyTold, fc.infiniteStream(fc.nat({ max: 7 })), (told, picks) => {
      let lines = linesOf(told);
      const standing = lines.findLast(({ state }) => state === "confirmed")?.windowTotal ?? 0n;
      for (;;) {
        const open = lines.filter(({ state }) => state === "rejected" || state === "ready");
        const line = open[(picks.next().value ?? 0) % open.length];
        if (line === undefined) break;
        const isTold = hasLaterTotal(line, lines);
        const now = isTold === true ? voidedByHand(line, "it has it") : plannedAnew(line);
        lines = lines.map((one) => (one.key === line.key ? now : one));
      }
      assert.equal(
        lines.reduce((sum, line) => sum + countedValue(line), 0n),
        standing,
      );
    }),
  );
});

test("a line in another's place is told by a total that came after the first of them", () => {
  const [first, second] = linesOf([
    [3n, "rejected"],
    [4n, "confirmed"],
  ]) as [ExportLine, ExportLine];
  const again = { ...first, key: "2", no: 2, windowTotal: 7n };
  const lines = [supersededBy(first, "2"), second, again];
  assert.equal(hasLaterTotal(again, lines), true);
  assert.equal(hasLaterTotal(again, [second, again]), false);
  assert.equal(hasLaterTotal(again, [...lines, { ...second, state: "unknown" }]), null);
});
