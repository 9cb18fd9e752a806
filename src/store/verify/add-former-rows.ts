/** Adds what runs and outcomes were at the closes of their periods to what came late for these. */
import { decodeFormerOutcome, decodeFormerRun } from "../former-rows.ts";
import type { Books } from "./books.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";

/** Only versions that ended after the first close, and began before the last one. */
export function addFormerRows(file: DataFile, books: Books): void {
  for (const ws of file.workspaces.keys()) {
    const closes = books.lateCounts.firstAndLastClose(ws);
    if (closes === null) continue;
    for (const table of ["former_runs", "former_outcomes"] as const) {
      const sql = `SELECT * FROM ${table} WHERE ws = ? AND until_seq >= ? AND since_seq < ?`;
      for (const row of file.each(sql, ws, ...closes)) {
        const { run, until_seq } = row as { run: string; until_seq: number };
        const at = { table, key: keyText(file.workspace(ws), run, until_seq) };
        readable(file, at, () => {
          if (table === "former_runs") books.addFormerRun(ws, decodeFormerRun(row), until_seq);
          else books.addFormerOutcome(ws, decodeFormerOutcome(row), until_seq);
        });
      }
    }
  }
}
