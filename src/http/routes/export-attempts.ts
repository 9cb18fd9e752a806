/** What was sent to billing systems and answered, kept without secrets for support. */
import { TollgateError } from "../../domain/errors.ts";
import type { ExportAttempt } from "../../domain/export/attempt.ts";
import { ATTEMPTS_OF_A_PAGE_MAX_COUNT } from "../../domain/limits.ts";
import { json, ok, route } from "../route.ts";
import { closed, described, FLAG, ID, LIMIT, named, TEXT } from "../schema.ts";
import { attemptSummary, attemptView } from "../views/export-attempt-view.ts";

interface TargetParam {
  readonly target: string;
}
interface Query {
  readonly line?: string;
  readonly troubled?: boolean;
  readonly cursor?: string;
  readonly limit: number;
}

const listAttempts = route<TargetParam, Query>({
  method: "GET",
  path: "/v1/targets/{target}/attempts",
  operationId: "listExportAttempts",
  summary: "Attempts to send lines or to read them back, of a target or of one line.",
  scope: "read",
  params: closed({ target: ID }),
  query: closed({
    "line?": described(ID, "Only those of the line with this key: all that are kept."),
    "troubled?": described(FLAG, "Only those in which something went wrong, or only the others."),
    "cursor?": described(TEXT, "`next` of the page before."),
    "limit?": { ...LIMIT, default: 20, maximum: ATTEMPTS_OF_A_PAGE_MAX_COUNT },
  }),
  answers: { 200: json("A page of attempts.", named("ExportAttemptList")) },
  errors: ["target.not_found", "export.line_not_found", "field.invalid"],
  handle: async ({ engine }, { workspace, params: { target }, query }) => {
    const { line, troubled, limit } = query;
    if (line !== undefined) {
      const own = await engine.exports.attemptsOfLine(workspace, { target, key: line });
      const asked = own.filter((one) => troubled === undefined || one.isTroubled === troubled);
      return ok({ attempts: asked.map(attemptSummary), next: null });
    }
    const attempts = await engine.exports.attempts(workspace, {
      ...{ target, limit },
      ...(troubled === undefined ? {} : { isTroubled: troubled }),
      ...(query.cursor === undefined ? {} : { after: placeOf(query.cursor) }),
    });
    const last = attempts.length < limit ? undefined : attempts.at(-1);
    const next = last === undefined ? null : JSON.stringify([last.atMs, last.id]);
    return ok({ attempts: attempts.map(attemptSummary), next });
  },
});

function placeOf(cursor: string): Pick<ExportAttempt, "atMs" | "id"> {
  try {
    const [atMs, id] = JSON.parse(cursor);
    if (Number.isSafeInteger(atMs) && typeof id === "string") return { atMs, id };
  } catch {
    // Told below, like what is JSON and no place.
  }
  throw new TollgateError("field.invalid", "This is no `next` of a page.", "cursor");
}

const showAttempt = route<TargetParam & { readonly attempt: string }>({
  method: "GET",
  path: "/v1/targets/{target}/attempts/{attempt}",
  operationId: "readExportAttempt",
  summary: "The requests of an attempt and their answers, without secrets.",
  scope: "read",
  params: closed({ target: ID, attempt: ID }),
  answers: { 200: json("The attempt.", named("ExportAttempt")) },
  errors: ["target.not_found", "export.attempt_not_found"],
  handle: async ({ engine }, { workspace, params: { target, attempt } }) =>
    ok(attemptView(await engine.exports.attempt(workspace, { target, id: attempt }))),
});

/** Reading attempts. */
export const EXPORT_ATTEMPT_ROUTES = [listAttempts, showAttempt];
