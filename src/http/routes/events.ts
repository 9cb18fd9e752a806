/** The hot path, as a declaration; events-listener.ts answers it. */
import { unreachable } from "../../domain/assert.ts";
import { EVENTS_PATH } from "../events-listener.ts";
import { json, route } from "../route.ts";
import { named } from "../schema.ts";
import { EVENT_LIST } from "../schemas/events.ts";

/** POST /v1/events. */
export const EVENT_ROUTES = [
  route({
    method: "POST",
    path: EVENTS_PATH,
    operationId: "ingestEvents",
    summary: "Commit events durably, each exactly once; a bad one never spoils the others.",
    scope: "ingest",
    body: {
      schema: EVENT_LIST,
      isParsedByHandler: true,
      otherTypes: { "application/x-ndjson": named("Event") },
    },
    answers: { 200: json("What became of each event, in the order sent.", named("IngestAnswer")) },
    handle: () => unreachable("the events listener answers this route" as never),
  }),
];
