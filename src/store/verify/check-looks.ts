/**
 * Looks at customers that units of work left on record: each is of an entry that leaves some, which
 * come one after the other, so none of them was passed over.
 */
import type { Acts } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import { keyText } from "./findings.ts";

/** Where looks have come to in a workspace. */
interface Place {
  readonly due: number;
  /** Whether it was the entry's last look. */
  readonly isOver: boolean;
}

/** Checks the acts that put looks on record. */
export function checkLooks(file: DataFile, acts: Acts): void {
  const due = new Map<number, number[]>();
  for (const { ws, seq } of acts.all("alert.look_due")) due.set(ws, [...(due.get(ws) ?? []), seq]);
  const places = new Map<number, Place>();
  for (const { ws, seq, document } of acts.all("alert.looked")) {
    const { due: dueSeq, isOver } = places.get(ws) ?? { due: 0, isOver: true };
    const next = isOver ? due.get(ws)?.find((one) => one > dueSeq) : dueSeq;
    const isNext = document.due === next && next !== undefined && next < seq;
    const problem = "looks after what was not due next";
    file.findings.expect(isNext, ["journal", keyText(file.workspace(ws), seq), problem]);
    places.set(ws, { due: Number(document.due), isOver: document.after === null });
  }
}
