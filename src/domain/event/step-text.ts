/**
 * A step as text: what its checksum and the hash chain cover, and what the embedded store keeps.
 * It is compact because there are as many as steps: enumerations are one character each, usual
 * values are empty, instants are in base 36. Fields end with a character that no id may hold.
 *
 * The text has four parts, so that a store may keep those that repeat once: the key, the facets
 * (who and what), the body (numbers) and the labels.
 */
import { present } from "../assert.ts";
import { toBase36 } from "../base36.ts";
import type { Quantity } from "../money/decimal.ts";
import { formatAmount, formatQuantity, parseAmount, parseQuantity } from "../money/decimal.ts";
import type { Identity, Labels } from "./event.ts";
import { COMPLETENESS, PAYERS, ROLES, STEP_KINDS, STEP_STATUSES } from "./event.ts";
import type { ChargeShare, CostStatus, Step } from "./step.ts";
import { chargedBy } from "./trial-cell.ts";
import { BUCKETS_BY_CODE, bucketHead, type Usage } from "./usage.ts";

/** Ends every field of a step's text. */
export const END = "\u001f";
/** Begins every text. */
export const VERSION = "s1";
const COST_STATUSES: readonly CostStatus[] = ["priced", "partial", "unpriced", "none"];
const STANDARD_TIER = "standard";

/** Where a step stands: known to a store from the row's key and its run. */
export interface StepPlace extends Identity {
  readonly customer: string;
  readonly seq: number;
}

/** A step's text without its key. */
export interface StepParts {
  /** Agent, provider, model, tool and tier: few different ones. */
  readonly facets: string;
  /** Numbers, hash and amounts: its own for every step. */
  readonly body: string;
  /** Labels as JSON, or "". */
  readonly labels: string;
}

/** The whole text of a step in its place. */
export function textOfParts({ run, source, id, customer, seq }: StepPlace, p: StepParts): string {
  const key = `${VERSION}${END}${seq}${END}${run}${END}${source}${END}${id}${END}${customer}`;
  return `${key}${END}${p.facets}${END}${p.body}${END}${p.labels}`;
}

/** The whole text of a step. */
export function stepText(step: Step): string {
  return textOfParts(step, partsOfStep(step));
}

/** The parts of a step's text; `stepOfParts` makes the step of them again. */
export function partsOfStep(step: Step): StepParts {
  return {
    facets: facetsOf(step),
    body: bodyOf(step),
    labels: labelsOf(step),
  };
}

/** Labels written last: steps that state the same share one object, and it never changes. */
let lastLabels: { readonly of: Labels | null; readonly text: string } = { of: null, text: "" };

/** Labels of a step as its text states them. */
export function labelsOf({ labels }: Step): string {
  if (labels === lastLabels.of) return lastLabels.text;
  const text = labels === null ? "" : JSON.stringify(labels);
  lastLabels = { of: labels, text };
  return text;
}

type Facets = Pick<Step, "agent" | "provider" | "model" | "tool" | "tier">;

/**
 * Facets written last, by their model or tool. Few differ, and one text for many steps is found in
 * every map without being read again.
 */
const lastFacets = new Map<string, { readonly of: Facets; readonly text: string }>();
const LAST_FACETS_MAX_COUNT = 1_000;

/** Who and what of a step as its text states them. */
export function facetsOf({ agent, provider, model, tool, tier }: Step): string {
  const place = model ?? tool ?? "";
  const last = lastFacets.get(place);
  if (
    last !== undefined &&
    last.of.agent === agent &&
    last.of.provider === provider &&
    last.of.model === model &&
    last.of.tool === tool &&
    last.of.tier === tier
  ) {
    return last.text;
  }
  const shown = tier === STANDARD_TIER ? "" : tier;
  const who = `${agent ?? ""}${END}${provider ?? ""}${END}${model ?? ""}`;
  const text = `${who}${END}${tool ?? ""}${END}${shown}`;
  if (lastFacets.size >= LAST_FACETS_MAX_COUNT) lastFacets.clear();
  lastFacets.set(place, { of: { agent, provider, model, tool, tier }, text });
  return text;
}

/** A step's text in parts, and whole. */
export interface SealedStep {
  readonly parts: StepParts;
  readonly text: string;
}

/** The text of a step as a link covers it. */
export function sealedStep(step: Step): SealedStep {
  const parts = partsOfStep(step);
  return { parts, text: textOfParts(step, parts) };
}

function bodyOf(step: Step): string {
  const { revision, attempt, occurredAtMs, receivedAtMs, ratedAtMs } = step;
  const codes = codesOf(step);
  const counts = revision === 1 && attempt === 1 ? "" : `${revision}.${attempt}`;
  const rated = ratedAtMs === occurredAtMs ? "" : toBase36(ratedAtMs);
  const times = `${toBase36(occurredAtMs)}${END}${toBase36(receivedAtMs - occurredAtMs)}`;
  const versions = `${step.cardVersionId ?? ""}${END}${step.priceVersionId ?? ""}`;
  return (
    `${codes}${END}${counts}${END}${step.contentHash}${END}${times}${END}${rated}` +
    `${END}${step.period}${END}${usageText(step.usage)}${END}${versions}` +
    `${END}${formatAmount(step.cost)}${END}${sharesText(step.shares)}${rareOf(step)}`
  );
}

/** Facts that few steps have: left out together where all are absent. Begins with an END. */
export function rareOf(step: Step): string {
  const { parentStep, callId, hold, amendedBy, callHash } = step;
  const held = ownHeldLabels(step);
  const hasOne = parentStep !== null || callId !== null || hold !== null || amendedBy !== null;
  if (!hasOne && callHash === undefined && held === "") return "";
  const known = [parentStep, callId, hold, amendedBy];
  // A fifth one only where there is one: texts of before keep their form.
  if (callHash !== undefined) known.push(callHash);
  return `${END}${JSON.stringify(known)}${held}`;
}

/** Labels of a step's hold that differ from its own. A field that versions before do not read. */
function ownHeldLabels({ labels, heldLabels }: Step): string {
  if (heldLabels === undefined || heldLabels === labels) return "";
  return `${END}${JSON.stringify(heldLabels)}`;
}

type Codes = Pick<
  Step,
  | ("kind" | "status" | "completeness" | "payer" | "role" | "costStatus" | "voided")
  | ("namesAgent" | "overruled" | "labels" | "heldLabels")
>;

/**
 * What a step said besides: that it named its agent, that it bills though it is a shadow, and that
 * its labels are those of its hold. One digit more, where it said any of it: versions before go by
 * the first seven, or by what they know of the eighth.
 */
const NAMES_AGENT = 1;
const OVERRULED = 2;
const HELD_LABELS = 4;

function saidCode({ namesAgent, overruled, labels, heldLabels }: Codes): number {
  const isHeld = heldLabels !== undefined && heldLabels === labels;
  const held = isHeld ? HELD_LABELS : 0;
  return (namesAgent ? NAMES_AGENT : 0) + (overruled ? OVERRULED : 0) + held;
}

function saidOfCode(code = "0"): Pick<Codes, "namesAgent" | "overruled"> {
  const said = Number(code);
  return { namesAgent: (said & NAMES_AGENT) !== 0, overruled: (said & OVERRULED) !== 0 };
}

/** Labels of a step, and those of its hold where it has any. */
function labelsOfText(text: string, body: readonly string[]): Pick<Step, "labels" | "heldLabels"> {
  const labels = text === "" ? null : (JSON.parse(text) as Labels);
  const own = body[HELD_LABELS_AT];
  if (own !== undefined) return { labels, heldLabels: JSON.parse(own) as Labels };
  const isHeld = (Number(body[0]?.[7] ?? 0) & HELD_LABELS) !== 0;
  return isHeld && labels !== null ? { labels, heldLabels: labels } : { labels };
}

/** Field of a body behind the rare facts. */
const HELD_LABELS_AT = 13;

/** Codes written last, by their kind: nearly all steps of a kind have the same. */
const lastCodes = new Map<string, { readonly of: KnownCodes; readonly text: string }>();

type KnownCodes = Omit<Codes, "namesAgent" | "overruled" | "labels" | "heldLabels"> & {
  readonly said: number;
};

/** Kind, status and the like, one digit each. */
export function codesOf(step: Codes): string {
  const { kind, status, completeness, payer, role, costStatus, voided } = step;
  const said = saidCode(step);
  const last = lastCodes.get(kind);
  if (
    last !== undefined &&
    last.of.status === status &&
    last.of.completeness === completeness &&
    last.of.payer === payer &&
    last.of.role === role &&
    last.of.costStatus === costStatus &&
    last.of.voided === voided &&
    last.of.said === said
  ) {
    return last.text;
  }
  const states = [STEP_KINDS.indexOf(kind), STEP_STATUSES.indexOf(status)];
  const text = [
    ...[...states, COMPLETENESS.indexOf(completeness), PAYERS.indexOf(payer)],
    ...[ROLES.indexOf(role), COST_STATUSES.indexOf(costStatus), voided ? 1 : 0, said || ""],
  ].join("");
  const of = { kind, status, completeness, payer, role, costStatus, voided, said };
  lastCodes.set(kind, { of, text });
  return text;
}

function usageText(usage: Usage): string {
  let text = "";
  for (const [name, quantity] of usage) {
    text += `${text === "" ? "" : ","}${bucketHead(name)}${formatQuantity(quantity)}`;
  }
  return text;
}

function usageOfText(text: string): Usage {
  if (text === "") return new Map();
  const entries = text.split(",").map((item): [string, Quantity] => {
    const at = item.indexOf("=");
    const name = at < 0 ? BUCKETS_BY_CODE.get(item.slice(0, 1)) : item.slice(0, at);
    const quantity = parseQuantity(item.slice(at < 0 ? 1 : at + 1));
    return [present(name, `bucket of "${item}"`), present(quantity, `quantity of "${item}"`)];
  });
  return new Map(entries);
}

/** Between a charge and its cell; twice between two shares. */
export const SHARE_END = "\u001e";

function sharesText(shares: readonly ChargeShare[]): string {
  let text = "";
  for (const { chargeKey, cell, amount } of shares) {
    const where = cell === "" ? chargeKey : `${chargeKey}${SHARE_END}${cell}`;
    text += `${text === "" ? "" : `${SHARE_END}${SHARE_END}`}${where}=${formatAmount(amount)}`;
  }
  return text;
}

function sharesOfText(text: string): ChargeShare[] {
  if (text === "") return [];
  return text.split(`${SHARE_END}${SHARE_END}`).map((item) => {
    const at = item.lastIndexOf("=");
    const [chargeKey = "", cell = ""] = item.slice(0, at).split(SHARE_END);
    const amount = present(parseAmount(item.slice(at + 1)), `amount of "${item}"`);
    return { chargeKey, cell, amount };
  });
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

function listed<T>(values: readonly T[], code: string | undefined): T {
  return present(values[Number(code)], `value of code "${code}"`);
}

/** The step that the parts stand for. Crashes on text that this module did not write. */
export function stepOfParts(place: StepPlace, parts: StepParts): Step {
  const [agent, provider, model, tool, tier] = parts.facets.split(END);
  const { run, source, id, customer, seq } = place;
  const body = parts.body.split(END);
  return {
    run,
    source,
    id,
    seq,
    customer,
    agent: orNull(agent),
    provider: orNull(provider),
    model: orNull(model),
    tool: orNull(tool),
    tier: orNull(tier) ?? STANDARD_TIER,
    ...labelsOfText(parts.labels, body),
    ...factsOfBody(body),
  };
}

function factsOfBody(fields: readonly string[]) {
  const [codes = "", counts = "", contentHash = "", occurred = "", lag = ""] = fields;
  const [, , , , , rated = "", period = "", usage = "", card = "", price = ""] = fields;
  const [cost = "", shareText = "", rare] = fields.slice(10);
  const [revision = 1, attempt = 1] = counts === "" ? [] : counts.split(".").map(Number);
  const occurredAtMs = Number.parseInt(occurred, 36);
  const shares = sharesOfText(shareText);
  const [parentStep, callId, hold, amendedBy, callHash] = (
    rare === undefined ? [null, null, null, null] : JSON.parse(rare)
  ) as [string | null, string | null, string | null, string | null, string?];
  return {
    kind: listed(STEP_KINDS, codes[0]),
    status: listed(STEP_STATUSES, codes[1]),
    completeness: listed(COMPLETENESS, codes[2]),
    payer: listed(PAYERS, codes[3]),
    role: listed(ROLES, codes[4]),
    ...saidOfCode(codes[7]),
    costStatus: listed(COST_STATUSES, codes[5]),
    voided: codes[6] === "1",
    revision,
    attempt,
    contentHash,
    occurredAtMs,
    receivedAtMs: occurredAtMs + Number.parseInt(lag, 36),
    ratedAtMs: rated === "" ? occurredAtMs : Number.parseInt(rated, 36),
    period,
    usage: usageOfText(usage),
    cardVersionId: card === "" ? null : Number(card),
    priceVersionId: price === "" ? null : Number(price),
    cost: present(parseAmount(cost), `cost "${cost}"`),
    shares,
    charge: chargedBy(shares),
    parentStep,
    callId,
    hold,
    ...(callHash === undefined ? {} : { callHash }),
    amendedBy,
  };
}
