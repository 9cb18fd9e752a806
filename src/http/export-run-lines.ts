/** A run of an export as lines while it goes on: how far it is, then what it came to. */
import { TollgateError } from "../domain/errors.ts";
import type { Engine } from "../engine/engine.ts";

/** Lines of a run; the run goes on to its end also where nobody reads them any more. */
export async function* exportRunLines(
  engine: Engine,
  workspace: string,
  run: { readonly target: string; readonly customer: string | null },
): AsyncGenerator<object> {
  let newest: object | null = null;
  let wake: () => void = () => undefined;
  let end: object | null = null;
  const tell = (line: object) => {
    newest = line;
    wake();
  };
  const request = {
    customer: run.customer,
    onProgress: (progress: object) => tell({ type: "progress", ...progress }),
  };
  void engine.exports.run(workspace, run.target, request).then(
    (total) => {
      end = { type: "total", ...total };
      wake();
    },
    (error: unknown) => {
      end = { type: "error", ...problemOf(error) };
      wake();
    },
  );
  for (;;) {
    if (newest === null && end === null) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    // Whoever reads slowly gets the newest, not all that happened meanwhile.
    const line: object | null = newest;
    newest = null;
    if (line !== null) yield line;
    if (line === null && end !== null) {
      yield end;
      return;
    }
  }
}

function problemOf(error: unknown): { readonly code: string; readonly detail: string } {
  if (error instanceof TollgateError) return { code: error.code, detail: error.message };
  return { code: "internal", detail: "The run failed; what it sent is on record." };
}
