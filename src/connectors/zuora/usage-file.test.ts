import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filesOf, multipartOf, nameAlone, nameOf, rowOf } from "./usage-file.ts";

const KEY = "0b7c1c9e-5f0a-8d2b-9c3d-4e5f60718293";

test("a file's bytes are those that curl sends for it", () => {
  const name = nameAlone({ key: KEY, attempts: 2 });
  assert.equal(name, "tg-0b7c1c9e5f0a8d2b9c3d4e5f60718293-2.csv");
  const { type, body } = multipartOf(["A,Each,1,11/04/2026,11/04/2026,S,C,k"], name);
  const boundary = /^multipart\/form-data; boundary=(tollgate-[0-9a-f]{32})$/.exec(type)?.[1];
  assert.equal(
    body,
    `--${boundary}\r\n` +
      `Content-Disposition: form-data; name="file"; filename="${name}"\r\n` +
      "Content-Type: text/csv\r\n\r\n" +
      "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\r\n" +
      "A,Each,1,11/04/2026,11/04/2026,S,C,k\r\n" +
      `\r\n--${boundary}--\r\n`,
  );
});

test("what would break a row is quoted", () => {
  const names = { account: 'A "1"', uom: "a,b", subscription: "S", charge: "C" };
  const row = { ...names, quantity: "1", days: ["2026-11-04", "2026-11-05"], description: "k\nk" };
  assert.equal(rowOf(row, "MM/DD/YYYY"), '"A ""1""","a,b",1,11/04/2026,11/05/2026,S,C,"k\nk"');
});

test("each line is in one file, and alone after four tries", () => {
  const lines = fc.array(fc.record({ key: fc.uuid(), attempts: fc.integer({ min: 0, max: 9 }) }), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(lines, (given) => {
      const files = filesOf(given);
      assert.deepEqual(new Set(files.flat()), new Set(given));
      assert.equal(files.flat().length, given.length);
      for (const file of files) {
        const most = Math.max(...file.map(({ attempts }) => attempts));
        const bound = [2000, 2000, 200, 20, 2][most] ?? 1;
        assert.ok(file.length <= bound);
        assert.ok(nameOf(file).length <= 50);
      }
    }),
  );
});
