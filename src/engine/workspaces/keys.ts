/**
 * API keys: `tg_` and 256 random bits. Only the SHA-256 is kept: the key is random, so a slow hash
 * would add nothing but a way to slow the server down.
 */
import { TollgateError } from "../../domain/errors.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { ApiKey } from "../ports.ts";

export type Scope = ApiKey["scopes"][number];

/** Every scope of API keys; `admin` includes the others. */
export const SCOPES = ["ingest", "read", "admin"] as const satisfies readonly Scope[];

type KeyContext = Pick<EngineContext, "store" | "clock" | "ids" | "digest">;

/** A key as acts tell of it: nothing that opens anything. */
const toldKey = ({ id, scopes, label }: ApiKey) => ({ id, scopes, label });

/**
 * Makes a key and returns it with its secret, which is shown this once. It is on record before it
 * opens anything.
 */
export async function createKey(
  context: EngineContext,
  workspace: string,
  { scopes, label }: { readonly scopes: readonly Scope[]; readonly label: string },
): Promise<{ readonly key: ApiKey; readonly secret: string }> {
  const secret = `tg_${context.ids.random()}${context.ids.random()}`;
  const key: ApiKey = {
    // A prefix, because random text may begin with a hyphen and pass for an option.
    id: `key_${context.ids.random()}`,
    hash: context.digest.sha256(secret),
    workspace,
    scopes,
    label,
    createdAtMs: context.clock.nowMs(),
    revokedAtMs: null,
  };
  await runAct(context, workspace, async ({ journal }) => {
    journal("key.created", key.id, { after: toldKey(key) });
  });
  await context.store.keyring.save(key);
  return { key, secret };
}

/** Keys that live in memory only, by their hash: they end with the process. */
export type PassingKeys = Map<string, ApiKey>;

/** Makes a key that is never stored, for work that this process does itself. */
export function createPassingKey(
  context: KeyContext,
  passing: PassingKeys,
  wanted: { readonly workspace: string; readonly scopes: readonly Scope[] },
): string {
  const secret = `tg_${context.ids.random()}${context.ids.random()}`;
  const hash = context.digest.sha256(secret);
  const createdAtMs = context.clock.nowMs();
  // The same for all of them: whoever works on the data folder is one caller.
  const id = "passing";
  passing.set(hash, { ...wanted, id, hash, label: "data folder", createdAtMs, revokedAtMs: null });
  return secret;
}

/** From here on the key opens nothing; that is on record after. Throws `key.not_found`. */
export async function revokeKey(
  context: EngineContext,
  workspace: string,
  id: string,
): Promise<ApiKey> {
  const key = (await context.store.keyring.ofWorkspace(workspace)).find(
    (candidate) => candidate.id === id,
  );
  if (key === undefined) throw new TollgateError("key.not_found", `There is no key "${id}".`);
  const revoked = { ...key, revokedAtMs: key.revokedAtMs ?? context.clock.nowMs() };
  await context.store.keyring.save(revoked);
  await runAct(context, workspace, async ({ journal }) => {
    // A crash may have kept it off the record; asked again, it comes there once.
    if ((await context.store.lastAct(workspace, "key.revoked", id)) !== undefined) return;
    journal("key.revoked", id, { before: toldKey(key), after: null });
  });
  return revoked;
}

/** The key behind a secret. Throws `auth.invalid` for an unknown or revoked one. */
export async function authenticate(
  context: KeyContext,
  passing: PassingKeys,
  secret: string,
): Promise<ApiKey> {
  const hash = context.digest.sha256(secret);
  const key = passing.get(hash) ?? (await context.store.keyring.byHash(hash));
  if (key !== undefined && key.revokedAtMs === null) return key;
  throw new TollgateError("auth.invalid", "The API key is unknown or revoked.");
}
