/**
 * Lets whatever waits for this thread have its turn: requests are read, answers go out, other
 * threads are heard.
 */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
