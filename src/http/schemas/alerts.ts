/** Documents of alerts, where they go, and of what was changed by whom. */
import { ALERT_TEAMS, ALERT_TYPES } from "../../domain/alert/alert.ts";
import { ALERT_CHANNELS } from "../../domain/alert/route.ts";
import { AUDIT_KINDS } from "../../engine/acts/read-audit.ts";
import {
  ANY_TEXT,
  COUNT,
  closed,
  DECIMAL,
  described,
  FLAG,
  listOf,
  mapOf,
  NEXT,
  named,
  nullable,
  oneOf,
  TIME,
} from "../schema.ts";

const TEXT_OR_NULL = nullable(ANY_TEXT);

const alert = closed({
  id: described(ANY_TEXT, "The same wherever it is told."),
  type: oneOf(Object.keys(ALERT_TYPES)),
  team: oneOf(ALERT_TEAMS),
  customer: TEXT_OR_NULL,
  raisedAt: TIME,
  summary: described(ANY_TEXT, "One line for people."),
  data: mapOf({}, "Facts, by type; amounts are exact decimals as text."),
});

const alertRoute = closed({
  key: ANY_TEXT,
  channel: oneOf(ALERT_CHANNELS),
  types: listOf(ANY_TEXT),
  teams: listOf(oneOf(ALERT_TEAMS)),
  customers: listOf(ANY_TEXT),
  perMinute: COUNT,
  isEnabled: FLAG,
  stoppedBecause: TEXT_OR_NULL,
});

const target = closed({
  route: named("AlertRoute"),
  url: ANY_TEXT,
  addresses: listOf(ANY_TEXT),
  secrets: listOf(ANY_TEXT, "Of a webhook: every secret that signs, newest first."),
});

const delivery = closed({
  id: described(ANY_TEXT, "`webhook-id` of every attempt."),
  route: ANY_TEXT,
  state: oneOf(["ready", "delivered", "failed"]),
  alerts: listOf(ANY_TEXT, "Ids of the alerts that it tells."),
  more: described(COUNT, "Alerts that it counts beyond those."),
  createdAt: TIME,
  nextAttemptAt: nullable(TIME),
  endedAt: nullable(TIME),
  attempts: COUNT,
  log: listOf(
    closed({
      at: TIME,
      outcome: oneOf(["taken", "refused", "not_sent", "unknown"]),
      status: nullable({ type: "integer" }),
      detail: ANY_TEXT,
    }),
    "The newest attempts.",
  ),
});

const audited = closed({
  seq: described(COUNT, "Where it stands in the journal, and so in the hash chain."),
  at: TIME,
  kind: oneOf(AUDIT_KINDS),
  subject: ANY_TEXT,
  by: described(TEXT_OR_NULL, "Who decided it, as the act says, else what the key is for."),
  key: described(TEXT_OR_NULL, "Id of the API key that asked."),
  reason: TEXT_OR_NULL,
  before: described({}, "What held before; null: nothing, or the act replaces nothing."),
  after: described({}, "What holds, or what was done; null: it is gone."),
});

const actor = closed({ key: ANY_TEXT, label: ANY_TEXT, reason: TEXT_OR_NULL });

const change = closed({
  id: ANY_TEXT,
  state: oneOf(["proposed", "approved", "rejected"]),
  operation: described(ANY_TEXT, "The operationId of the request that waits."),
  params: {},
  query: {},
  body: described({}, "As it was sent."),
  proposedAt: TIME,
  proposedBy: actor,
  decidedBy: nullable(actor),
});

/** Components of alerts and of the audit log. */
export const ALERT_SCHEMAS = {
  Change: change,
  ChangeList: closed({ changes: listOf(named("Change")), next: NEXT }),
  Approvals: closed({ from: nullable(DECIMAL) }),
  AuditEntry: audited,
  AuditPage: closed({ entries: listOf(named("AuditEntry")), next: NEXT }),
  Alert: alert,
  AlertPage: closed({ alerts: listOf(named("Alert")), next: NEXT }),
  AlertRoute: alertRoute,
  AlertRouteList: closed({ routes: listOf(named("AlertRoute")) }),
  AlertTarget: target,
  AlertDelivery: delivery,
  AlertDeliveryPage: closed({
    deliveries: listOf(named("AlertDelivery")),
    next: described(TEXT_OR_NULL, "`cursor` of the page behind; null: that was all."),
  }),
};
