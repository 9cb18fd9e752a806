/**
 * The rules of STYLE.md, as tests. Each rule is a sentence, looks at the whole tree and names the
 * places that break it; each is first proven on snippets that it must refuse and accept.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EXPORT_RULES } from "./export-rules.ts";
import { IMPORT_RULES } from "./import-rules.ts";
import { LANGUAGE_RULES } from "./language-rules.ts";
import { PROJECT_RULES } from "./project-rules.ts";
import { SIZE_RULES } from "./size-rules.ts";
import { type Finding, type Rule, readTree, treeOf } from "./tree.ts";

/** Places that may break a rule. Each needs a reason, and goes when it is no longer needed. */
const EXCEPTIONS: readonly { rule: string; path: string; count: number; reason: string }[] = [
  {
    rule: "no function takes more than 3 positional parameters",
    path: "src/domain/errors.ts",
    count: 1,
    reason: "TollgateError keeps the order of Error(message, options) behind code and field",
  },
  {
    rule: "every export of src is used by the product, or in the domain at least by a test",
    path: "src/ingest/price-list/write-document.ts",
    count: 1,
    reason: "the writer of our own price form proves that its reader loses nothing (round trip)",
  },
  {
    rule: "every export of src is used by the product, or in the domain at least by a test",
    path: "src/store/verify/verify-data-folder.ts",
    count: 1,
    reason: "a test alters a row of every table on this list and compares it with the schema",
  },
  {
    rule: "the product imports only Node and its declared runtime dependencies",
    path: "src/cli/demo/vendor-sdks.ts",
    count: 4,
    reason: "the demo's agent uses the vendors' real SDKs, loaded on demand; one missing is told",
  },
  {
    rule: "no import climbs three folders",
    path: "src/cli/demo/sdk.ts",
    count: 1,
    reason: "the SDK is a package beside src, and the demo's agents use it as every other does",
  },
  {
    rule: "only the CLI, benchmarks, examples and tests print to the console",
    path: "sdk/src/problem.ts",
    count: 1,
    reason: "an application that takes no problems must still see that events were lost",
  },
];

const RULES = [
  ...SIZE_RULES,
  ...LANGUAGE_RULES,
  ...IMPORT_RULES,
  ...EXPORT_RULES,
  ...PROJECT_RULES,
];

const tree = readTree(join(import.meta.dirname, "../.."));

/** What a rule finds in the tree, without what is excepted; a stale exception is a finding. */
function judge(rule: Rule): Finding[] {
  const findings = rule.find(tree);
  const excepted = EXCEPTIONS.filter((exception) => exception.rule === rule.name);
  const stale = excepted.filter(
    ({ path, count }) => findings.filter((finding) => finding.path === path).length !== count,
  );
  return [
    ...findings.filter(({ path }) => !excepted.some((exception) => exception.path === path)),
    ...stale.map(({ path }) => ({ path, line: 1, message: "its exception no longer fits" })),
  ];
}

function listed(findings: readonly Finding[]): string {
  return findings.map(({ path, line, message }) => `\n  ${path}:${line}  ${message}`).join("");
}

describe("the tree is tidy:", () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      const findings = judge(rule);
      assert.ok(findings.length === 0, `${rule.name}${listed(findings)}`);
    });
  }
});

describe("a rule can fail and can pass:", () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      assert.ok(rule.refuses.length > 0 && rule.accepts.length > 0);
      for (const snippet of rule.refuses) {
        assert.ok(rule.find(treeOf(snippet)).length > 0, `accepts ${JSON.stringify(snippet)}`);
      }
      for (const snippet of rule.accepts) {
        assert.equal(listed(rule.find(treeOf(snippet))), "", `refuses ${JSON.stringify(snippet)}`);
      }
    });
  }

  test("the rules look at the whole repository", () => {
    const paths = new Set(tree.map(({ path }) => path));
    for (const path of ["package.json", "src/domain/errors.ts", "test/tidy/tidy.test.ts"]) {
      assert.ok(paths.has(path), path);
    }
  });

  test("a finding names its file and line", () => {
    const rule = RULES.find(({ name }) => name === "nothing is typed any");
    const found = rule?.find(treeOf({ "src/x.ts": "const a = 1;\n\nconst b: any = a;" }));
    assert.equal(listed(found ?? []), "\n  src/x.ts:3  any; say unknown and narrow it");
  });

  test("every exception has a reason and a rule", () => {
    for (const { rule, reason } of EXCEPTIONS) {
      assert.ok(RULES.some(({ name }) => name === rule) && reason.length > 20, rule);
    }
  });
});
