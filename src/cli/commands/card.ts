import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import {
  type Arguments,
  type Command,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { renderTable } from "../render/table.ts";
import { type Session, withSession } from "../session.ts";

interface VersionView {
  readonly key: string;
  readonly version: number;
  readonly effectiveFrom: string;
  readonly recordedAt: string;
}

/** Rate cards: data, changed without code. */
export const card: Command = {
  name: "card",
  summary: "Apply a rate card file, list cards, show a card's versions",
  positionals: "apply FILE | list | history KEY",
  options: {
    effective: {
      type: "string",
      value: "TIME",
      meaning: "when an applied version takes effect (default: now)",
    },
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb, subject] = args.positionals;
    if (verb === "list") return withSession(args, here, (session) => list(session, here));
    if (verb === "apply" && subject !== undefined) {
      return withSession(args, here, (session) => apply(session, args, here));
    }
    if (verb === "history" && subject !== undefined) {
      return withSession(args, here, (session) => history(session, subject, here));
    }
    const detail = "tollgate card apply FILE, tollgate card list, or tollgate card history KEY.";
    throw new TollgateError("cli.usage", detail);
  },
};

async function apply(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const path = args.positionals[1] ?? "";
  const document = await readFile(path, "utf8");
  const at = textOption(args, "effective");
  const query =
    at === undefined || at === "now" ? "" : `?${new URLSearchParams({ effectiveFrom: at })}`;
  const { isNew, version } = await session.post<{
    readonly isNew: boolean;
    readonly version: VersionView;
  }>(`/v1/rate-cards${query}`, document);
  const name = `Card ${version.key} version ${version.version}`;
  print(
    here.out,
    isNew
      ? `${name} is recorded and takes effect at ${version.effectiveFrom}.`
      : `${name} is in force already; nothing changed.`,
  );
  return 0;
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

async function history(session: Session, key: string, { out, styles }: Surroundings) {
  const { versions } = await session.get<{ readonly versions: readonly VersionView[] }>(
    `/v1/rate-cards/${encodeURIComponent(key)}`,
  );
  const rows = versions.map((one) => [String(one.version), one.effectiveFrom, one.recordedAt]);
  const columns = ["version", "in force from", "recorded"].map((title) => ({
    title,
    align: "left" as const,
  }));
  print(out, ...renderTable({ columns, rows }, styles));
  return 0;
}
