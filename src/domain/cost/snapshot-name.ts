/**
 * Dated snapshots. A provider that pins a model appends a date (or its own version mark) to the
 * id and bills it as the model. Nothing else is trusted: `claude-sonnet-5-5` is not a snapshot of
 * `claude-sonnet-5`.
 */

const DATE = "20\\d\\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])";
const DASHED_DATE = "20\\d\\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])";
/** `-20250929`, `-2025-09-29`, and Vertex's `@20250929`. */
const DATED = new RegExp(`^(.+?)(?:[-@]${DATE}|-${DASHED_DATE})$`);

/** Version marks of single providers: Bedrock's `-v1:0`, Google's three digits (`-001`). */
const VERSIONED: Readonly<Record<string, RegExp>> = {
  aws: /^(.+?)-v\d(?::\d+)?$/,
  google: /^(.+?)-\d{3}$/,
};

/** The names that a subject may be a snapshot of, longest first; empty where it is none. */
export function namesBehindSnapshot(provider: string, subject: string): readonly string[] {
  const pattern = Object.hasOwn(VERSIONED, provider) ? VERSIONED[provider] : undefined;
  const unversioned = pattern?.exec(subject)?.[1];
  const undated = DATED.exec(unversioned ?? subject)?.[1];
  return [unversioned, undated].filter((name) => name !== undefined);
}
