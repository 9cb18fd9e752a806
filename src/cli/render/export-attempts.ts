/** What was sent to a billing system and answered. */
import type { Styles } from "./styles.ts";
import { renderTable } from "./table.ts";

interface Summary {
  readonly id: string;
  readonly purpose: "send" | "read_back";
  readonly at: string;
  readonly isTroubled: boolean;
  readonly said: Readonly<Record<string, number>>;
  readonly requests: readonly {
    readonly method: string;
    readonly url: string;
    readonly status: number | null;
    readonly problem: string | null;
  }[];
}

/** A page of attempts. */
export interface AttemptListView {
  readonly attempts: readonly Summary[];
  readonly next: string | null;
}

interface BodyView {
  readonly text: string | null;
  readonly bytes: number;
  readonly isCut: boolean;
}

interface ExchangeView {
  readonly at: string;
  readonly tookMs: number;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: BodyView | null;
  };
  readonly answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: BodyView;
  } | null;
  readonly problem: { readonly kind: string; readonly reason: string } | null;
}

/** One attempt whole. */
export interface AttemptView {
  readonly purpose: "send" | "read_back";
  readonly at: string;
  readonly lines: readonly { readonly key: string; readonly said: string }[];
  readonly leftOut: number;
  readonly exchanges: readonly ExchangeView[];
}

const PURPOSES = { send: "sent", read_back: "read back" } as const;

/** A table of attempts with their ids. */
export function renderAttempts({ attempts, next }: AttemptListView, styles: Styles): string[] {
  if (attempts.length === 0) return ["No attempts are kept."];
  const titles = ["at", "purpose", "lines", "last request", "answer", "attempt"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const rows = attempts.map(({ at, purpose, isTroubled, said, requests, id }) => {
    const last = requests.at(-1);
    const counts = Object.entries(said).map(([what, count]) => `${count} ${what}`);
    const answer = last?.problem ?? String(last?.status ?? "none");
    const lines = { text: counts.join(", "), style: isTroubled ? styles.red : plain };
    const request = last === undefined ? "none" : `${last.method} ${last.url}`;
    return [at, PURPOSES[purpose], lines, request, answer, id];
  });
  const more = next === null ? [] : ["There are more; ask for JSON by the API."];
  return [...renderTable({ columns, rows }, styles), ...more];
}

function plain(text: string): string {
  return text;
}

/** One attempt, request by request. */
export function renderAttempt(view: AttemptView, styles: Styles): string[] {
  const { purpose, at, lines, leftOut, exchanges } = view;
  return [
    `${PURPOSES[purpose]} ${at}`,
    ...lines.map(({ key, said }) => `line ${key}: ${said}`),
    ...(leftOut === 0 ? [] : [`Earlier requests that are not kept: ${leftOut}.`]),
    ...(exchanges.length === 0 ? ["Nothing was sent."] : []),
    ...exchanges.flatMap((exchange) => renderExchange(exchange, styles)),
  ];
}

function renderExchange({ tookMs, request, answer, problem }: ExchangeView, styles: Styles) {
  const said =
    answer === null
      ? [styles.red(`${problem?.kind}: ${problem?.reason}`)]
      : [styles.bold(`${answer.status} after ${tookMs} ms`), ...headersOf(answer.headers)];
  return [
    ...["", styles.bold(`${request.method} ${request.url}`), ...headersOf(request.headers)],
    ...(request.body === null ? [] : bodyOf(request.body)),
    ...["", ...said, ...(answer === null ? [] : bodyOf(answer.body))],
  ];
}

function headersOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

function bodyOf({ text, bytes, isCut }: BodyView): string[] {
  if (bytes === 0) return [];
  if (text === null) return ["", `(${bytes} bytes that are no text)`];
  return ["", text, ...(isCut ? [`(cut off; ${bytes} bytes in all)`] : [])];
}
