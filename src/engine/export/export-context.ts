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
    return { workspace, target, connector, session };
  }

  /** Tokens may be of credentials that have just changed. */
  forget(workspace: string, target: string): void {
    this.#memories.delete(JSON.stringify([workspace, target]));
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
