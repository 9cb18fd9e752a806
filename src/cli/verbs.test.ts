import assert from "node:assert/strict";
import { test } from "node:test";
import type { Arguments, Surroundings } from "./command.ts";
import { commandOfVerbs, type Verb } from "./verbs.ts";

const done: string[] = [];

function verb(form: string): Verb {
  const run = async (_: unknown, words: readonly string[]) => {
    done.push([form.split(" ")[0], ...words].join(" "));
    return 0;
  };
  return { form, run };
}

const verbs = ["list", "set FILE", "limit KEY SCOPE [LIMIT]", "route KEY TARGET…"].map(verb);
const command = commandOfVerbs({ name: "budget", summary: "Limits", options: {}, verbs });
const here = { environment: {} } as Surroundings;

/** What comes of words: what was done, or the refusal. */
async function said(line: string): Promise<string> {
  const positionals = line === "" ? [] : line.split(" ");
  const args: Arguments = { positionals, options: { url: "http://127.0.0.1:1", key: "k" } };
  try {
    await command.run(args, here);
    return done.pop() ?? "";
  } catch (error) {
    return (error as Error).message;
  }
}

test("a verb gets as many words as its form says", async () => {
  assert.equal(await said("set budgets.yaml"), "set budgets.yaml");
  assert.equal(await said("limit a acme"), "limit a acme");
  assert.equal(await said("limit a acme 5"), "limit a acme 5");
  assert.equal(await said("route a x y z"), "route a x y z");
  assert.equal(await said(""), "list", "the first one is meant where none is named");
});

test("words that do not fit their verb's form are told it, and what is wrong", async () => {
  assert.equal(await said("set"), "It is tollgate budget set FILE: FILE is missing.");
  assert.equal(await said("set a b"), 'It is tollgate budget set FILE, without "b".');
  const limit = "It is tollgate budget limit KEY SCOPE [LIMIT]";
  assert.equal(await said("limit a"), `${limit}: SCOPE is missing.`);
  assert.equal(await said("limit a b c d"), `${limit}, without "d".`);
  assert.match(await said("route a"), /route KEY TARGET…: TARGET… is missing\.$/);
  assert.match(await said("list x"), /list, without "x"\.$/);
});

test("a verb that there is not is refused with all that there are", async () => {
  const forms = "tollgate budget list | set FILE | limit KEY SCOPE [LIMIT] | route KEY TARGET….";
  assert.equal(await said("none"), `There is no "none" of budget; it is ${forms}`);
  assert.equal(`tollgate budget ${command.positionals}.`, forms);
});
