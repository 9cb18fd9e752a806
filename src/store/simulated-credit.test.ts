/**
 * What a simulation says that credit pays is what the ledger's statements say, to the last digit,
 * whatever happened to a group's credit; and the card in force comes to the same, sent again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAmount } from "../domain/money/decimal.ts";
import type { BillSum } from "../engine/simulation/bill-customer.ts";
import {
  changingHistory,
  type FamilyHistory,
  FamilyPlayer,
  familyCard,
  familyHistory,
  MEMBERS,
} from "./family-history-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { asSent, simulated } from "./simulation-contract.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const numRuns = isFull ? 2_000 : 20;
const BOUNDED = { runCap: "2", runMinimum: "0.7", minimum: "1.5" };
const WS = "w";

async function played(history: FamilyHistory, terms: object): Promise<FamilyPlayer> {
  const player = new FamilyPlayer(new MemoryStore(), WS, terms);
  await player.play(history);
  await player.engine.settleOutcomes(WS);
  await player.engine.credits.expireDue(WS);
  return player;
}

const paidIn = (bill: BillSum | undefined) => formatAmount(bill?.paidByCredit ?? assert.fail());

/** What statements in force say that credit paid, by customer and period. */
async function stated({ engine }: FamilyPlayer): Promise<Map<string, string>> {
  const paid = new Map<string, string>();
  for (const id of MEMBERS) {
    for (const { period, statementId } of await engine.store.periodsOf(WS, id)) {
      const { document } = (await engine.store.statement(WS, statementId)) ?? assert.fail();
      const { paidByCredit = "0" } = JSON.parse(document) as { readonly paidByCredit?: string };
      paid.set(`${id} ${period.slice(0, MONTH_LENGTH)}`, paidByCredit);
    }
  }
  return paid;
}

const MONTH_LENGTH = "2026-11".length;

/** Returns how many bills credit pays something of, or gives something back for. */
async function assertSame(
  player: FamilyPlayer,
  cards: Parameters<typeof simulated>[2]["cards"],
): Promise<number> {
  const told = new Map<string, string>();
  for (let month = "2026-08"; month <= "2027-12"; month = nextMonth(month)) {
    const of = { cards, from: month, to: month };
    for (const { customer, charged, cards: bills } of (await simulated(player.engine, WS, of))
      .customers) {
      const wanted = cards.map(() => paidIn(charged));
      assert.deepEqual(bills.map(paidIn), wanted, `${customer} in ${month} by the card in force`);
      if (charged.paidByCredit !== 0n) told.set(`${customer} ${month}`, paidIn(charged));
    }
    if (month > new Date(player.clock.now).toISOString()) break;
  }
  await player.closeAll();
  const wanted = [...(await stated(player))].filter(([, paid]) => paid !== "0");
  assert.deepEqual(new Map([...told].sort()), new Map(wanted.sort()), "what statements say");
  return told.size;
}

function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, MONTH_LENGTH);
}

const GIVEN = { isInUnits: false, priority: 0, days: null, charges: null, rolls: false } as const;
const gift = { is: "grant", who: "a", cents: 400, ...GIVEN } as const;
const late = (...ids: number[]) => ({ is: "events", who: "a", ids, daysAgo: 30 }) as const;
const closing = (monthsAgo: number) => ({ is: "close", who: "a", monthsAgo }) as const;
/** What random histories rarely come to. */
const RARE: FamilyHistory[] = [
  // An adjustment was billed in a closed period when its own statement is issued again.
  [
    ...[gift, late(1, 2), closing(1), late(4, 5), closing(0)],
    ...Array.from({ length: 4 }, (_, nth) => ({ is: "reissue", nth }) as const),
  ],
  // A new month begins between two late events, and nothing else happens then.
  [gift, late(1), closing(1), late(2), { is: "days", days: 31 }, { ...late(4), daysAgo: 62 }],
];

for (const [name, terms] of [
  ["", {}],
  [", with bounds of runs", BOUNDED],
] as const) {
  test(`credit is paid as statements say, by cards in force and sent again${name}`, async () => {
    let paid = 0;
    const property = fc.asyncProperty(familyHistory, async (history) => {
      const player = await played(history, terms);
      const again = asSent(familyCard("0.02", terms));
      paid += await assertSame(player, [null, again]);
    });
    await fc.assert(property, { numRuns, examples: RARE.map((one) => [one]) });
    assert.ok(paid > numRuns / 4, `${paid} bills were paid by credit`);
  });
}

test("credit is paid as statements say, also where cards change and rate again", async () => {
  const property = fc.asyncProperty(changingHistory, async (history) => {
    await assertSame(await played(history, {}), [null]);
  });
  await fc.assert(property, { numRuns });
});
