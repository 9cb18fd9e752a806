import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../compose.ts";
import type { Overrun } from "../../domain/budget/budget.ts";
import { journalText } from "../../domain/event/codec.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import { sealedStep } from "../../domain/event/step-text.ts";
import { stepRow } from "../../store/sample-rows-contract.ts";
import { CHAIN_START, sealLink } from "./seal.ts";

const BEFORE = { lastSeq: 0, digest: CHAIN_START, committedAtMs: 0 };
const NOW_MS = 1_795_428_000_000;

function entryOf(seq: number, document: string): JournalEntry {
  const identity = { run: "", source: "card.applied", id: `e${seq}` };
  return {
    seq,
    kind: "card.applied",
    ...identity,
    contentHash: "",
    receivedAtMs: NOW_MS,
    document,
  };
}

/** What stands at each seq of a unit: a step, or an entry with this text. */
const anyUnit = fc.array(fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: null }), {
  minLength: 1,
  maxLength: 12,
});

test("a link covers steps and journal entries in the order of their seqs", () => {
  fc.assert(
    fc.property(anyUnit, fc.constantFrom("r1", "café"), (unit, run) => {
      const steps = unit.flatMap((entry, at) =>
        entry === null ? stepRow({ run, id: `s${at}`, seq: at + 1 }) : [],
      );
      const journal = unit.flatMap((entry, at) => (entry === null ? [] : entryOf(at + 1, entry)));
      const texts = [...steps.map((one) => ({ seq: one.seq, text: sealedStep(one).text }))];
      for (const one of journal) texts.push({ seq: one.seq, text: journalText(one) });
      texts.sort((a, b) => a.seq - b.seq);
      const lines = [CHAIN_START, `t2\u001f${NOW_MS}`, ...texts.map(({ text }) => text)];
      const { link, steps: sealed } = sealLink(nodeDigest, BEFORE, {
        nowMs: NOW_MS,
        steps,
        // They come in any order.
        journal: journal.toReversed(),
        beside: { formerRuns: [], formerOutcomes: [], overruns: [] },
        lastSeq: unit.length,
      });
      assert.equal(link?.digest, nodeDigest.sha256(lines.join("\n")));
      assert.equal(sealed.bytes !== null, steps.length > 0 && run === "r1");
    }),
  );
});

test("a link covers what its unit recorded above limits, by seq, in front of its steps", () => {
  const overrun = (seq: number, amount: bigint): Overrun => ({
    ...{ seq, budgetId: 7, scope: "acme", window: "2026-11", cause: "no_hold", amount },
    ...{ run: "r1", source: "sdk", id: "s1" },
  });
  const one = stepRow({ run: "r1", id: "s1", seq: 1 });
  const { link } = sealLink(nodeDigest, BEFORE, {
    ...{ nowMs: NOW_MS, steps: [one], journal: [], lastSeq: 3 },
    beside: { formerRuns: [], formerOutcomes: [], overruns: [overrun(3, -2n), overrun(2, 5n)] },
  });
  const about = ["7", "acme", "2026-11", "r1", "sdk", "s1", "no_hold"];
  const lines = [
    ...[CHAIN_START, `t2\u001f${NOW_MS}`],
    ...[["o1", "2", ...about, "5"].join("\u001f"), ["o1", "3", ...about, "-2"].join("\u001f")],
    sealedStep(one).text,
  ];
  assert.equal(link?.digest, nodeDigest.sha256(lines.join("\n")));
});
