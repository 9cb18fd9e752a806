/** Writes docs/errors.md from the error catalogue: `node test/tidy/errors-page.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ERRORS } from "../../src/domain/errors.ts";

const HEAD = `# Errors

<!-- Generated from src/domain/errors.ts by \`node test/tidy/errors-page.ts\`. -->

Every failure has a code from this list. A code is API: it never changes its meaning. Over HTTP it
stands in a problem document (RFC 9457) with the status below; inside a batch it stands in the
\`error\` of the event that it concerns, and the other events are not touched.

| code | status | meaning | what to do |
|---|---|---|---|
`;

export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, [status, meaning, remedy]]) => `| \`${code}\` | ${status} | ${meaning} | ${remedy} |\n`,
  );
  return HEAD + rows.join("");
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "../../docs/errors.md"), errorsPage());
}
