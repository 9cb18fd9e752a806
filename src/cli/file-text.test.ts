import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { TollgateError } from "../domain/errors.ts";
import { IMPORT_MAX_BYTES } from "../domain/limits.ts";
import { textOfFile } from "./file-text.ts";

describe("the text of a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-text-"));
  const file = join(folder, "file");
  after(() => rmSync(folder, { recursive: true }));

  test("is the same packed or not, with a byte order mark or without", async () => {
    const text = '{"tool":"würfel"}\n';
    for (const plain of [text, `\ufeff${text}`]) {
      for (const bytes of [Buffer.from(plain), gzipSync(plain)]) {
        writeFileSync(file, bytes);
        assert.equal(await textOfFile(file), text);
      }
    }
    writeFileSync(file, "");
    assert.equal(await textOfFile(file), "");
  });

  test("is refused where what is packed is cut off, and where it is too large", async () => {
    const refused = (said: RegExp) => (error: unknown) =>
      error instanceof TollgateError && error.code === "cli.usage" && said.test(error.message);
    writeFileSync(file, gzipSync("some text").subarray(0, 20));
    await assert.rejects(textOfFile(file), refused(/cannot be unpacked: unexpected end of file/));
    truncateSync(file, IMPORT_MAX_BYTES + 1);
    await assert.rejects(textOfFile(file), refused(/more than 524288000 bytes of text; split it/));
  });
});
