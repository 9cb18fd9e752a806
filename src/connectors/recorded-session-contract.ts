/** A session whose requests are kept and answered as they come: for tests of connectors. */
import type { ExportTarget } from "../domain/export/target.ts";
import type { OutgoingAnswer, OutgoingRequest, Session } from "../engine/export/connector-port.ts";

/** What a network makes of a request: an answer, or a body for 200. */
export type Answering = (request: OutgoingRequest) => OutgoingAnswer | object;

/** The session, and its requests in their order. `key` is every secret's text. */
export function recordedSession(
  target: ExportTarget,
  how: { readonly answers: Answering; readonly nowMs: number; readonly key: string },
): { readonly session: Session; readonly requests: OutgoingRequest[] } {
  const requests: OutgoingRequest[] = [];
  const session: Session = {
    ...{ workspace: "w", target, memory: new Map(), nowMs: () => how.nowMs },
    secret: async () => how.key,
    http: {
      send: async (request) => {
        requests.push(request);
        const given = how.answers(request);
        const answer: OutgoingAnswer =
          "status" in given && "headers" in given
            ? (given as OutgoingAnswer)
            : { status: 200, headers: {}, body: JSON.stringify(given) };
        return { kind: "answered", answer };
      },
    },
  };
  return { session, requests };
}
