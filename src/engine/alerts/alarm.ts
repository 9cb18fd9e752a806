/** Wakes those who deliver alerts, once what an alert is read from is on disk. */
export class Alarm {
  readonly #noted = new Set<string>();
  readonly #listeners = new Set<(workspace: string) => void>();

  /** A unit of work that is under way writes an alert. */
  note(workspace: string): void {
    this.#noted.add(workspace);
  }

  /** A unit of work has ended, however: where an alert was noted, listeners look. */
  look(workspace: string): void {
    if (this.#noted.size === 0 || !this.#noted.delete(workspace)) return;
    for (const listen of this.#listeners) listen(workspace);
  }

  /** Calls a function whenever there may be news; returns how to stop that. */
  listen(listener: (workspace: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
