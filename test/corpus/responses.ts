/** Every kind of recorded provider response. */
import { filesBelow, textOfFile } from "./files.ts";
import { runOfAnswers } from "./responses/answers-run.ts";
import { readCassettes } from "./responses/cassettes.ts";
import { genaiPrices } from "./responses/genai.ts";
import { contentOf } from "./responses/stream-text.ts";
import type { DatasetReader } from "./types.ts";

const CASSETTES = "cassettes";
const VERCEL = "vercel-ai";

const cassettes: DatasetReader = {
  dataset: CASSETTES,
  read: (root) =>
    [...readCassettes(root)].flatMap(([file, answers]) =>
      runOfAnswers(CASSETTES, file.path, answers),
    ),
};

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
      return runOfAnswers(VERCEL, file.path, [{ ...told, content }]);
    }),
};

export const RESPONSE_DATASETS: readonly DatasetReader[] = [genaiPrices, cassettes, vercelAi];
