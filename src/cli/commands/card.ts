import { type Problem, TollgateError } from "../../domain/errors.ts";
import { cardChanges } from "../../domain/rating/card-diff.ts";
import { type CardOverride, resolveCard } from "../../domain/rating/card-override.ts";
import { parseCardDocument, parseRateCard } from "../../domain/rating/parse-rate-card.ts";
import type { RateCard } from "../../domain/rating/rate-card.ts";
import {
  type Arguments,
  type Command,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { readDocument } from "../document-file.ts";
import { documentRemedy } from "../remedy.ts";
import { renderCardChanges } from "../render/card-diff.ts";
import { counted } from "../render/counted.ts";
import { renderTable } from "../render/table.ts";
import { finishRerate, RERATE_OPTION, type ReratedPart, rerateQuery } from "../rerate.ts";
import { type Session, withSession } from "../session.ts";
import { requireForm } from "../verbs.ts";

interface VersionView {
  readonly key: string;
  readonly version: number;
  readonly effectiveFrom: string;
  readonly takesEffect: "at_once" | "next_period";
  /** Null: the card was sent whole. */
  readonly override: { readonly extends: string } | null;
  readonly recordedAt: string;
}

const FORMS = ["list", "validate FILE", "diff FILE", "apply FILE", "history KEY"] as const;

/** Rate cards: data, changed without code. */
export const card: Command = {
  name: "card",
  summary: "Check, compare and apply rate card files (JSON or YAML), list cards and versions",
  positionals: FORMS.join(" | "),
  options: {
    effective: {
      type: "string",
      value: "TIME",
      meaning: "when an applied version takes effect, whatever the period",
    },
    now: {
      type: "boolean",
      meaning: "it takes effect now (default: with each customer's next period)",
    },
    ...RERATE_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb] = requireForm("card", FORMS, args.positionals);
    return VERBS[verb as keyof typeof VERBS](args, here);
  },
};

// A file is read before anything is opened: who checks one needs no server, and no data folder.
const VERBS = {
  list: (args: Arguments, here: Surroundings) =>
    withSession(args, here, (session) => list(session, here)),
  validate: async (args: Arguments, here: Surroundings) => {
    const file = await readFileOf(args, here);
    if (file === null) return 1;
    print(here.out, `${summaryOf(file)}.`);
    return 0;
  },
  diff: async (args: Arguments, here: Surroundings) => {
    const file = await readFileOf(args, here);
    return file === null ? 1 : withSession(args, here, (session) => diff(session, file, here));
  },
  apply: async (args: Arguments, here: Surroundings) => {
    const file = await readFileOf(args, here);
    return file === null
      ? 1
      : withSession(args, here, (session) => apply(session, args, { here, file }));
  },
  history: (args: Arguments, here: Surroundings) =>
    withSession(args, here, (session) => history(session, args.positionals[1] ?? "", here)),
} as const;

/** A file that holds no problem: a card, or what it changes of another one. */
interface CardFile {
  readonly document: unknown;
  readonly read: { readonly card: RateCard } | { readonly override: CardOverride };
}

/** Reads the file; tells every problem at once and resolves to null where it has one. */
async function readFileOf(args: Arguments, here: Surroundings): Promise<CardFile | null> {
  const document = await readDocument(args.positionals[1] ?? "", here);
  const read = parseCardDocument(document);
  if (!("problems" in read)) return { document, read };
  tellProblems(read.problems, here);
  return null;
}

function tellProblems(problems: readonly Problem[], { err, styles }: Surroundings): void {
  const lines = problems.map(({ code, field, detail }) => {
    return `${styles.red(code)}${field === undefined ? "" : ` (${field})`}: ${detail}`;
  });
  print(err, ...lines, documentRemedy(problems.some(({ field }) => field !== undefined)));
}

function summaryOf({ read }: CardFile): string {
  if ("override" in read) {
    const { key, extends: base, charges } = read.override;
    return `Card ${key} is valid; it extends ${base} and states ${charges.size} of its charges`;
  }
  const { key, currency, charges, fees, discounts } = read.card;
  const counts = [
    counted(charges.length, "charge"),
    counted(fees.length, "fee"),
    counted(discounts.length, "discount"),
  ];
  return `Card ${key} is valid: ${counts.join(", ")}, in ${currency}`;
}

async function apply(
  session: Session,
  args: Arguments,
  { here, file }: { readonly here: Surroundings; readonly file: CardFile },
): Promise<number> {
  const { isNew, version, overrides, rerated } = await session.post<{
    readonly isNew: boolean;
    readonly version: VersionView;
    readonly overrides: readonly VersionView[];
    readonly rerated: ReratedPart | null;
  }>(`/v1/rate-cards?${whenQuery(args)}`, file.document);
  const name = nameOf(version);
  const others = overrides.filter(({ key }) => key !== version.key);
  const following = others.map((one) => `${nameOf(one)} follows: it extends ${version.key}.`);
  print(
    here.out,
    isNew
      ? `${name} is recorded and takes effect ${whenText(version)}.`
      : `${name} is recorded already; nothing changed.`,
    ...following,
  );
  const at = textOption(args, "effective");
  const since = at === undefined || at === "now" ? version.effectiveFrom : at;
  if (rerated !== null) await finishRerate(session, here, { first: rerated, since });
  return 0;
}

function whenQuery(args: Arguments): URLSearchParams {
  const at = textOption(args, "effective");
  const isNow = args.options.now === true;
  if (isNow && at !== undefined) {
    throw new TollgateError("cli.usage", "Give either --now or --effective.");
  }
  const from = at === undefined ? {} : { effectiveFrom: at };
  const when = isNow || at === "now" ? { effective: "now" } : from;
  return new URLSearchParams({ ...when, ...rerateQuery(args) });
}

function nameOf({ key, version }: VersionView): string {
  return `Card ${key} version ${version}`;
}

function whenText({ takesEffect, effectiveFrom }: VersionView): string {
  if (takesEffect === "at_once") return `at ${effectiveFrom}`;
  return `with each customer's first period from ${effectiveFrom} on (at once: --now)`;
}

/** What the file changes of the version in force; an override, of the card that it extends. */
async function diff(session: Session, { read }: CardFile, here: Surroundings): Promise<number> {
  const key = "override" in read ? read.override.extends : read.card.key;
  const former = await cardInForce(session, key);
  if ("override" in read && former === null) {
    throw new TollgateError("ratecard.not_found", `There is no card "${key}" in force to extend.`);
  }
  const after =
    "override" in read && former !== null ? resolveCard(former.card, read.override) : read;
  if ("problems" in after) {
    tellProblems(after.problems, here);
    return 1;
  }
  if (!("card" in after)) return 1;
  const changes = cardChanges(former?.card ?? null, after.card);
  const whom = former === null ? "no card before it" : `${key} version ${former.version}`;
  print(here.out, `Against ${whom}, in ${after.card.currency}:`);
  const lines = renderCardChanges(changes, here.styles);
  print(here.out, ...(lines.length === 0 ? ["Nothing changes."] : lines));
  return 0;
}

interface CardInForce {
  readonly card: RateCard;
  readonly version: number;
}

/** Null where there is no such card, or none of its versions has taken effect. */
async function cardInForce(session: Session, key: string): Promise<CardInForce | null> {
  const { versions, inForce } = await historyOf(session, key).catch((error: unknown) => {
    if (error instanceof TollgateError && error.code === "ratecard.not_found") return NO_HISTORY;
    throw error;
  });
  const current = versions.find(({ version }) => version === inForce);
  if (current === undefined) return null;
  const parsed = parseRateCard(current.card);
  if ("card" in parsed) return { card: parsed.card, version: current.version };
  const detail = `This command does not read version ${current.version} of "${key}".`;
  throw new TollgateError("ratecard.invalid", detail);
}

interface History {
  readonly inForce: number | null;
  readonly versions: readonly (VersionView & { readonly card: unknown })[];
}

const NO_HISTORY: History = { inForce: null, versions: [] };

function historyOf(session: Session, key: string): Promise<History> {
  return session.get(`/v1/rate-cards/${encodeURIComponent(key)}`);
}

async function list(session: Session, { out, styles }: Surroundings): Promise<number> {
  const { cards } = await session.get<{
    readonly cards: readonly (VersionView & { readonly isDefault: boolean })[];
  }>("/v1/rate-cards");
  if (cards.length === 0) {
    print(out, "There are no rate cards. Apply one: tollgate card apply FILE");
    return 0;
  }
  const rows = cards.map((one) => [
    one.key,
    String(one.version),
    one.effectiveFrom,
    one.isDefault ? "default" : "",
  ]);
  const columns = ["card", "version", "in force from", ""].map((title) => ({
    title,
    align: "left" as const,
  }));
  print(out, ...renderTable({ columns, rows }, styles));
  return 0;
}

/** What periods start with now; those under way may still have the version before it. */
function markOf(takesEffect: string): string {
  return takesEffect === "at_once" ? "in force" : "for new periods";
}

async function history(session: Session, key: string, { out, err, styles }: Surroundings) {
  const { versions, inForce } = await historyOf(session, key);
  const rows = versions.map((one) => [
    String(one.version),
    one.effectiveFrom,
    one.takesEffect === "at_once" ? "at once" : "next period",
    one.recordedAt,
    one.override === null ? "" : one.override.extends,
    one.version === inForce ? markOf(one.takesEffect) : "",
  ]);
  const columns = ["version", "in force from", "takes effect", "recorded", "extends", ""].map(
    (title) => ({
      title,
      align: "left" as const,
    }),
  );
  print(out, ...renderTable({ columns, rows }, styles));
  const current = versions.find(({ version }) => version === inForce);
  const isWaited = current?.takesEffect === "next_period" && versions.length > 1;
  if (isWaited) print(err, "Periods under way keep the version that they began with.");
  return 0;
}
