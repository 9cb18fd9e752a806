/**
 * What Stripe refused after taking it, told by a v2 event destination. Its messages are thin: they
 * name an event, which is read from the API. It holds samples only, so what it does not name is
 * found by reading sums back.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { TollgateError } from "../../domain/errors.ts";
import type { Heard, Notice, Session } from "../../engine/export/connector-port.ts";
import { parsed, read } from "./stripe-api.ts";

const REPORTS: readonly string[] = [
  ...["v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found"],
];
/** docs.stripe.com/webhooks: five minutes is what their SDK allows. */
const TOLERANCE_S = 300;
const SECOND_MS = 1_000;

interface ErrorReport {
  readonly data: {
    readonly reason: {
      readonly error_types: readonly {
        readonly code: string;
        readonly sample_errors: readonly {
          readonly error_message: string;
          readonly request: { readonly identifier: string };
        }[];
      }[];
    };
  };
}

/** Lines that a message says were refused; null: it is not Stripe's, or no secret is kept. */
export async function hearReport(notice: Notice, session: Session): Promise<Heard[] | null> {
  const secret = await webhookSecret(session);
  if (secret === null || !isSigned(notice, { secret, nowMs: session.nowMs() })) return null;
  const { type, id } = (parsed(notice.body) ?? {}) as { type?: string; id?: string };
  if (!REPORTS.includes(type ?? "") || !/^evt_[A-Za-z0-9_]+$/.test(id ?? "")) return [];
  const answer = await read(`/v2/core/events/${id}`, session);
  const report = answer?.status === 200 ? (parsed(answer.body) as ErrorReport | null) : null;
  const errors = report?.data?.reason?.error_types ?? [];
  return errors.flatMap(({ code, sample_errors: samples }) =>
    samples.map(({ error_message: message, request }) => {
      return { key: request.identifier, found: "refused" as const, note: `${code}: ${message}` };
    }),
  );
}

async function webhookSecret(session: Session): Promise<string | null> {
  try {
    return await session.secret("webhook");
  } catch (error) {
    if (error instanceof TollgateError && error.code === "secret.missing") return null;
    throw error;
  }
}

/** `Stripe-Signature: t=…,v1=…`; while a secret is being changed, there is a v1 for each. */
function isSigned(
  { headers, body }: Notice,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): boolean {
  const parts = (headers["stripe-signature"] ?? "").split(",").map((part) => part.split("="));
  const seconds = parts.find(([name]) => name === "t")?.[1] ?? "";
  const age = Math.abs(nowMs / SECOND_MS - Number(seconds));
  if (!/^[0-9]{1,12}$/.test(seconds) || age > TOLERANCE_S) return false;
  const wanted = createHmac("sha256", secret).update(`${seconds}.${body}`).digest();
  return parts.some(([name, hex = ""]) => {
    const given = Buffer.from(name === "v1" ? hex : "", "hex");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
