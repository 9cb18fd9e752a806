/** Exporters that are wrong on purpose: the suite must find each of them out. */
import { randomUUID } from "node:crypto";
import type { Connector } from "../engine/export/connector-port.ts";
import { quantum } from "./scripted-world-contract.ts";

/** What a wrong exporter does. */
export type WrongExporter =
  | "resends blindly under another key"
  | "edits the body of a retry"
  | "takes what was taken as billed";

/** Makes a connector a wrong one. */
export type Spoil = (connector: Connector) => Connector;

/** Each by what it does. */
export const WRONG_EXPORTERS: readonly (readonly [WrongExporter, Spoil])[] = [
  ["resends blindly under another key", resendsBlindly],
  ["edits the body of a retry", editsRetries],
  ["takes what was taken as billed", believes],
];

/** Asks nobody and waits for nothing: what was not answered is sent again at once. */
function resendsBlindly(connector: Connector): Connector {
  return {
    ...connector,
    send: (lines, session) => {
      const renewed = lines.map((line) => {
        if (line.attempts < 2) return line;
        const key = randomUUID();
        return { ...line, key, body: line.body.replaceAll(line.key, key) };
      });
      return connector.send(renewed, session);
    },
    capability: (target) => ({
      ...connector.capability(target),
      ...{ dedup: { windowMs: null }, readBack: { kind: "none" }, settlesAfterMs: 0 },
    }),
  };
}

function editsRetries(connector: Connector): Connector {
  return {
    ...connector,
    send: (lines, session) => {
      const { numbers } = connector.capability(session.target);
      const edited = lines.map((line) => {
        if (line.attempts < 2) return line;
        const more = quantum(numbers.scale);
        const content = { ...line, value: line.value + more, windowTotal: line.windowTotal + more };
        const theirs = {
          customer: session.target.customers.names[line.customer] ?? { id: line.customer },
          item: session.target.items.names[line.item] ?? { id: line.item },
        };
        const freezing = { ...content, workspace: session.workspace, earlier: [], takesBack: null };
        return { ...line, body: connector.freeze(freezing, theirs, session.target) };
      });
      return connector.send(edited, session);
    },
  };
}

/** Takes whatever comes back, and silence too, as billed. */
function believes(connector: Connector): Connector {
  return {
    ...connector,
    capability: (target) => ({
      ...connector.capability(target),
      ...{ readBack: { kind: "none" }, validation: "sync" },
    }),
    send: async (lines, session) => {
      const outcomes = await connector.send(lines, session);
      return outcomes.map((one) =>
        one.class === "unknown_outcome" ? { ...one, class: "accepted" as const } : one,
      );
    },
  };
}
