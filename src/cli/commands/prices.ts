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
  summary: "Import a price file: Tollgate's own form, or LiteLLM's price list",
  positionals: "import FILE",
  options: {
    format: { type: "string", value: "FORM", meaning: "tollgate or litellm (default: tollgate)" },
    effective: { type: "string", value: "TIME", meaning: "when they take effect (default: now)" },
    ...RERATE_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [, path = ""] = requireForm("prices", ["import FILE"], args.positionals);
    return withSession(args, here, async (session) => {
      const format = textOption(args, "format") ?? "tollgate";
      const at = textOption(args, "effective");
      const from = at === undefined ? {} : { effectiveFrom: at };
      const query = new URLSearchParams({ format, ...from, ...rerateQuery(args) });
      const text = await jsonTextUpTo(path, DOCUMENT_MAX_BYTES);
      const answer = await session.post<Imported>(`/v1/prices?${query}`, text);
      const { rerated: first, ...told } = answer;
      if (args.options.json === true) print(here.out, JSON.stringify(told, null, 2));
      else print(here.out, ...renderImported(answer));
      const since = at ?? answer.version.effectiveFrom;
      if (first !== null) await finishRerate(session, here, { first, since });
      return 0;
    });
  },
};

function renderImported({ isNew, version, notes, notesCount }: Imported): string[] {
  const { id, source, entries, effectiveFrom } = version;
  const count = `${groupDigits(String(entries))} ${entries === 1 ? "price" : "prices"}`;
  const from = effectiveFrom === null ? "for ever" : `from ${effectiveFrom}`;
  const more = notesCount - notes.length;
  return [
    isNew
      ? `Price list ${id}, "${source}", is recorded: ${count}, in force ${from}.`
      : `Price list ${id}, "${source}", is recorded already, in force ${from}; nothing changed.`,
    ...notes.map(
      (note) => `${note.provider} ${note.subject}: ${note.detail} (${note.kind.replace("_", " ")})`,
    ),
    ...(more > 0 ? [`… and ${groupDigits(String(more))} more notes.`] : []),
  ];
}
