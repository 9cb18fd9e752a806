/** Writes docs/errors.md from the error catalogue: `node test/tidy/errors-page.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ERRORS } from "../../src/domain/errors.ts";

const HEAD = `# Errors

<!-- Generated from src/domain/errors.ts by \`node test/tidy/errors-page.ts\`. -->

Every failure has a code from this list. A code is API: it never changes its meaning. Over HTTP it
stands in a problem document (RFC 9457) with the status below; inside a batch it stands in the
\`error\` of the event that it concerns, and the other events are not touched.

`;

const COLUMNS = ["code", "status", "meaning", "what to do"];

export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, [status, meaning, remedy]]) => {
    return [`\`${code}\``, String(status), meaning, remedy];
  });
  return HEAD + table([COLUMNS, COLUMNS.map(() => ""), ...rows]);
}

/** A table with aligned columns, as the formatter wants it; the second row is the rule. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row, index) => {
    const cells = row.map((cell, column) => {
      return cell.padEnd(widths[column] ?? 0, index === 1 ? "-" : " ");
    });
    return `| ${cells.join(" | ")} |\n`;
  });
  return lines.join("");
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "../../docs/errors.md"), errorsPage());
}
