/** What a command is, and what it may use. Commands get the product as functions: `Product`. */
import type { ErrorCode } from "../domain/errors.ts";
import type { OutgoingHttp } from "../engine/export/connector-port.ts";
import type { Styles } from "./render/styles.ts";

/** A running server, as far as commands need it. */
export interface RunningServer {
  readonly url: string;
  /** Given once, at the first start of a data folder. */
  readonly adminKey?: string;
  /** A key that ends with the process. */
  passingKey(scopes: readonly ("ingest" | "read" | "admin")[]): string;
  stop(): Promise<void>;
}

/** How a command wants its server. */
export interface ServerOptions {
  readonly dataDir: string;
  /** A PostgreSQL database in place of the folder. */
  readonly databaseUrl?: string;
  readonly host?: string;
  readonly port?: number;
  /** (Default: that of the process.) */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How exports leave. (Default: over the network.) */
  readonly exporting?: { readonly http: OutgoingHttp };
  /** Whether an admin key is made where there was none: somebody is shown it. (Default: yes.) */
  readonly givesFirstKey?: boolean;
  /** Logs requests that fail to stderr. */
  readonly isLogging?: boolean;
  /** Private addresses that workspaces may have called. */
  readonly privateTargets?: readonly string[];
  /** The server that mail goes through, and its sender. */
  readonly mail?: { readonly url: string; readonly from: string };
  /** Where people reach this installation, for links. */
  readonly publicUrl?: string;
}

/** Whose the events of a file are that name nobody. */
export interface ImportOwner {
  readonly customer?: string;
  readonly agent?: string;
}

/** Events of a file, made ready to send, and what could not be read of it. */
export interface ImportedFile {
  readonly format: string;
  /** JSON texts, one an event. */
  readonly events: readonly string[];
  readonly problems: readonly string[];
  /** How many of the problems are something that should have been read. */
  readonly unread: number;
}

/** A provider's invoice, as a file has it. */
export interface InvoiceFile {
  readonly currency: string | null;
  readonly rows: readonly object[];
}

/** Something that does not add up, and where. */
export interface VerifyFinding {
  readonly table: string;
  readonly key: string;
  readonly problem: string;
}

/** What the check of a receipt found. */
interface CheckedReceipt {
  readonly findings: readonly { readonly lineNumber: number; readonly problem: string }[];
  readonly keyId: string | null;
  readonly lines: readonly (Readonly<Record<string, unknown>> & { readonly line: string })[];
}

/** A balance that was not what its steps say, and by how much. */
export interface RecountedBalance {
  readonly workspace: string;
  readonly budget: string;
  readonly scope: string;
  readonly window: string;
  readonly difference: string;
  readonly overruns: string;
}

/** The product behind the commands; `main.ts` takes it from `src/product.ts`. */
export interface Product {
  readonly version: string;
  start(options: ServerOptions): Promise<RunningServer>;
  readImport(text: string, owner: ImportOwner): Promise<ImportedFile>;
  /** The document of a file; throws `code`. (Default: `ratecard.invalid`) */
  readCardFile(text: string, code?: ErrorCode): Promise<unknown>;
  readInvoice(text: string): Promise<InvoiceFile>;
  /** Checks a receipt with public keys by their id; needs no server. */
  checkReceipt(text: string, keys: ReadonlyMap<string, string>): Promise<CheckedReceipt>;
  /** Moves a folder into a database; tells how many rows each table got. */
  migrateStore(
    move: { readonly dataDir: string; readonly databaseUrl: string },
    onProgress: (done: number, total: number) => void,
  ): Promise<Readonly<Record<string, number>>>;
  /** Removes steps of runs that ended long ago; tells of how many. */
  retain(
    place: { readonly dataDir: string; readonly databaseUrl?: string },
    keepMonths: number,
    onProgress: (done: number, total: number) => void,
  ): Promise<{ readonly runs: number; readonly steps: number }>;
  /** Counts balances of budgets again; tells which differ. `apply` null: they stay. */
  recount(
    place: { readonly dataDir: string; readonly databaseUrl?: string },
    apply: { readonly reason: string; readonly by: string } | null,
    onProgress: (done: number, total: number) => void,
  ): Promise<readonly RecountedBalance[]>;
  verify(
    place: { readonly dataDir: string; readonly databaseUrl?: string },
    onProgress: (done: number, total: number) => void,
  ): Promise<{
    readonly checked: Readonly<Record<string, number>>;
    readonly findings: readonly VerifyFinding[];
    readonly removed: { readonly runs: number; readonly steps: number };
  }>;
}

/** A stream that commands print to. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where a command runs. */
export interface Surroundings {
  readonly product: Product;
  readonly out: Stream;
  readonly err: Stream;
  readonly styles: Styles;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** An option as `node:util` parses it; `meaning` is shown by help. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  /** May be given more than once. (Default: once; the last one stands.) */
  readonly multiple?: true;
  readonly short?: string;
  readonly meaning: string;
  /** Name of the value in help, such as `DIR`. */
  readonly value?: string;
}

/** A command line, read by the command's own options. */
export interface Arguments {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments, such as `FILE…`. */
  readonly positionals: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Resolves to the exit code. */
  run(args: Arguments, here: Surroundings): Promise<number>;
}

/** Prints lines to a stream. */
export function print(stream: Stream, ...lines: readonly string[]): void {
  stream.write(`${lines.join("\n")}\n`);
}

/** A text option, or undefined where it was not given. */
export function textOption(args: Arguments, name: string): string | undefined {
  const value = args.options[name];
  return typeof value === "string" ? value : undefined;
}

/** What an option that may be repeated was given; empty where it was not. */
export function listOption(args: Arguments, name: string): readonly string[] {
  const value = args.options[name];
  return Array.isArray(value) ? value : [];
}

/** Options of every command that talks to a server. */
export const SERVER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  url: { type: "string", value: "URL", meaning: "server to talk to (or TOLLGATE_URL)" },
  key: {
    type: "string",
    value: "KEY",
    meaning: "API key, of the workspace to work on (or TOLLGATE_KEY)",
  },
  data: { type: "string", value: "DIR", meaning: "data folder where no URL is given" },
};

/** Option of commands whose answer can be read by programs. */
export const JSON_OPTION: Readonly<Record<string, OptionSpec>> = {
  json: { type: "boolean", meaning: "print the answer as JSON" },
};

/** The data folder of a command: option, environment, then `./tollgate-data`. */
export function dataDirOf(args: Arguments, here: Surroundings): string {
  return textOption(args, "data") ?? (here.environment.TOLLGATE_DATA || "tollgate-data");
}

/**
 * Where a command finds everything: the data folder, or the database of DATABASE_URL where no
 * folder is named. The address of a database holds a password, so it is no option: every user of
 * the machine can read command lines.
 */
export function placeOf(
  args: Arguments,
  here: Surroundings,
): { readonly dataDir: string; readonly databaseUrl?: string } {
  const dataDir = dataDirOf(args, here);
  const { DATABASE_URL: databaseUrl } = here.environment;
  const isFolder = textOption(args, "data") !== undefined || (databaseUrl ?? "") === "";
  return isFolder || databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl };
}
