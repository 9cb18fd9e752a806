/** Reports come from a copy of the database where there is one, and say as of when. */
import type { FreshCopy } from "../engine/reports/report-source.ts";
import { timeText } from "./instant.ts";
import type { Route, RouteAnswer, RouteContext, RouteInput } from "./route.ts";

/** Says up to which instant an answer holds every commit; without it, it holds all. */
export const AS_OF_HEADER = "tollgate-as-of";

type Input = RouteInput<unknown, unknown, unknown>;

/**
 * Answers a route. Whatever a copy cannot answer is asked of the database itself: the copy may be
 * away, or may not have heard yet of whom the request names.
 */
export async function answerRoute(
  context: RouteContext,
  route: Route,
  input: Input,
): Promise<RouteAnswer> {
  const { reports } = context;
  const isReport = route.isReport === true && !isAsOf(input.query);
  const copy = isReport && reports !== undefined ? await reports.fresh() : null;
  if (copy === null) return route.handle(context, input);
  return answerFrom(copy, { context, route, input });
}

/** What was known at an instant is found under the lock of the workspace. */
function isAsOf(query: unknown): boolean {
  return (query as { readonly asOf?: unknown }).asOf !== undefined;
}

async function answerFrom(
  { engine, asOfMs }: FreshCopy<RouteContext["engine"]>,
  asked: { readonly context: RouteContext; readonly route: Route; readonly input: Input },
): Promise<RouteAnswer> {
  const { context, route, input } = asked;
  try {
    const answer = await route.handle({ ...context, engine }, input);
    return { ...answer, headers: { ...answer.headers, [AS_OF_HEADER]: timeText(asOfMs) } };
  } catch (error) {
    if (isOfStore(error)) context.reports?.failed(error);
    return route.handle(context, input);
  }
}

function isOfStore(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "store.unknown";
}
