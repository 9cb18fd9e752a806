/** That a store lets this node in no more. */

/**
 * No connection to the store is opened, because of what somebody must mend: nothing was asked of
 * it. It is the cause of a `store.unknown`, since a unit may have been sent before.
 */
export class StoreRefused extends Error {
  override name = "StoreRefused";
  /** What to do about it. It names nobody: whoever may ask how a server is may read it. */
  readonly remedy: string;

  constructor(reason: string, remedy: string, options: ErrorOptions) {
    super(`${reason}; ${remedy}`, options);
    this.remedy = remedy;
  }
}

/** Why a store lets nobody in, as far as an error that it threw says so. */
export function refusalOf(error: unknown): StoreRefused | null {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof StoreRefused ? cause : null;
}
