/** Documents of targets and export lines. */
import { LINE_STATES } from "../../domain/export/export-line.ts";
import {
  ANY_TEXT,
  COUNT,
  closed,
  DECIMAL,
  described,
  FLAG,
  listOf,
  mapOf,
  named,
  nullable,
  oneOf,
  PERIOD,
  TIME,
} from "../schema.ts";

const names = closed({
  names: mapOf(mapOf(ANY_TEXT), "Their names by ours; each has an id."),
  others: described(oneOf(["same", "refuse"]), "What becomes of names that are not listed."),
});

const target = closed({
  id: ANY_TEXT,
  connector: ANY_TEXT,
  account: described(ANY_TEXT, "Their account; a live and a test account are two targets."),
  mode: oneOf(["usage", "rated", "statement"]),
  window: oneOf(["hour", "day", "period"]),
  timeZone: ANY_TEXT,
  since: PERIOD,
  customers: names,
  items: names,
  settings: mapOf(ANY_TEXT),
});

const missing = closed({
  place: described(ANY_TEXT, "Such as `customers.acme` or `secrets.signing`."),
  detail: ANY_TEXT,
});

const window = closed({ from: TIME, to: TIME });

const line = closed({
  key: described(ANY_TEXT, "The line's key at the target, for ever."),
  customer: ANY_TEXT,
  item: ANY_TEXT,
  no: described(COUNT, "Place among the lines of the customer and item."),
  period: PERIOD,
  window,
  revision: COUNT,
  state: oneOf(LINE_STATES),
  value: described(DECIMAL, "What is new; negative: less than was sent."),
  unit: ANY_TEXT,
  attempts: COUNT,
  dueAt: TIME,
  lastSentAt: nullable(TIME),
  note: described(ANY_TEXT, "What was said last, without secrets."),
  bodyHash: described(ANY_TEXT, "SHA-256 of the frozen bytes."),
});

const request = closed({
  method: ANY_TEXT,
  url: ANY_TEXT,
  headers: mapOf(ANY_TEXT, "Secrets stand as `{secret}`."),
  body: described(nullable(ANY_TEXT), "As it is sent; base64 where it is no text."),
  isBase64: FLAG,
});

const carried = closed({ customer: ANY_TEXT, item: ANY_TEXT, unit: ANY_TEXT, carried: DECIMAL });
const counts = mapOf(COUNT, "Lines by state.");
const drift = closed({
  customer: ANY_TEXT,
  item: ANY_TEXT,
  window,
  drift: described(nullable(DECIMAL), "Theirs less ours; null: they cannot tell."),
  note: ANY_TEXT,
});
const unknownLine = closed({
  key: described(nullable(ANY_TEXT), "Null: they tell a sum, of which so much is unknown."),
  customer: described(nullable(ANY_TEXT), "Null, as what follows: they tell its key alone."),
  item: nullable(ANY_TEXT),
  unit: nullable(ANY_TEXT),
  value: nullable(DECIMAL),
  note: described(ANY_TEXT, "What these books have of it."),
  place: described(ANY_TEXT, "Where it stands there."),
});

/** Components by name. */
export const EXPORT_SCHEMAS = {
  Target: target,
  TargetList: closed({ targets: listOf(named("Target")), connectors: listOf(ANY_TEXT) }),
  TargetCheck: closed({ missing: listOf(missing, "Empty: everything is set.") }),
  ExportLine: line,
  ExportPlan: closed({
    lines: listOf(named("ExportLine")),
    requests: listOf(request, "The exact requests, without secrets."),
    carried: listOf(carried, "Due, and not to be sent yet."),
    missing: listOf(missing),
    hasMore: described(FLAG, "There are more lines than are shown."),
  }),
  ExportRunLine: {
    oneOf: [
      closed({ type: oneOf(["progress"]), phase: oneOf(["planning", "sending"]), done: COUNT }),
      closed({
        ...{ type: oneOf(["total"]), planned: COUNT, sent: counts, confirmed: COUNT },
        missing: listOf(missing, "Customers with missing names were left out."),
        stopped: described(nullable(ANY_TEXT), "Why sending stopped; null: it did not."),
      }),
      closed({ type: oneOf(["error"]), code: ANY_TEXT, detail: ANY_TEXT }),
    ],
  },
  ExportStatus: closed({
    target: ANY_TEXT,
    counts,
    lines: listOf(named("ExportLine")),
    next: nullable(ANY_TEXT),
  }),
  ExportDrift: closed({
    ...{ looked: COUNT, confirmed: COUNT, drifts: listOf(drift) },
    unknown: described(
      nullable(listOf(unknownLine)),
      "What is there and not known as sent by these books; null: they do not tell what they hold.",
    ),
  }),
};
