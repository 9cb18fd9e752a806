/** Asks Zuora whether credentials, accounts and the field for keys are what a target says. */
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import type { Session } from "../../engine/export/connector-port.ts";
import { queried } from "./read-back.ts";
import { called } from "./zuora-calls.ts";
import { zuoraSettings } from "./zuora-settings.ts";

/** Customers that are asked about: one query each. */
const ASKED_MAX_COUNT = 100;

/** What they say is missing. */
export async function probeTarget(session: Session): Promise<Missing[]> {
  const { target } = session;
  const { host, keyField } = zuoraSettings(target);
  const call = { method: "GET", host, path: "/v1/catalog/products?pageSize=1" } as const;
  const none = { type: null, body: null, trackId: "tollgate-probe", idempotencyKey: null };
  const made = await called({ ...call, ...none }, session);
  if (made.answer === null) {
    const isRefused = made.outcome.class === "auth";
    const place = isRefused ? "secrets.client_secret" : "settings.host";
    return [{ place, detail: `${host} did not let us in: ${made.outcome.note}` }];
  }
  const missing: Missing[] = [];
  if (keyField !== null) {
    const query = `select Id from Usage where ${keyField} = 'tollgate-probe'`;
    if ((await queried(query, { host, trackId: "tollgate-probe" }, session)) === null) {
      const detail = `Usage there cannot be asked by ${keyField}: make the field, and index it.`;
      missing.push({ place: "settings.keyField", detail });
    }
  }
  for (const [ours, theirs] of Object.entries(target.customers.names).slice(0, ASKED_MAX_COUNT)) {
    const why = await wrongAccount(theirs, target, session);
    if (why !== null) missing.push({ place: `customers.${ours}`, detail: why });
  }
  return missing;
}

async function wrongAccount(
  { id = "", accountId = "" }: Readonly<Record<string, string>>,
  target: ExportTarget,
  session: Session,
): Promise<string | null> {
  const { host, currency } = zuoraSettings(target);
  const isUsage = target.mode === "usage";
  const by = isUsage ? `AccountNumber = '${id}'` : `Id = '${accountId}'`;
  const query = `select Id, Currency from Account where ${by}`;
  const found = await queried(query, { host, trackId: "tollgate-probe" }, session);
  if (found === null) return null;
  const [account] = found;
  if (account === undefined) return `There is no account with ${by} there.`;
  if (isUsage || account.Currency === currency) return null;
  return `Its account is billed in ${account.Currency}, and not in ${currency}.`;
}
