/** The acts of the demo, in order. Each prints what it does and only numbers that were answered. */
import { assert } from "../../domain/assert.ts";
import { formatMoney } from "../render/money.ts";
import { type CardView, renderRateCard } from "../render/rate-card.ts";
import { addsUp, renderComparison } from "../render/run-comparison.ts";
import { costText } from "../render/run-tree-rows.ts";
import type { RunView } from "../render/run-view.ts";
import type { SupportTask } from "./agent/support-agent.ts";
import { FIRST_CARD, readCard, SECOND_CARD } from "./card-files.ts";
import { type DemoWorld, heading, type Performed, perform, say } from "./demo-world.ts";
import type { SentEvent } from "./tollgate-api.ts";

const TICKET: SupportTask = {
  scenario: "ticket",
  question: "Where is my order A-20417? It was promised for the 6th. I want my money back.",
  maxTurns: 8,
  isStreaming: true,
};
/** Applies the first card: from now on work has a charge as well as a cost. */
export async function applyFirstCard(world: DemoWorld): Promise<CardView> {
  const { card, path } = await readCard(FIRST_CARD);
  await world.api.applyRateCard(card);
  heading(world, `1  The rate card "${card.key}" is in force (${path})`);
  say(world, ...renderRateCard(card, null, world.styles));
  return card;
}

/** A ticket with a sub-agent, retries and a broken stream. */
export async function workOnTicket(world: DemoWorld): Promise<Performed> {
  heading(
    world,
    "2  An agent works on a ticket: tools, retrieval, a sub-agent, failures on the way",
  );
  const done = await perform(world, { run: "acme-ticket-1", customer: "acme", task: TICKET });
  sayAddsUp(world, done.view);
  return done;
}

/** Everything is sent a second time, then once more by another witness. */
export async function sendAgain(world: DemoWorld, { view, sent }: Performed): Promise<void> {
  heading(world, "3  The same work is reported again, and by a second witness");
  const again = await world.api.sendEvents(sent);
  const calls = sent.filter(({ callId }) => callId !== undefined);
  const seenByOther = await world.api.sendEvents(calls.map(asSeenByTracer));
  const after = await world.api.run(view.run);
  const { cost, charge } = after.totals.tree;
  const isSame = cost === view.totals.tree.cost && charge === view.totals.tree.charge;
  assert(isSame, "what was counted once is not counted again");
  say(
    world,
    `All ${sent.length} events sent again: ${tally(again)}.`,
    `${calls.length} of the calls seen by a tracer as well: ${tally(seenByOther)}.`,
    `The run still costs ${costText(after)} and is charged ${formatMoney(charge)}.`,
  );
}

function asSeenByTracer(event: SentEvent, index: number): SentEvent {
  return { ...event, source: "tracer", id: `span-${index + 1}` };
}

/** How often each status was answered: `21 duplicate`. */
function tally(results: readonly { readonly status: string }[]): string {
  const groups = Map.groupBy(results, ({ status }) => status);
  return [...groups].map(([status, all]) => `${all.length} ${status}`).join(", ");
}

/** The second card, and the same ticket under it. */
export async function changeCard(
  world: DemoWorld,
  { card, before }: { readonly card: CardView; readonly before: RunView },
): Promise<void> {
  const { card: next, path } = await readCard(SECOND_CARD);
  await world.api.applyRateCard(next);
  heading(world, `7  A new version of the card, without code (${path})`);
  say(world, ...renderRateCard(next, card, world.styles));
  heading(world, "   The same ticket again");
  const done = await perform(world, { run: "acme-ticket-2", customer: "acme", task: TICKET });
  heading(world, "   What the new card changes for this ticket");
  const titles = [before.run, done.view.run] as const;
  say(world, ...renderComparison({ before, after: done.view, titles }, world.styles));
  const still = await world.api.run(before.run);
  const isKept = still.totals.tree.charge === before.totals.tree.charge;
  assert(isKept, "a new card leaves what is rated alone");
  say(world, `${before.run} keeps its charge of ${formatMoney(still.totals.tree.charge)}.`);
}

function sayAddsUp(world: DemoWorld, view: RunView): void {
  assert(addsUp(view), `the totals of ${view.run} are the sum of its lines`);
  const { steps, unpriced } = view.totals.tree;
  const { dim } = world.styles;
  say(world, dim(`The totals are the sum of ${steps} steps and fees, to the last digit.`));
  if (unpriced === 0) return;
  const names = namesOfUnpriced(view).join(", ");
  say(world, dim(`No price is known for ${names}: its cost is unknown, not zero, hence the ≥.`));
}

function namesOfUnpriced({ steps, children }: RunView): string[] {
  const own = steps.filter(({ costStatus }) => costStatus === "unpriced");
  return [
    ...own.map(({ tool, model }) => tool ?? model ?? ""),
    ...children.flatMap(namesOfUnpriced),
  ];
}
