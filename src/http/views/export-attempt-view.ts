/** Attempts to send lines, or to read them back, as documents. */
import type { Exchange, ExportAttempt, KeptBody } from "../../domain/export/attempt.ts";
import { timeText } from "../instant.ts";

/** What an attempt came to, without bodies. */
export function attemptSummary({ id, purpose, atMs, isTroubled, ...rest }: ExportAttempt) {
  const requests = rest.exchanges.map(({ request: { method, url }, answer }) => {
    const status = answer.kind === "answered" ? answer.status : null;
    return { method, url, status, problem: answer.kind === "answered" ? null : answer.reason };
  });
  const said = Map.groupBy(rest.lines, (line) => line.said);
  const counts = Object.fromEntries([...said].map(([what, lines]) => [what, lines.length]));
  return { id, purpose, at: timeText(atMs), isTroubled, said: counts, requests };
}

/** An attempt with its requests and answers. */
export function attemptView(attempt: ExportAttempt) {
  const { id, target, purpose, atMs, isTroubled, lines, exchanges, leftOutCount } = attempt;
  return {
    ...{ id, target, purpose, at: timeText(atMs), isTroubled, lines, leftOut: leftOutCount },
    exchanges: exchanges.map(exchangeView),
  };
}

function exchangeView({ atMs, tookMs, request, answer }: Exchange) {
  const { method, url, headers, body } = request;
  const isAnswered = answer.kind === "answered";
  return {
    ...{ at: timeText(atMs), tookMs },
    request: { method, url, headers, body: body === null ? null : bodyView(body) },
    answer: isAnswered
      ? { status: answer.status, headers: answer.headers, body: bodyView(answer.body) }
      : null,
    problem: isAnswered ? null : { kind: answer.kind, reason: answer.reason },
  };
}

function bodyView({ text, bytes, hash, isCut }: KeptBody) {
  return { text, bytes, sha256: hash, isCut };
}
