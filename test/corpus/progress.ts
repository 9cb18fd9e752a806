/** A progress bar on stderr, where a person watches. */
import type { Progress } from "./judge.ts";

const WIDTH = 30;

/** Draws one dataset's progress; draws nothing into a file or a pipe. */
export function progressBar(label: string): Progress {
  if (!process.stderr.isTTY) return () => {};
  let drawn = -1;
  return (done, of) => {
    const filled = Math.floor((done / Math.max(1, of)) * WIDTH);
    if (filled === drawn) return;
    drawn = filled;
    const bar = "█".repeat(filled).padEnd(WIDTH, "░");
    const isDone = done >= of;
    process.stderr.write(isDone ? "\r\u001b[K" : `\r${bar} ${label}\u001b[K`);
  };
}
