/**
 * A response's stream, watched while it passes. Bytes go on as the reader asks for them, so its
 * pace is the provider's pace; nothing is read ahead and no more than one event is kept back.
 */
import { later, type StopTimer } from "../timers.ts";
import { SseCutter, type SseEvent } from "./sse-events.ts";

/** How a stream ended. `idle`: nobody reads it any more, though it may still go on. */
export type StreamEnd = "complete" | "cancelled" | "broken" | "idle";

/** Who watches. */
export interface StreamObserver {
  /** True: the event is not for the reader. */
  see(data: unknown): boolean;
  /** Called once at the end; before it any number of times with `idle`. */
  onEnd(end: StreamEnd): void;
}

/** The same bytes, without those that the observer keeps. */
export function meteredStream(
  source: ReadableStream<Uint8Array>,
  observer: StreamObserver,
  idleMs: number,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const cutter = new SseCutter();
  let stopIdle: StopTimer = () => {};
  let hasEnded = false;
  const end = (how: StreamEnd) => {
    stopIdle();
    if (hasEnded) return;
    hasEnded = how !== "idle";
    observer.onEnd(how);
  };
  const awaitReader = () => {
    stopIdle = later(idleMs, () => end("idle"));
  };
  const pass = (events: readonly SseEvent[], to: ReadableStreamDefaultController<Uint8Array>) => {
    const kept = events.filter(({ data }) => !observer.see(data));
    for (const { bytes } of kept) to.enqueue(bytes);
    return kept.length > 0;
  };
  awaitReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        stopIdle();
        try {
          for (let isPassed = false; !isPassed; ) {
            const { done, value } = await reader.read();
            if (!done) {
              isPassed = pass(cutter.push(value), controller);
              continue;
            }
            const rest = cutter.rest();
            if (rest !== null) pass([rest], controller);
            end("complete");
            return controller.close();
          }
          awaitReader();
        } catch (error) {
          end("broken");
          controller.error(error);
        }
      },
      cancel(reason) {
        end("cancelled");
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
