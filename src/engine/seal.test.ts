import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../compose.ts";
import { journalText } from "../domain/event/codec.ts";
import type { JournalEntry } from "../domain/event/journal.ts";
import { sealedStep } from "../domain/event/step-text.ts";
import { stepRow } from "../store/sample-rows-contract.ts";
import { CHAIN_START, sealLink } from "./seal.ts";

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
      const lines = [CHAIN_START, `t1\u001f${NOW_MS}`, ...texts.map(({ text }) => text)];
      const before = { lastSeq: 0, digest: CHAIN_START, committedAtMs: 0 };
      const { link, steps: sealed } = sealLink(nodeDigest, before, {
        nowMs: NOW_MS,
        steps,
        // They come in any order.
        journal: journal.toReversed(),
        former: { formerRuns: [], formerOutcomes: [] },
        lastSeq: unit.length,
      });
      assert.equal(link?.digest, nodeDigest.sha256(lines.join("\n")));
      assert.equal(sealed.bytes !== null, steps.length > 0 && run === "r1");
    }),
  );
});
