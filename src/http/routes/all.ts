/** Every route there is. What is not here answers 404; the OpenAPI document lists just these. */
import type { Route } from "../route.ts";
import { ALERT_ROUTES } from "./alerts.ts";
import { AUDIT_ROUTES } from "./audit.ts";
import { BUDGET_ROUTES } from "./budgets.ts";
import { CHANGE_ROUTES } from "./changes.ts";
import { COMMITMENT_ROUTES } from "./commitments.ts";
import { CORRECTION_ROUTES } from "./corrections.ts";
import { CREDIT_ROUTES } from "./credits.ts";
import { CUSTOMER_ROUTES } from "./customers.ts";
import { EVENT_ROUTES } from "./events.ts";
import { EXPORT_ATTEMPT_ROUTES } from "./export-attempts.ts";
import { EXPORT_ROUTES } from "./exports.ts";
import { HELD_ROUTES } from "./held.ts";
import { HOLD_ROUTES } from "./holds.ts";
import { INVOICE_ROUTES } from "./invoices.ts";
import { KEY_ROUTES } from "./keys.ts";
import { LIVE_ROUTES } from "./live.ts";
import { MARGIN_ROUTES } from "./margin.ts";
import { OPENING_ROUTES } from "./openings.ts";
import { POLICY_ROUTES } from "./policies.ts";
import { POLICY_SIMULATION_ROUTES } from "./policy-simulations.ts";
import { PRICE_ROUTES } from "./prices.ts";
import { PROJECTION_ROUTES } from "./projection.ts";
import { RATE_CARD_ROUTES } from "./rate-cards.ts";
import { RATE_ROUTES } from "./rates.ts";
import { RECEIPT_ROUTES } from "./receipts.ts";
import { RERATE_ROUTES } from "./rerate.ts";
import { RUN_EVENT_ROUTES } from "./run-events.ts";
import { RUN_ROUTES } from "./runs.ts";
import { SIMULATION_ROUTES } from "./simulations.ts";
import { STATEMENT_LINE_ROUTES } from "./statement-lines.ts";
import { STATEMENT_ROUTES } from "./statements.ts";
import { STATUS_ROUTES } from "./status.ts";
import { TOPUP_ROUTES } from "./topups.ts";
import { USAGE_ROUTES } from "./usage.ts";
import { WORKSPACE_ROUTES } from "./workspaces.ts";

/** All routes, in the order of the documentation. */
export const ALL_ROUTES: readonly Route[] = [
  ...EVENT_ROUTES,
  ...RUN_EVENT_ROUTES,
  ...HOLD_ROUTES,
  ...RUN_ROUTES,
  ...RECEIPT_ROUTES,
  ...USAGE_ROUTES,
  ...MARGIN_ROUTES,
  ...HELD_ROUTES,
  ...BUDGET_ROUTES,
  ...ALERT_ROUTES,
  ...POLICY_ROUTES,
  ...LIVE_ROUTES,
  ...CUSTOMER_ROUTES,
  ...PROJECTION_ROUTES,
  ...COMMITMENT_ROUTES,
  ...CREDIT_ROUTES,
  ...TOPUP_ROUTES,
  ...OPENING_ROUTES,
  ...RATE_CARD_ROUTES,
  ...PRICE_ROUTES,
  ...RATE_ROUTES,
  ...RERATE_ROUTES,
  ...SIMULATION_ROUTES,
  ...POLICY_SIMULATION_ROUTES,
  ...STATEMENT_ROUTES,
  ...STATEMENT_LINE_ROUTES,
  ...CORRECTION_ROUTES,
  ...INVOICE_ROUTES,
  ...AUDIT_ROUTES,
  ...CHANGE_ROUTES,
  ...EXPORT_ROUTES,
  ...EXPORT_ATTEMPT_ROUTES,
  ...WORKSPACE_ROUTES,
  ...KEY_ROUTES,
  ...STATUS_ROUTES,
];
