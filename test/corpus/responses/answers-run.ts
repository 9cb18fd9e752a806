/** Recorded answers as one run: its events and what the providers state. */
import type { CorpusRun } from "../types.ts";
import { idOf } from "../wire.ts";
import { eventsOf, type MappedAnswer, mapAnswer, stepIdOf } from "./mapped-answer.ts";
import type { Answer } from "./recording.ts";
import { costFigures } from "./stated-cost.ts";
import { tokenFigures } from "./token-fields.ts";

/** None where no answer holds a usage. */
export function runOfAnswers(
  dataset: string,
  file: string,
  answers: readonly Answer[],
): CorpusRun[] {
  const run = idOf(dataset, file.split("/").slice(2).join("/"));
  const mapped = withoutRetrievals(answers.flatMap((answer) => mapAnswer(answer) ?? []));
  if (mapped.length === 0) return [];
  const place = { run, customer: idOf("corpus", run), agent: dataset };
  return [
    {
      dataset,
      run,
      events: mapped.flatMap((one) => eventsOf(one, place)),
      stated: mapped.flatMap((one) => [
        ...tokenFigures({ ...one, step: "steps" in one.result ? stepIdOf(one) : undefined }),
        ...costFigures(one),
      ]),
    },
  ];
}

/** A response that was fetched again is the same call. */
function withoutRetrievals(mapped: readonly MappedAnswer[]): MappedAnswer[] {
  const seen = new Set<string>();
  return mapped.filter(({ result, usage }) => {
    const callId = "steps" in result ? result.steps[0]?.callId : undefined;
    if (callId === undefined) return true;
    const key = JSON.stringify([callId, usage]);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
