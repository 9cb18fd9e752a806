/**
 * SDKs retry a failed call on their own and tell nobody. Their `fetch` sees every attempt: this
 * one reports those that failed, so that a retried call is a failed step and a good one.
 */

export interface FailedAttempt {
  /** 1 for the first try of a call. */
  readonly attempt: number;
  readonly occurredAt: string;
  /** The provider's id of the request; null where no answer came. */
  readonly requestId: string | null;
}

/** Watches the calls of one client. */
export class AttemptWatch {
  readonly #report: (failed: FailedAttempt) => void;
  /** Number and start of the attempt made last. */
  attempt = 1;
  occurredAt = "";

  constructor(report: (failed: FailedAttempt) => void) {
    this.#report = report;
  }

  /** For the SDK's option `fetch`. */
  readonly fetch: typeof fetch = async (input, init) => {
    const occurredAt = new Date().toISOString();
    const retries = new Headers(init?.headers).get("x-stainless-retry-count");
    const attempt = 1 + Number(retries ?? "0");
    this.attempt = attempt;
    this.occurredAt = occurredAt;
    try {
      const response = await fetch(input, init);
      if (response.ok) return response;
      const { headers } = response;
      const requestId = headers.get("request-id") ?? headers.get("x-request-id");
      this.#report({ attempt, occurredAt, requestId });
      return response;
    } catch (error) {
      this.#report({ attempt, occurredAt, requestId: null });
      throw error;
    }
  };
}
