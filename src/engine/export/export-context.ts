/** What the exporter works with, and the targets of a workspace. */
import { TollgateError } from "../../domain/errors.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Clock, Digest, Ids } from "../ports.ts";
import type { Connector, OutgoingHttp, Session } from "./connector-port.ts";
import type { ExportLedger, Outbox, SecretBox } from "./export-ports.ts";

/** Ports of the exporter, and the connectors that there are. */
export interface ExportContext {
  readonly outbox: Outbox;
  readonly ledger: ExportLedger;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly http: OutgoingHttp;
  readonly secrets: SecretBox;
  readonly digest: Pick<Digest, "sha256">;
  readonly ids: Ids;
  /** The machine's: other systems know no sandbox's time. */
  readonly clock: Clock;
  /** From 0 up to 1. */
  chance(): number;
  /** Waits, in milliseconds; tests do not. */
  wait(ms: number): Promise<void>;
}

/** One target with its connector, ready to be worked on. */
export interface OpenTarget {
  readonly workspace: string;
  readonly target: ExportTarget;
  readonly connector: Connector;
  readonly session: Session;
  /** Texts that are hidden in what is kept: its secrets, and what was got or sent with them. */
  hidden(): Promise<Set<string>>;
}

/** A target's connector. Throws `target.invalid` where there is none of that name. */
export function connectorOf(
  connectors: ExportContext["connectors"],
  target: Pick<ExportTarget, "connector">,
): Connector {
  const connector = connectors.get(target.connector);
  if (connector !== undefined) return connector;
  const names = [...connectors.keys()].join(", ");
  const detail = `There is no connector "${target.connector}"; there are: ${names}.`;
  throw new TollgateError("target.invalid", detail, "connector");
}

/** Makes targets ready; keeps access tokens as long as it lives. */
export class TargetOpener {
  readonly #context: ExportContext;
  readonly #memories = new Map<string, Session["memory"]>();
  readonly #hidden = new Map<string, Promise<Set<string>>>();

  constructor(context: ExportContext) {
    this.#context = context;
  }

  /** A target with its connector. Throws `target.invalid` where there is no such connector. */
  open(workspace: string, target: ExportTarget): OpenTarget {
    const connector = connectorOf(this.#context.connectors, target);
    const place = JSON.stringify([workspace, target.id]);
    const memory = this.#memories.get(place) ?? new Map();
    this.#memories.set(place, memory);
    const { http, clock } = this.#context;
    const session: Session = {
      ...{ workspace, target, http, memory },
      nowMs: () => clock.nowMs(),
      secret: (name) => this.#secret(workspace, target.id, name),
    };
    const hidden = () => this.#hiddenOf(workspace, target.id);
    return { workspace, target, connector, session, hidden };
  }

  /** All secrets of a target, read once: one that is not used just now may be told back as well. */
  #hiddenOf(workspace: string, target: string): Promise<Set<string>> {
    const place = JSON.stringify([workspace, target]);
    const known = this.#hidden.get(place);
    if (known !== undefined) return known;
    const read = this.#readAll(workspace, target);
    this.#hidden.set(place, read);
    // One that cannot be read now is read the next time.
    read.catch(() => this.#hidden.delete(place));
    return read;
  }

  async #readAll(workspace: string, target: string): Promise<Set<string>> {
    const texts = new Set<string>();
    for (const { name, ...secret } of await this.#context.outbox.secrets(workspace, target)) {
      try {
        texts.add(this.#context.secrets.open(secret, boundTo(workspace, target, name)));
      } catch (error) {
        // Without its key it is used nowhere, so it is told back by nobody.
        if (!(error instanceof TollgateError)) throw error;
      }
    }
    return texts;
  }

  /** Tokens may be of credentials that have just changed. */
  forget(workspace: string, target: string): void {
    this.#memories.delete(JSON.stringify([workspace, target]));
    this.#hidden.delete(JSON.stringify([workspace, target]));
  }

  async #secret(workspace: string, target: string, name: string): Promise<string> {
    const kept = await this.#context.outbox.secrets(workspace, target);
    const secret = kept.find((one) => one.name === name);
    if (secret === undefined) {
      const detail = `Target "${target}" has no secret "${name}".`;
      throw new TollgateError("secret.missing", detail, `secrets.${name}`);
    }
    return this.#context.secrets.open(secret, boundTo(workspace, target, name));
  }
}

/** What a sealed secret is bound to: in another place it does not open. */
export function boundTo(workspace: string, target: string, name: string): string {
  return JSON.stringify([workspace, target, name]);
}
