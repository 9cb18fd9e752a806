/**
 * What is kept of attempts for support: each row by its checksum, and by the lines that it says
 * were sent. It is forgotten in time, so of what is gone nothing is said.
 */
import { isUntroubled } from "../../domain/export/attempt.ts";
import { decodeAttempt } from "../stored-export.ts";
import { type Bound, rowText } from "../stored-rows.ts";
import { type DataFile, readable } from "./data-file.ts";
import { checksumOf } from "./digests.ts";
import { keyText } from "./findings.ts";

const ATTEMPTS = "export_attempts";

/** Checks the attempts of every workspace. */
export function checkExportAttempts(file: DataFile): void {
  for (const row of file.rowsOf(ATTEMPTS, "ws, id")) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.id as string);
    const { checksum, ...values } = row;
    const isIntact = checksumOf(rowText(Object.values(values) as Bound[])) === checksum;
    file.findings.expect(isIntact, [ATTEMPTS, key, "does not match its checksum"]);
    const attempt = readable(file, { table: ATTEMPTS, key }, () => decodeAttempt(row));
    if (attempt === undefined) continue;
    const isSo = attempt.isTroubled === !isUntroubled(attempt.lines);
    file.findings.expect(isSo, [ATTEMPTS, key, "went otherwise than its lines say"]);
    const unknown = attempt.lines.filter((line) => !isLine(file, ws, [attempt.target, line.key]));
    const problem = `sent lines that there are not: ${unknown.map((line) => line.key).join(", ")}`;
    file.findings.expect(unknown.length === 0, [ATTEMPTS, key, problem]);
  }
}

function isLine(file: DataFile, ws: number, [target, key]: readonly [string, string]): boolean {
  const sql = "SELECT target FROM export_lines WHERE ws = ? AND key = ?";
  return file.first(sql, ws, key)?.target === target;
}
