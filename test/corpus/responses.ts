/** Every kind of recorded provider response. */
import { type FoundFile, filesBelow, textOfFile } from "./files.ts";
import { runOfAnswers } from "./responses/answers-run.ts";
import { readCassettes } from "./responses/cassettes.ts";
import { genaiPrices } from "./responses/genai.ts";
import { mapAnswer } from "./responses/mapped-answer.ts";
import type { Answer } from "./responses/recording.ts";
import { contentOf } from "./responses/stream-text.ts";
import type { CorpusRun, DatasetReader } from "./types.ts";

const CASSETTES = "cassettes";
const VERCEL = "vercel-ai";

const cassettes: DatasetReader = {
  dataset: CASSETTES,
  read: (root) =>
    [...readCassettes(root)].flatMap(([file, answers]) => runOfFile(CASSETTES, file, answers)),
};

/** A file of which no answer holds a usage is no run, and is told. */
function runOfFile(dataset: string, file: FoundFile, answers: readonly Answer[]): CorpusRun[] {
  for (const answer of answers) {
    const result = mapAnswer(answer)?.result;
    for (const path of result !== undefined && "unread" in result ? result.unread : []) {
      file.leaveOut(`answer ${answer.position}: no rule reads the count ${path}`);
    }
  }
  const runs = runOfAnswers(dataset, file.path, answers);
  if (runs.length === 0) file.leaveOut("no answer in it holds a usage");
  return runs;
}

/** Bodies and chunk files; nothing tells host or time. */
const vercelAi: DatasetReader = {
  dataset: VERCEL,
  read: (root) =>
    filesBelow(root, `responses/${VERCEL}`, [".json", ".txt"]).flatMap((file) => {
      const content = contentOf(textOfFile(file));
      if (content === undefined) {
        file.leaveOut("it holds no JSON");
        return [];
      }
      const told = { file: file.path, position: 0, host: "", askedModel: undefined, at: undefined };
      return runOfFile(VERCEL, file, [{ ...told, content }]);
    }),
};

export const RESPONSE_DATASETS: readonly DatasetReader[] = [genaiPrices, cassettes, vercelAi];
