/**
 * Reads a trace of system calls (strace -f -y) and says which acknowledgements, and which lines for
 * a billing system, reached a socket before the log's bytes were forced to disk.
 */

/** A call, placed by the lines on which it began and ended. */
export interface SystemCall {
  readonly name: string;
  readonly text: string;
  readonly beganAt: number;
  readonly endedAt: number;
}

const CALL = /^(\d+) +(\w+)\((.*)$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/;
const UNFINISHED = / <unfinished \.\.\.>$/;

/** Calls by the line on which they ended. Calls that never ended prove nothing: left out. */
export function parseTrace(trace: string): SystemCall[] {
  const open = new Map<string, { readonly name: string; text: string; readonly beganAt: number }>();
  const calls: SystemCall[] = [];
  for (const [at, line] of trace.split("\n").entries()) {
    const resumed = RESUMED.exec(line);
    if (resumed !== null) {
      const [, thread = "", name = "", rest = ""] = resumed;
      const begun = open.get(thread);
      open.delete(thread);
      if (begun?.name === name) calls.push({ ...begun, text: begun.text + rest, endedAt: at });
      continue;
    }
    const [, thread = "", name = "", rest = ""] = CALL.exec(line) ?? [];
    if (name === "") continue;
    if (UNFINISHED.test(rest)) {
      open.set(thread, { name, text: rest.replace(UNFINISHED, ""), beganAt: at });
    } else {
      calls.push({ name, text: rest, beganAt: at, endedAt: at });
    }
  }
  return calls;
}

const LOG_FILE = /^\d+<[^>]*-wal>/;
const SOCKET = /^\d+<(socket|TCP)[^>]*>/;
const WRITES = new Set(["write", "pwrite64", "writev", "pwritev", "sendto", "sendmsg"]);
const FORCES = new Set(["fsync", "fdatasync"]);
const SUCCEEDED = /\) += +\d+$/;
/** Ids and reasons of the load: found as they are in what is written. */
const MARK = "ack-\\d{6}z";
/** Keys of lines. */
const LINE_KEY = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const MARKS = new RegExp(MARK, "g");
const LOGGED = new RegExp(`${MARK}|${LINE_KEY}`, "g");
/** A line on its way to a webhook target. */
const SENT_LINE = new RegExp(`"POST .*webhook-id: (${LINE_KEY})`);

/** What a trace shows of acknowledgements. */
export interface Finding {
  /** Answers 200 that name events, or the reasons of acts. */
  acknowledgements: number;
  /** Events, or reasons, that these answers name. */
  events: number;
  /** Lines that were sent to a billing system. */
  sentLines: number;
  /** Times that the log was forced to disk. */
  forced: number;
  /** What went to a socket too early. */
  readonly violations: string[];
}

/**
 * An acknowledgement is right when each event that it names was written to the log, and an
 * fdatasync that began after all writing up to then succeeded before the answer's first byte left.
 * A line for a billing system is right when its key was on disk so before it left.
 *
 * Where one request follows the other, nothing of the log may be uncovered at an answer, so that
 * not even the end of a commit is missing. Under load the log may have grown again by then, for
 * commits have a thread of their own.
 */
export function judgeTrace(trace: string, load: "in turn" | "at once" = "in turn"): Finding {
  const counts = { acknowledgements: 0, events: 0, sentLines: 0, forced: 0 };
  const finding: Finding = { ...counts, violations: [] };
  const inLog = new Set<string>();
  const onDisk = new Set<string>();
  /** When the last write that no fdatasync covers ended. */
  let uncoveredAt: number | null = null;
  const acknowledge = (call: SystemCall): void => {
    finding.acknowledgements += 1;
    const ids = new Set(call.text.match(MARKS));
    finding.events += ids.size;
    const early = [...ids].filter((id) => !onDisk.has(id));
    if (early.length > 0) finding.violations.push(`${early[0]} is not in a log on disk`);
    if (uncoveredAt === null || load === "at once") return;
    finding.violations.push(`line ${call.beganAt + 1}: log not on disk`);
  };
  const send = (key: string): void => {
    finding.sentLines += 1;
    if (!onDisk.has(key)) finding.violations.push(`line ${key} is not in a log on disk`);
  };
  for (const call of inOrder(parseTrace(trace))) {
    if (WRITES.has(call.name) && LOG_FILE.test(call.text)) {
      uncoveredAt = call.endedAt;
      for (const id of call.text.match(LOGGED) ?? []) inLog.add(id);
    } else if (FORCES.has(call.name) && LOG_FILE.test(call.text) && SUCCEEDED.test(call.text)) {
      finding.forced += 1;
      if (uncoveredAt !== null && call.beganAt <= uncoveredAt) continue;
      uncoveredAt = null;
      for (const id of inLog) onDisk.add(id);
      inLog.clear();
    } else if (WRITES.has(call.name) && SOCKET.test(call.text)) {
      if (/"HTTP\/1\.1 200 /.test(call.text) && call.text.match(MARKS)) acknowledge(call);
      const [, key] = SENT_LINE.exec(call.text) ?? [];
      if (key !== undefined) send(key);
    }
  }
  return finding;
}

/** Forced by when it ended, everything else by when it began: in doubt, against the server. */
function inOrder(calls: readonly SystemCall[]): SystemCall[] {
  const place = (call: SystemCall) => (FORCES.has(call.name) ? call.endedAt : call.beganAt);
  return [...calls].sort((a, b) => place(a) - place(b));
}
