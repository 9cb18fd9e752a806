/**
 * A command's connection to Tollgate. With a URL it talks to that server; without one it starts a
 * private server on the data folder, on a free loopback port, with a key that dies with it; a key
 * that is given opens its own workspace there, such as a sandbox.
 */
import { statSync } from "node:fs";
import { TollgateError } from "../domain/errors.ts";
import { type Arguments, placeOf, type Surroundings, textOption } from "./command.ts";
import { outgoingOptions } from "./outgoing-options.ts";
import {
  baseOf,
  brokenOff,
  headerOf,
  parsedAnswer,
  problemOf,
  request,
  textOf,
} from "./server-answers.ts";

/** Requests to one server with one key. Each throws the problem that the server tells. */
export interface Session {
  readonly url: string;
  readonly key: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
  /** The bytes of a file that the server makes. */
  text(path: string): Promise<string>;
  /** An answer of one document a line, each as soon as it is there. */
  postLines<T>(path: string, body: unknown): AsyncGenerator<T>;
  /** A stream of events, from the one after `lastId` on; null: from the beginning. */
  events(path: string, lastId: string | null): AsyncGenerator<StreamEvent>;
}

/** One event of a stream; signs of life are left out. */
export interface StreamEvent {
  readonly id: string | null;
  readonly name: string;
  readonly data: unknown;
}

/**
 * Runs work with a session and ends what it started, however the work ends. Throws `store.missing`
 * where the data folder does not exist: a name that was mistyped makes none.
 */
export async function withSession<T>(
  args: Arguments,
  here: Surroundings,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { dataDir, databaseUrl } = placeOf(args, here);
  const isPrivate = serverUrlOf(args, here) === undefined && databaseUrl === undefined;
  if (isPrivate && isMissing(dataDir)) {
    throw new TollgateError("store.missing", `There is no data folder "${dataDir}".`);
  }
  return withMadeSession(args, here, work);
}

/** The same for work that may be the first: a data folder that does not exist is made. */
export async function withMadeSession<T>(
  args: Arguments,
  here: Surroundings,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const url = serverUrlOf(args, here);
  const { TOLLGATE_REASON: reason } = here.environment;
  if (url !== undefined) return work(sessionOn(url, keyFor(args, here), reason));
  const server = await startPrivate(args, here);
  try {
    const own = () => server.passingKey(["ingest", "read", "admin"]);
    return await work(sessionOn(server.url, textOption(args, "key") ?? own(), reason));
  } finally {
    await server.stop();
  }
}

/** A file, or a folder below one, is told by who opens it. */
function isMissing(dataDir: string): boolean {
  try {
    statSync(dataDir);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function serverUrlOf(args: Arguments, here: Surroundings): string | undefined {
  return textOption(args, "url") ?? here.environment.TOLLGATE_URL;
}

function keyFor(args: Arguments, here: Surroundings): string {
  const key = textOption(args, "key") ?? here.environment.TOLLGATE_KEY;
  if (key !== undefined) return key;
  const detail = "A server needs an API key: give --key or set TOLLGATE_KEY.";
  throw new TollgateError("cli.usage", detail, "--key");
}

async function startPrivate(args: Arguments, here: Surroundings) {
  try {
    const outgoing = outgoingOptions(here.environment);
    // Nobody would see the first key, and it is shown once.
    const place = { ...placeOf(args, here), givesFirstKey: false };
    return await here.product.start({ ...place, port: 0, ...outgoing });
  } catch (error) {
    if (!(error instanceof TollgateError) || error.code !== "store.locked") throw error;
    const detail = `${error.message} Talk to that process: --url http://127.0.0.1:4100 --key tg_…`;
    throw new TollgateError("store.locked", detail, undefined, { cause: error });
  }
}

function sessionOn(url: string, key: string, reason: string | undefined): Session {
  const why = reason === undefined ? {} : { "tollgate-reason": encodeURIComponent(reason) };
  const headers = { authorization: headerOf(key), ...why };
  const base = baseOf(url);
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await request(new URL(base + path), { headers, ...init });
    if (!response.ok) throw problemOf(response, await textOf(response));
    return response;
  };
  const asJson = async <T>(path: string, init?: RequestInit): Promise<T> => {
    const response = await send(path, init);
    return parsedAnswer<T>(response, await textOf(response));
  };
  const sending = (method: string, body: unknown): RequestInit => ({
    method,
    headers: { ...headers, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return {
    url,
    key,
    get: (path) => asJson(path),
    post: (path, body) => asJson(path, sending("POST", body)),
    put: (path, body) => asJson(path, sending("PUT", body)),
    delete: (path) => asJson(path, { method: "DELETE" }),
    text: async (path) => textOf(await send(path)),
    postLines: async function* <T>(path: string, body: unknown): AsyncGenerator<T> {
      const response = await send(path, sending("POST", body));
      for await (const line of linesOf(response)) yield parsedAnswer<T>(response, line);
    },
    events: async function* (path: string, lastId: string | null): AsyncGenerator<StreamEvent> {
      const back = lastId === null ? {} : { "last-event-id": lastId };
      const accept = "text/event-stream";
      yield* eventsOf(await send(path, { headers: { ...headers, ...back, accept } }));
    },
  };
}

async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  let fields = new Map<string, string>();
  for await (const line of linesOf(response)) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
    if (line !== "") continue;
    const data = fields.get("data");
    const [id = null, name = "message"] = [fields.get("id"), fields.get("event")];
    if (data !== undefined) yield { id, name, data: JSON.parse(data) };
    fields = new Map();
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  let begun = "";
  for await (const text of textsOf(response)) {
    const parts = `${begun}${text}`.split("\n");
    begun = parts.pop() ?? "";
    yield* parts;
  }
  if (begun !== "") yield begun;
}

async function* textsOf(response: Response): AsyncGenerator<string> {
  const { body } = response;
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw brokenOff(response, cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
