/** Targets as acts of the journal, and their secrets beside it. */
import { canonicalJson } from "../../domain/canonical-json.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { parseTarget } from "../../domain/export/parse-target.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import { missingNames } from "../../domain/export/target.ts";
import { SECRET_MAX_CHARS, TARGETS_PER_WORKSPACE_MAX_COUNT } from "../../domain/limits.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Reads } from "../ports.ts";
import { boundTo, connectorOf, type ExportContext, type OpenTarget } from "./export-context.ts";
import { customersOf, planCustomer } from "./plan-export.ts";

/** A target to set. */
export interface NewTarget {
  readonly id: string;
  /** As sent; see `parseTarget`. */
  readonly document: unknown;
  readonly reason: string;
  readonly by: string;
}

/** A target as the journal keeps it: without secrets. */
interface SavedTarget {
  readonly target: ExportTarget;
  readonly reason: string;
  readonly by: string;
}

/** Every target of a workspace, by id, as it was set last. */
export async function listTargets(store: Reads, workspace: string): Promise<ExportTarget[]> {
  const acts = await recordedActs<SavedTarget>(store, workspace, { kind: "target.saved" });
  const newest = new Map(acts.map(({ target }) => [target.id, target]));
  return [...newest.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A target by its id. Throws `target.not_found`. */
export async function findTarget(
  store: Reads,
  workspace: string,
  id: string,
): Promise<ExportTarget> {
  const found = (await listTargets(store, workspace)).find((target) => target.id === id);
  if (found !== undefined) return found;
  throw new TollgateError("target.not_found", `There is no target "${id}".`, "target");
}

/**
 * Sets a target in place of the one of the same id; the same again changes nothing. What stands in
 * keys of its lines never changes, and no two targets are of one account, for their lines would
 * have the same keys. Throws `target.invalid`, `target.locked`, `field.out_of_range`.
 */
export async function saveTarget(
  context: EngineContext & Pick<ExportContext, "connectors">,
  workspace: string,
  { id, document, reason, by }: NewTarget,
): Promise<{ readonly target: ExportTarget } | { readonly problems: readonly Problem[] }> {
  const parsed = parseTarget(document, id);
  if ("problems" in parsed) return parsed;
  const { target } = parsed;
  const { modes } = connectorOf(context.connectors, target);
  if (!modes.includes(target.mode)) {
    const detail = `${target.connector} has the modes ${modes.join(", ")}.`;
    throw new TollgateError("target.invalid", detail, "mode");
  }
  await runAct(context, workspace, async ({ journal }) => {
    const all = await listTargets(context.store, workspace);
    const known = all.find((one) => one.id === id);
    if (known !== undefined && canonicalJson(known) === canonicalJson(target)) return;
    if (known !== undefined) requireSameKeys(known, target);
    else requireRoom(all, target);
    journal("target.saved", id, { target, reason, by } satisfies SavedTarget);
  });
  return parsed;
}

function requireSameKeys(known: ExportTarget, target: ExportTarget): void {
  for (const name of ["connector", "account", "mode", "since"] as const) {
    if (known[name] === target[name]) continue;
    const detail = `"${target.id}" has ${name} "${known[name]}", which stays.`;
    throw new TollgateError("target.locked", detail, name);
  }
}

function requireRoom(all: readonly ExportTarget[], target: ExportTarget): void {
  const { connector, account } = target;
  const twin = all.find((one) => one.connector === connector && one.account === account);
  if (twin !== undefined) {
    const detail = `"${twin.id}" sends to the ${connector} account "${account}" already.`;
    throw new TollgateError("target.locked", detail, "account");
  }
  if (all.length < TARGETS_PER_WORKSPACE_MAX_COUNT) return;
  throw new TollgateError("field.out_of_range", `There are ${all.length} targets.`, "id");
}

/** Keeps a secret of a target, encrypted. Throws `secret.no_key`, `field.out_of_range`. */
export async function saveSecret(
  { outbox, secrets, clock }: ExportContext,
  { workspace, target }: OpenTarget,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<void> {
  if (text === "" || text.length > SECRET_MAX_CHARS) {
    const detail = `A secret has 1 to ${SECRET_MAX_CHARS} characters.`;
    throw new TollgateError("field.out_of_range", detail, name);
  }
  const sealed = secrets.seal(text, boundTo(workspace, target.id, name));
  await outbox.saveSecret(workspace, {
    ...{ target: target.id, name, savedAtMs: clock.nowMs() },
    ...sealed,
  });
}

/** What of a target is missing before it can send everything it owes; asks the target too. */
export async function checkTarget(
  context: ExportContext,
  open: OpenTarget,
  { isAsking }: { readonly isAsking: boolean },
): Promise<Missing[]> {
  const { workspace, target, connector, session } = open;
  const missing = [...connector.check(target)];
  const kept = (await context.outbox.secrets(workspace, target.id)).map(({ name }) => name);
  for (const name of connector.secrets) {
    if (kept.includes(name)) continue;
    missing.push({ place: `secrets.${name}`, detail: "Set it: it is encrypted and never shown." });
  }
  const isSet = connector.check(target).length === 0;
  missing.push(...(await missingNamesOf(context, open, isSet)));
  if (missing.length > 0 || !isAsking) return missing;
  return [...((await connector.probe?.(session)) ?? [])];
}

/** Names that are missing; where settings are complete, also what else keeps a line back. */
async function missingNamesOf(
  context: ExportContext,
  open: OpenTarget,
  isSet: boolean,
): Promise<Missing[]> {
  const { workspace, target } = open;
  const found = new Map<string, Missing>();
  for await (const customer of customersOf(context, workspace, null)) {
    const of = { customer, mode: target.mode, since: target.since };
    const entries = await context.ledger.entries(workspace, of);
    const used = entries.map(({ item }) => ({ customer, item }));
    const names = missingNames(target, used);
    const all =
      names.length > 0 || !isSet ? names : (await planCustomer(context, open, customer)).missing;
    for (const one of all) found.set(`${one.place} ${one.detail}`, one);
  }
  return [...found.values()];
}
