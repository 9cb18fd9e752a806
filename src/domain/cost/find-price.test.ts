import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PRICE_LOOKUPS_MAX_COUNT } from "../limits.ts";
import { type FoundPrice, PriceCatalog, subjectOf } from "./find-price.ts";
import { entryOf, factsOf, periodOf, ratesOf, versionOf } from "./price-fixtures.test.ts";

const AT_MS = Date.parse("2026-11-01T00:00:00Z");

/** `exact 0 model-1`: how it matched, in which version, which entry. */
function told(found: FoundPrice): string {
  if ("entry" in found) return `${found.match} ${found.versionId} ${found.entry.subject}`;
  return "suggestion" in found ? `prefix ${found.suggestion}` : "none";
}

function find(catalog: PriceCatalog, subject: string | null, provider: string | null = "acme") {
  return told(catalog.find({ provider, subject }, AT_MS));
}

describe("a price is found", () => {
  const catalog = new PriceCatalog([
    versionOf(0, { entries: [entryOf({ aliases: ["one", "Big/One"], prefixes: ["uno-"] })] }),
  ]);

  it("by exact id, by declared alias and by dated snapshot of either, without case", () => {
    assert.equal(find(catalog, "model-1"), "exact 0 model-1");
    assert.equal(find(catalog, "MODEL-1"), "exact 0 model-1");
    assert.equal(find(catalog, "big/one"), "alias 0 model-1");
    assert.equal(find(catalog, "model-1-2026-01-31"), "snapshot 0 model-1");
    assert.equal(find(catalog, "one@20260131"), "snapshot 0 model-1");
  });

  it("never by a beginning, which is only suggested", () => {
    assert.equal(find(catalog, "model-1-5"), "prefix model-1");
    assert.equal(find(catalog, "uno-3"), "prefix model-1");
    assert.equal(find(catalog, "model-1-mini-20260131"), "prefix model-1");
    assert.equal(find(catalog, "two"), "none");
    assert.equal(find(catalog, "model"), "none");
  });

  it("only at its own provider", () => {
    assert.equal(find(catalog, "model-1", "other"), "none");
    assert.equal(find(catalog, "model-1", null), "none");
    assert.equal(find(catalog, "model-1", "acme.chat"), "none");
  });

  it("as the same object each time, so that the hot path allocates nothing", () => {
    const key = { provider: "acme", subject: "model-1" };
    assert.equal(catalog.find(key, AT_MS), catalog.find(key, AT_MS + 1));
  });
});

describe("a provider before a slash", () => {
  const catalog = new PriceCatalog([
    versionOf(0, {
      entries: [
        entryOf({ provider: "openai", subject: "gpt-x" }),
        entryOf({ provider: "openrouter", subject: "openai/gpt-x" }),
        entryOf({ provider: "local", subject: "lookup_order" }),
      ],
    }),
  ]);

  it("counts where the step names no provider, or the same one", () => {
    assert.equal(find(catalog, "openai/gpt-x", null), "exact 0 gpt-x");
    assert.equal(find(catalog, "openai/gpt-x", "openai"), "exact 0 gpt-x");
  });

  it("does not replace the provider of the step", () => {
    assert.equal(find(catalog, "openai/gpt-x", "openrouter"), "exact 0 openai/gpt-x");
    assert.equal(find(catalog, "openai/gpt-x", "groq"), "none");
  });

  it("is not guessed: without provider a bare name is one's own tool", () => {
    assert.equal(find(catalog, "gpt-x", null), "none");
    assert.equal(find(catalog, "lookup_order", null), "exact 0 lookup_order");
  });
});

describe("hosts of other makers' models", () => {
  const catalog = new PriceCatalog([
    versionOf(0, {
      entries: [entryOf({ provider: "openai", subject: "gpt-x", aliases: ["gpt-x-2026-01-01"] })],
    }),
    versionOf(1, { entries: [entryOf({ provider: "azure", subject: "gpt-y" })] }),
  ]);

  it("charge the maker's price where they have none of their own", () => {
    assert.equal(find(catalog, "gpt-x", "azure.ai.openai"), "exact 0 gpt-x");
    assert.equal(find(catalog, "gpt-x", "cloudflare"), "none");
  });

  it("charge their own price first, also for a snapshot that the maker declares", () => {
    const own = versionOf(2, { entries: [entryOf({ provider: "azure", subject: "gpt-x" })] });
    const with2 = new PriceCatalog([
      versionOf(0, {
        entries: [entryOf({ provider: "openai", subject: "gpt-x", aliases: ["gpt-x-2026-01-01"] })],
      }),
      own,
    ]);
    assert.equal(find(with2, "gpt-x-2026-01-01", "azure"), "snapshot 2 gpt-x");
  });
});

describe("of several versions", () => {
  const seed = versionOf(0, { entries: [entryOf({ aliases: ["one"] })] });
  const later = versionOf(1, { effectiveFromMs: AT_MS, entries: [entryOf()] });

  it("the newest that applies at the step's time prices it", () => {
    const catalog = new PriceCatalog([later, seed]);
    const key = { provider: "acme", subject: "model-1" };
    assert.equal(told(catalog.find(key, AT_MS - 1)), "exact 0 model-1");
    assert.equal(told(catalog.find(key, AT_MS)), "exact 1 model-1");
  });

  it("the latest start wins, then the highest id", () => {
    const catalog = new PriceCatalog([
      later,
      versionOf(2),
      versionOf(3, { effectiveFromMs: AT_MS }),
    ]);
    assert.equal(find(catalog, "model-1"), "exact 3 model-1");
  });

  it("an imported price of a subject counts for the aliases that an older version declares", () => {
    assert.equal(find(new PriceCatalog([seed, later]), "one"), "alias 1 model-1");
  });

  it("one that has no entry for the subject leaves it to an older one", () => {
    const other = versionOf(5, { entries: [entryOf({ subject: "model-2" })] });
    assert.equal(find(new PriceCatalog([seed, other]), "model-1"), "exact 0 model-1");
  });

  it("an older exact entry wins over a newer snapshot match of another subject", () => {
    const dated = versionOf(0, { entries: [entryOf({ subject: "model-1-2024-05-13" })] });
    const catalog = new PriceCatalog([dated, versionOf(1)]);
    assert.equal(find(catalog, "model-1-2024-05-13"), "exact 0 model-1-2024-05-13");
  });

  it("one whose rates start later leaves the step to an older one", () => {
    const future = periodOf(ratesOf({ input_uncached: "1" }), { effectiveFromMs: AT_MS + 1 });
    const scheduled = versionOf(1, { entries: [entryOf({ periods: [future] })] });
    const catalog = new PriceCatalog([seed, scheduled]);
    const key = { provider: "acme", subject: "model-1" };
    assert.equal(told(catalog.find(key, AT_MS)), "exact 0 model-1");
    assert.equal(told(catalog.find(key, AT_MS + 1)), "exact 1 model-1");
  });
});

describe("what a step asks for", () => {
  it("is its model, of a tool step its tool, else the provider's default service", () => {
    assert.equal(subjectOf(factsOf({ tool: "search" })), "model-1");
    assert.equal(subjectOf(factsOf({ kind: "tool", tool: "search" })), "search");
    assert.equal(subjectOf(factsOf({ kind: "tool", model: null, tool: null })), null);
    const pinecone = entryOf({ provider: "pinecone", subject: "serverless", aliases: ["default"] });
    const catalog = new PriceCatalog([versionOf(0, { entries: [pinecone] })]);
    const facts = factsOf({ kind: "retrieval", provider: "pinecone", model: null });
    assert.equal(told(catalog.findForStep(facts, AT_MS)), "alias 0 serverless");
  });
});

describe("names from outside", () => {
  it("cannot reach what objects inherit", () => {
    const catalog = new PriceCatalog([versionOf(0)]);
    for (const name of ["__proto__", "constructor", "toString"]) {
      assert.equal(find(catalog, name), "none");
      assert.equal(find(catalog, "model-1", name), "none");
    }
  });

  it("are remembered up to a limit, then resolved afresh, and found just the same", () => {
    const catalog = new PriceCatalog([versionOf(0)]);
    const known = () => catalog.find({ provider: "acme", subject: "model-1" }, AT_MS);
    const first = known();
    for (let n = 1; n < PRICE_LOOKUPS_MAX_COUNT; n += 1) find(catalog, `x${n}`);
    assert.equal(known(), first);
    find(catalog, "one too many");
    assert.notEqual(known(), first);
    assert.equal(told(known()), told(first));
  });
});
