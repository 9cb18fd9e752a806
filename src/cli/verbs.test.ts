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

test("what fits no form is refused with all of them", async () => {
  const forms = "tollgate budget list | set FILE | limit KEY SCOPE [LIMIT] | route KEY TARGET….";
  for (const line of ["set", "set a b", "limit a", "limit a b c d", "route a", "none", "list x"]) {
    assert.equal(await said(line), forms, line);
  }
  assert.equal(`tollgate budget ${command.positionals}.`, forms);
});
