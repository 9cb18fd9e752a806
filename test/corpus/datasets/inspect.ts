/**
 * Inspect logs: each sample is a run below the run of its log. The log's header states usage by
 * model for the whole evaluation, each sample for itself; the events are what is metered.
 */
import { filesBelow, nameOf } from "../files.ts";
import { type JsonObject, objectAt, textOf } from "../number-text.ts";
import type { CorpusRun, DatasetReader } from "../types.ts";
import {
  idOf,
  litellmModel,
  modelStep,
  outcome,
  type RunFacts,
  runClosed,
  runOpened,
  timeOf,
  toolStep,
} from "../wire.ts";
import { logFigures, sampleFigures } from "./inspect-figures.ts";
import { eventsOf, type InspectLog, ranSamples, readLog, tokensOf } from "./inspect-log.ts";

const DATASET = "inspect";

export const inspect: DatasetReader = {
  dataset: DATASET,
  read: (root) =>
    filesBelow(root, `runs/${DATASET}`, [".eval", ".json"]).flatMap((file) => {
      const log = readLog(file);
      return log === undefined ? [] : runsOfLog(log, nameOf(file));
    }),
};

function runsOfLog({ header, samples }: InspectLog, stem: string): CorpusRun[] {
  const id = textOf(objectAt(header.eval).run_id) ?? "";
  const agent = textOf(objectAt(header.eval).task) ?? DATASET;
  const log: RunFacts = { dataset: DATASET, run: idOf(DATASET, stem, id), agent };
  const at = timeOf(textOf(objectAt(header.eval).created));
  const runs = samples.map((sample, position) => {
    const name = [textOf(sample.id) ?? String(position), `epoch${textOf(sample.epoch) ?? "1"}`];
    return sampleRun({ ...log, parentRun: log.run, run: idOf(log.run, ...name) }, sample, at);
  });
  const modelOfStep = new Map(runs.flatMap(({ models }) => [...models]));
  const lostSamples = Math.max(0, ranSamples(header) - samples.length);
  const usage = objectAt(header, "stats", "model_usage");
  const whole: CorpusRun = {
    dataset: DATASET,
    run: log.run,
    events: [runOpened(log, at)],
    stated: logFigures(usage, modelOfStep, lostSamples),
  };
  return [whole, ...runs.map(({ run }) => run)];
}

interface SampleRun {
  readonly run: CorpusRun;
  /** Step id → the model it asked for, as the usage blocks name it. */
  readonly models: ReadonlyMap<string, string>;
}

function sampleRun(run: RunFacts, sample: JsonObject, at: string): SampleRun {
  const events = eventsOf(sample);
  const models = new Map<string, string>();
  const steps = events.map((event) => {
    const id = idOf(run.run.split("/").slice(-2).join("/"), textOf(event.uuid) ?? "");
    const time = timeOf(textOf(event.timestamp), at);
    if (event.event === "tool") {
      const status = Object.keys(objectAt(event.error)).length > 0 ? "error" : "ok";
      const tool = textOf(event.function) ?? "unknown";
      return toolStep(run, { id, at: time, tool, status, asked: event.arguments });
    }
    models.set(id, textOf(event.model) ?? "unknown");
    return modelEvent(run, event, { id, at: time });
  });
  const end = timeOf(textOf(events.at(-1)?.timestamp), at);
  const failed = Object.keys(objectAt(sample.error)).length > 0;
  const corpusRun: CorpusRun = {
    dataset: DATASET,
    run: run.run,
    events: [
      runOpened(run, timeOf(textOf(events[0]?.timestamp), at)),
      ...steps,
      ...(isCorrect(sample) ? [outcome(run, end, "correct")] : []),
      runClosed(run, end, failed ? "failed" : "completed"),
    ],
    stated: sampleFigures(objectAt(sample.model_usage), models),
  };
  return { run: corpusRun, models };
}

function modelEvent(
  run: RunFacts,
  event: JsonObject,
  { id, at }: { readonly id: string; readonly at: string },
): object {
  const output = objectAt(event.output);
  const asked = litellmModel(textOf(event.model) ?? "unknown");
  const model = textOf(output.model) || asked.model;
  const tokens = tokensOf(objectAt(output.usage));
  const status = textOf(event.error) === undefined ? "ok" : "error";
  return modelStep(run, { id, at, provider: asked.provider, model, tokens, status });
}

function isCorrect(sample: JsonObject): boolean {
  const scores = Object.values(objectAt(sample.scores)).map((score) => objectAt(score).value);
  return (
    scores.length > 0 && scores.every((value) => value === "C" || value === "1" || value === "1.0")
  );
}
