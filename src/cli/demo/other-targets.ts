/**
 * The same statement as each other connector would send it: a dry run for every one that there is.
 * What a connector needs and the demo does not know is listed, as it would be to an operator.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { PlanView } from "../render/export.ts";
import { renderMissing } from "../render/export.ts";
import { type DemoWorld, say } from "./demo-world.ts";

/** Settings that an operator would have, by connector. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  webhook: { url: "https://erp.acme.example/tollgate" },
  s3: { bucket: "acme-billing" },
  chargebee: { site: "acme", currency: "USD" },
  zuora: { currency: "USD" },
  netsuite: { clientId: "9f86d081884c", certificateId: "xEr2b1Lw", currency: "USD" },
};
/** What the demo's charges are at Zuora: a bill there has product rate plan charges. */
const ZUORA_ITEMS = Object.fromEntries(
  ["providers", "resolved", "run", "searches", "tools"].map((item, at) => [
    item,
    { id: item, chargeId: `8ad08f1a7f6e4b1c017f70a1c2d3600${at}` },
  ]),
);
/** What things are called there, where our own names are not enough. */
const NAMES: Readonly<Record<string, (customer: string) => object>> = {
  zuora: (customer) => ({
    customers: {
      names: { [customer]: { id: "A00000042", accountId: "8ad08f1a7f6e4b1c017f70a1c2d35e42" } },
      others: "same",
    },
    items: { names: ZUORA_ITEMS, others: "same" },
  }),
};
const WHO = { reason: "to see what would be sent", by: "anna" };
const MODES = ["statement", "rated", "usage"];
const LINE_MAX_CHARS = 110;
const LINES_MAX_COUNT = 32;
/** Objects that hold no other ones, such as a part of a bill: a line each. */
const INNERMOST = /\{[^{}[\]]*\}/g;

/** Prints a dry run of each connector but the one that was sent to. */
export async function showOtherTargets(
  world: DemoWorld,
  { customer, since }: { readonly customer: string; readonly since: string },
): Promise<void> {
  const { connectors, targets } = await world.api.targets();
  const used = targets.map(({ connector }) => connector);
  for (const connector of connectors.filter((name) => !used.includes(name))) {
    const names = NAMES[connector]?.(customer) ?? {};
    const mode = await addTarget(world, connector, { since, ...names });
    const plan = await world.api.planExport(connector, customer);
    say(world, "", `${world.styles.bold(connector)} (${mode})`, ...renderRequests(world, plan));
  }
}

/** The mode that it has, a statement's if possible. */
async function addTarget(
  world: DemoWorld,
  connector: string,
  some: { readonly since: string },
): Promise<string> {
  const settings = SETTINGS[connector] ?? {};
  for (const mode of MODES) {
    const document = { connector, account: "demo", mode, settings, ...some };
    try {
      await world.api.saveTarget(connector, { document, ...WHO });
      return mode;
    } catch (error) {
      const isMode = error instanceof TollgateError && error.code === "target.invalid";
      if (!isMode || mode === MODES.at(-1)) throw error;
    }
  }
  return "";
}

function renderRequests({ styles }: DemoWorld, { requests, missing }: PlanView): string[] {
  if (requests.length === 0) return renderMissing(missing, styles);
  return requests.flatMap(({ method, url, headers, body }) => {
    const shown = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const text = readable(body ?? "", headers["content-type"] ?? "");
    return [styles.cyan(`${method} ${url}`), ...cut([...shown.map(styles.dim), ...text])];
  });
}

/** A body by its lines; a form by its fields. */
function readable(body: string, type: string): string[] {
  if (type.includes("x-www-form-urlencoded")) {
    return [...new URLSearchParams(body)].map(([name, value]) => `  ${name} = ${value}`);
  }
  if (!type.includes("json") || type.includes("ndjson")) return body.trimEnd().split("\n");
  try {
    const text = JSON.stringify(JSON.parse(body), null, 1);
    return text.replace(INNERMOST, (object) => object.replace(/\s+/g, " ")).split("\n");
  } catch {
    return body.split("\n");
  }
}

function cut(lines: readonly string[]): string[] {
  const shown = lines.slice(0, LINES_MAX_COUNT).map((line) => {
    return line.length > LINE_MAX_CHARS ? `${line.slice(0, LINE_MAX_CHARS)}…` : line;
  });
  const left = lines.length - shown.length;
  return left === 0 ? shown : [...shown, `… ${left} more lines`];
}
