/** Documents of attempts to send lines. */
import {
  ANY_TEXT,
  COUNT,
  closed,
  described,
  FLAG,
  listOf,
  mapOf,
  named,
  nullable,
  oneOf,
  TIME,
} from "../schema.ts";

const said = closed({
  key: ANY_TEXT,
  said: described(ANY_TEXT, "What the answer meant for the line, such as `permanent_data`."),
});

const attempt = {
  id: ANY_TEXT,
  purpose: oneOf(["send", "read_back"]),
  at: TIME,
  isTroubled: described(FLAG, "Something went otherwise than it should."),
};

const body = closed({
  text: described(nullable(ANY_TEXT), "Secrets stand as `{secret}`; null: it is no text."),
  bytes: COUNT,
  sha256: described(nullable(ANY_TEXT), "SHA-256 of all of it; null where a secret stood in it."),
  isCut: FLAG,
});
const headers = mapOf(ANY_TEXT, "Secrets stand as `{secret}`.");

const exchange = closed({
  at: TIME,
  tookMs: COUNT,
  request: closed({ method: ANY_TEXT, url: ANY_TEXT, headers, body: nullable(body) }),
  answer: described(
    nullable(closed({ status: COUNT, headers, body })),
    "Null: there was none; `problem` says why.",
  ),
  problem: nullable(closed({ kind: oneOf(["not_sent", "unclear"]), reason: ANY_TEXT })),
});

const summary = closed({
  ...attempt,
  said: mapOf(COUNT, "Lines by what the answer meant for them."),
  requests: listOf(
    closed({
      ...{ method: ANY_TEXT, url: ANY_TEXT, status: nullable(COUNT) },
      problem: nullable(ANY_TEXT),
    }),
  ),
});

/** Components by name. */
export const EXPORT_ATTEMPT_SCHEMAS = {
  ExportAttempt: closed({
    ...{ ...attempt, target: ANY_TEXT, lines: listOf(said) },
    leftOut: described(COUNT, "Earlier requests of the attempt that are not kept."),
    exchanges: listOf(exchange, "Requests and answers, in their order."),
  }),
  ExportAttemptSummary: summary,
  ExportAttemptList: closed({
    attempts: listOf(named("ExportAttemptSummary"), "The newest first."),
    next: described(nullable(ANY_TEXT), "`cursor` of the next page; null: that was all."),
  }),
};
