/** What verification finds of a history that was played over rows which passed the engine by. */
import { CARDS, PRICES } from "../../src/store/play-contract.ts";
import { BUDGETS } from "../../src/store/sample-budgets-contract.ts";
import type { Finding } from "../../src/store/verify/findings.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

/** The histories begin with rows that no journal entry is of. */
const UNJOURNALLED: ReadonlySet<string> = new Set([
  ...CARDS.map(({ id }) => `rate_cards w/${id}`),
  ...PRICES.map(({ id }) => `price_versions w/${id}`),
  ...BUDGETS.map(({ id }) => `budgets w/${id}`),
]);

/** Findings in a data folder, but for those. */
export function findingsOfHistory(dataDir: string): Finding[] {
  const { findings } = verifyDataFolder(dataDir);
  return findings.filter(({ table, key, problem }) => {
    return problem !== "is not in the journal" || !UNJOURNALLED.has(`${table} ${key}`);
  });
}
