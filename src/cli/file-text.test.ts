import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { TollgateError } from "../domain/errors.ts";
import { IMPORT_MAX_BYTES } from "../domain/limits.ts";
import { jsonTextUpTo, textOfFile, textUpTo } from "./file-text.ts";

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

  test("is refused where it is no UTF-8, and where it has to be JSON and is none", async () => {
    const refused = (said: string) => (error: unknown) =>
      error instanceof TollgateError && error.code === "cli.usage" && error.message.includes(said);
    const text = '{"tool":"würfel"}';
    for (const encoding of ["latin1", "utf16le"] as const) {
      writeFileSync(file, Buffer.from(text, encoding));
      // One after the other: one that is refused before it is waited for is nobody's.
      for (const read of [textOfFile, textUpTo, jsonTextUpTo]) {
        const said = `"${file}" is not a text in UTF-8; save it as one.`;
        await assert.rejects(() => read(file, 100), refused(said));
      }
    }
    writeFileSync(file, text);
    assert.equal(await jsonTextUpTo(file, 100), text);
    writeFileSync(file, Buffer.from(`${text}\n{"tool":"🎲`).subarray(0, -1));
    assert.ok((await textOfFile(file)).startsWith(`${text}\n`), "a log may end amid a character");
    await assert.rejects(textUpTo(file, 100), refused("is not a text in UTF-8"));
    writeFileSync(file, '{\n  "a": 1,\n}');
    await assert.rejects(jsonTextUpTo(file, 100), refused(`"${file}" is not JSON: Expected`));
    await assert.rejects(jsonTextUpTo(file, 100), refused("line 3"));
  });

  test("of a bounded kind is read up to its bound, and not a byte beyond", async () => {
    const refused = (said: string) => (error: unknown) =>
      error instanceof TollgateError && error.code === "cli.usage" && error.message === said;
    writeFileSync(file, "\ufeffsechs");
    assert.equal(await textUpTo(file, 8), "sechs");
    const most = "a file of this kind has at most 7. Divide it.";
    await assert.rejects(textUpTo(file, 7), refused(`"${file}" has 8 bytes; ${most}`));
    writeFileSync(file, "");
    assert.equal(await textUpTo(file, 0), "");
  });

  test("without a size and without an end is given up at the bound", async (t) => {
    if (!existsSync("/dev/zero")) return t.skip("this system has no /dev/zero");
    const said = /^"\/dev\/zero" has more than 1000 bytes; a file of this kind has at most 1000\./;
    await assert.rejects(textUpTo("/dev/zero", 1_000), { name: "TollgateError", message: said });
  });
});
