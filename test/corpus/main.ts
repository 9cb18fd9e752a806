/**
 * `npm run corpus -- DIR [--json]`: feeds every recorded run below DIR to the product and compares,
 * run by run, what it meters with what the sources state. Exits with 1 if anything is unexplained.
 */
import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { RUN_DATASETS } from "./datasets/all.ts";
import { CorpusFolder } from "./files.ts";
import { type JudgedDataset, judgeDataset, unreadRun } from "./judge.ts";
import { progressBar } from "./progress.ts";
import { complaintsOf, leftOutOf, notesOf, reportOf, tableOf } from "./report.ts";
import { RESPONSE_DATASETS } from "./responses.ts";
import { startMeter } from "./server.ts";
import type { CorpusRun, DatasetReader } from "./types.ts";

const USAGE = "usage: npm run corpus -- DIR [--json]\n";
const EXIT_UNEXPLAINED = 1;
const EXIT_USAGE = 2;

async function judge(
  reader: DatasetReader,
  folder: CorpusFolder,
): Promise<JudgedDataset | undefined> {
  const before = folder.leftOut.length;
  const runs = await reader.read(folder);
  const lost = folder.leftOut.slice(before).filter(({ isLost }) => isLost);
  if (runs.length + lost.length === 0) return undefined;
  const unread = lost.map(({ place, reason }) => unreadRun(place, reason));
  const judged = await judgeRuns(reader, runs);
  return { ...judged, runs: [...judged.runs, ...unread] };
}

async function judgeRuns(
  reader: DatasetReader,
  runs: readonly CorpusRun[],
): Promise<JudgedDataset> {
  const { meter, stop } = await startMeter();
  try {
    return await judgeDataset(reader.dataset, runs, {
      meter,
      progress: progressBar(reader.dataset),
    });
  } finally {
    await stop();
  }
}

/** What was asked for; null where the command line cannot be read, which is told. */
function asked() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { json: { type: "boolean", default: false } },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return null;
  }
}

async function main(): Promise<number> {
  const read = asked();
  if (read === null) return EXIT_USAGE;
  const { values, positionals } = read;
  const [root] = positionals;
  if (root === undefined || statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
    process.stderr.write(root === undefined ? USAGE : `${root} is not a folder\n${USAGE}`);
    return EXIT_USAGE;
  }
  const folder = new CorpusFolder(root);
  const judged: JudgedDataset[] = [];
  for (const reader of [...RUN_DATASETS, ...RESPONSE_DATASETS]) {
    const dataset = await judge(reader, folder);
    if (dataset !== undefined) judged.push(dataset);
  }
  folder.leaveOutOthers();
  for (const line of leftOutOf(folder.leftOut)) process.stderr.write(`${line}\n`);
  if (judged.length === 0) {
    process.stderr.write(`${root} holds no recorded runs laid out as the shared traces are\n`);
    return EXIT_USAGE;
  }
  const report = reportOf(judged, folder.leftOut);
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : `${tableOf(report)}\n\n${notesOf(judged)}\n`,
  );
  const complaints = complaintsOf(judged);
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  return complaints.length > 0 ? EXIT_UNEXPLAINED : 0;
}

process.exitCode = await main();
