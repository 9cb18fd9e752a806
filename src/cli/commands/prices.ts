import { DOCUMENT_MAX_BYTES } from "../../domain/limits.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { jsonTextUpTo } from "../file-text.ts";
import { groupDigits } from "../render/money.ts";
import { finishRerate, RERATE_OPTION, type ReratedPart, rerateQuery } from "../rerate.ts";
import { withSession } from "../session.ts";
import { requireForm } from "../verbs.ts";

interface Imported {
  readonly isNew: boolean;
  readonly version: {
    readonly id: number;
    readonly source: string;
    readonly effectiveFrom: string | null;
    readonly entries: number;
  };
  readonly rerated: ReratedPart | null;
  /** What of the list has no counterpart or was rounded: the first ones of `notesCount`. */
  readonly notes: readonly {
    readonly kind: string;
    readonly provider: string;
    readonly subject: string;
    readonly detail: string;
  }[];
  readonly notesCount: number;
}

/** The price book: what providers charge us. */
export const prices: Command = {
  name: "prices",
  summary: "Import a price file, Tollgate's own form or LiteLLM's, or what our own list has newer",
  positionals: "import FILE | update",
  options: {
    format: { type: "string", value: "FORM", meaning: "tollgate or litellm (default: tollgate)" },
    effective: { type: "string", value: "TIME", meaning: "when they take effect (default: now)" },
    ...RERATE_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const forms = ["import FILE", "update"];
    const [verb, path = ""] = requireForm("prices", forms, args.positionals);
    return withSession(args, here, async (session) => {
      const format = verb === "update" ? {} : { format: textOption(args, "format") ?? "tollgate" };
      const at = textOption(args, "effective");
      const from = at === undefined ? {} : { effectiveFrom: at };
      const query = new URLSearchParams({ ...format, ...from, ...rerateQuery(args) });
      const answer =
        verb === "update"
          ? await session.post<Imported>(`/v1/prices/update?${query}`, {})
          : await session.post<Imported>(
              `/v1/prices?${query}`,
              await jsonTextUpTo(path, DOCUMENT_MAX_BYTES),
            );
      const { rerated: first, ...told } = answer;
      if (args.options.json === true) print(here.out, JSON.stringify(told, null, 2));
      else print(here.out, ...renderImported(answer, verb === "update"));
      const since = at ?? answer.version.effectiveFrom;
      if (first !== null) await finishRerate(session, here, { first, since });
      return 0;
    });
  },
};

function renderImported(
  { isNew, version, notes, notesCount }: Imported,
  isUpdate: boolean,
): string[] {
  const { id, source, entries, effectiveFrom } = version;
  const count = `${groupDigits(String(entries))} ${entries === 1 ? "price" : "prices"}`;
  const from = effectiveFrom === null ? "for ever" : `from ${effectiveFrom}`;
  const more = notesCount - notes.length;
  const known = isUpdate
    ? "There is nothing newer than what the price book has; nothing changed."
    : `Price list ${id}, "${source}", is recorded already, in force ${from}; nothing changed.`;
  return [
    isNew ? `Price list ${id}, "${source}", is recorded: ${count}, in force ${from}.` : known,
    ...notes.map(
      (note) => `${note.provider} ${note.subject}: ${note.detail} (${note.kind.replace("_", " ")})`,
    ),
    ...(more > 0 ? [`… and ${groupDigits(String(more))} more notes.`] : []),
  ];
}
