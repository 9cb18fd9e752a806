/**
 * The way out as connectors have it: `outgoingHttp`, with the hosts that a connector may reach.
 * Many lines go to one place, so its connections are kept.
 */
import { EXPORT_TIMEOUT_MS } from "../../domain/limits.ts";
import type { Hosts, OutgoingHttp, Sent } from "../../engine/export/connector-port.ts";
import { type OutgoingOptions, outgoingHttp } from "./outgoing-http.ts";

/** What an installation says about calls of connectors. */
export interface ConnectorHttpOptions extends Omit<OutgoingOptions, "keepsConnections"> {
  /** (Default: EXPORT_TIMEOUT_MS.) */
  readonly timeoutMs?: number;
}

/** Throws `field.invalid` where a range is none. */
export function connectorHttp(options: ConnectorHttpOptions = {}): OutgoingHttp {
  const { timeoutMs = EXPORT_TIMEOUT_MS, ...rest } = options;
  const outgoing = outgoingHttp({ ...rest, keepsConnections: true });
  return {
    send: async (request, { hosts, ...limits }): Promise<Sent> => {
      const foreign = foreignHost(request.url, hosts);
      if (foreign !== null) return { kind: "not_sent", reason: `${foreign} is not a host of it` };
      const sent = await outgoing.send({ ...request, ...limits, timeoutMs });
      if (sent.outcome === "not_sent") return { kind: "not_sent", reason: sent.detail };
      if (sent.outcome === "unknown") return { kind: "unclear", reason: sent.detail };
      const { status, headers, body } = sent;
      return { kind: "answered", answer: { status, headers, body: textOf(body) } };
    },
  };
}

/** The host that a connector may not reach; null: it may, or the URL names none. */
function foreignHost(url: string, hosts: Hosts): string | null {
  if (hosts === "public") return null;
  const host = URL.parse(url)?.host ?? "";
  return hosts.includes(host) ? null : host;
}

const decoder = new TextDecoder();

function textOf(body: Uint8Array): string {
  return decoder.decode(body);
}
