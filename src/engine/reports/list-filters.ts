/** Which rows lists of runs and of usage have. */

/** Which roll-ups to read, by start date or month too; what is left out matches everything. */
export interface UsageFilter {
  readonly customer?: string;
  readonly agent?: string;
  readonly period?: string;
}

/** Which runs to list; what is left out matches everything. */
export interface RunFilter {
  readonly customer?: string;
  readonly agent?: string;
  readonly endUser?: string;
  /** Only runs with an end user (Default: false). */
  readonly hasEndUser?: boolean;
  readonly status?: string;
  /** Only roots (Default: false). */
  readonly roots?: boolean;
  /** In the order of their ids, which nothing changes (Default: newest opening first). */
  readonly byId?: boolean;
  readonly limit: number;
  /** Id of the last run of the page before. */
  readonly after?: string;
}
