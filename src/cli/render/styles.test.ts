import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, stylesFor } from "./styles.ts";

test("colours are for a terminal whose user did not refuse them", () => {
  const painted = "\u001b[31mx\u001b[39m";
  assert.equal(stylesFor({ isTTY: true }, {}).red("x"), painted);
  assert.equal(stylesFor({ isTTY: true }, { NO_COLOR: "" }).red("x"), painted);
  assert.equal(stylesFor({ isTTY: true }, { NO_COLOR: "1" }).red("x"), "x");
  assert.equal(stylesFor({ isTTY: false }, {}).red("x"), "x");
  assert.equal(stylesFor({}, {}).red("x"), "x");
});

test("a colour on nothing is nothing", () => {
  assert.equal(stylesFor({ isTTY: true }, {}).bold(""), "");
});

test("text from outside cannot steer the terminal", () => {
  assert.equal(printable("a\u001b[2Jb\r\nc\u0007"), "a�[2Jb��c�");
  assert.equal(printable("\u202egpj.exe"), "�gpj.exe");
  assert.equal(printable("Zoë · 東京"), "Zoë · 東京");
});
