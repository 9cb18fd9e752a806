/** What the server has done since its start, as Prometheus text (exposition format 0.0.4). */
import type { EventStatus } from "../engine/commit/result.ts";
import type { IngestedEvent } from "./http-parts.ts";

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One answered request. */
export interface Observation {
  /** Method and path template, never the path itself: its values would be without number. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

interface Histogram {
  readonly counts: number[];
  sumSeconds: number;
  count: number;
}

/** Values that are read when someone asks. */
export interface Gauges {
  readonly waiting: number;
  readonly steps: number;
  readonly runs: number;
  readonly storeBytes: number;
  readonly bodyBytes: number;
  readonly commits: number | null;
  /** Null: it is away, or follows no database. Undefined: there is none. */
  readonly replicaBehindMs?: number | null;
}

/** Counts requests and events for Prometheus. */
export class HttpMetrics {
  readonly #events = new Map<EventStatus, number>();
  readonly #durations = new Map<string, Histogram>();
  readonly #requests = new Map<string, Map<number, number>>();

  countEvents(results: readonly IngestedEvent[]): void {
    for (const { result, extra } of results) {
      this.#count(result.status);
      for (const other of extra) this.#count(other.result.status);
    }
  }

  #count(status: EventStatus): void {
    this.#events.set(status, (this.#events.get(status) ?? 0) + 1);
  }

  observe({ route, status, durationMs }: Observation): void {
    const seconds = durationMs / 1_000;
    const histogram = this.#durations.get(route) ?? emptyHistogram();
    this.#durations.set(route, histogram);
    const bucket = BUCKETS_SECONDS.findIndex((limit) => seconds <= limit);
    const place = bucket === -1 ? BUCKETS_SECONDS.length : bucket;
    histogram.counts[place] = (histogram.counts[place] ?? 0) + 1;
    histogram.sumSeconds += seconds;
    histogram.count += 1;
    const statuses = this.#requests.get(route) ?? new Map<number, number>();
    this.#requests.set(route, statuses);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  /** All of it as text. */
  write(gauges: Gauges): string {
    return [
      ...family("tollgate_events_total", "counter", "Events by what became of them."),
      ...[...this.#events].map(([status, n]) => `tollgate_events_total{status="${status}"} ${n}`),
      ...gaugeLines(gauges),
      ...this.#requestLines(),
      ...this.#durationLines(),
      "",
    ].join("\n");
  }

  #requestLines(): string[] {
    const name = "tollgate_http_requests_total";
    const lines = [...this.#requests].flatMap(([route, statuses]) =>
      [...statuses].map(([status, n]) => `${name}{route="${route}",status="${status}"} ${n}`),
    );
    return [...family(name, "counter", "Requests by route and status."), ...lines];
  }

  #durationLines(): string[] {
    const name = "tollgate_http_request_duration_seconds";
    const lines = [...this.#durations].flatMap(([route, { counts, sumSeconds, count }]) => {
      let reached = 0;
      const buckets = BUCKETS_SECONDS.map((limit, place) => {
        reached += counts[place] ?? 0;
        return `${name}_bucket{route="${route}",le="${limit}"} ${reached}`;
      });
      return [
        ...buckets,
        `${name}_bucket{route="${route}",le="+Inf"} ${count}`,
        `${name}_sum{route="${route}"} ${sumSeconds}`,
        `${name}_count{route="${route}"} ${count}`,
      ];
    });
    return [...family(name, "histogram", "Time to answer, in seconds."), ...lines];
  }
}

function emptyHistogram(): Histogram {
  return { counts: BUCKETS_SECONDS.map(() => 0), sumSeconds: 0, count: 0 };
}

function family(name: string, type: string, meaning: string): string[] {
  return [`# HELP ${name} ${meaning}`, `# TYPE ${name} ${type}`];
}

function gaugeLines(gauges: Gauges): string[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const one = (name: string, meaning: string, value: number) => {
    const type = name.endsWith("_total") ? "counter" : "gauge";
    return [...family(name, type, meaning), `${name} ${value}`];
  };
  const { commits, replicaBehindMs: behindMs } = gauges;
  const behind = behindMs === undefined ? [] : [behindMs === null ? -1 : behindMs / 1_000];
  return [
    ...behind.flatMap((seconds) =>
      one("tollgate_replica_behind_seconds", "Age of its last commit; -1: away.", seconds),
    ),
    ...(commits === null ? [] : one("tollgate_commits_total", "Units of work done.", commits)),
    ...one("tollgate_waiting_requests", "Requests that wait for a commit.", gauges.waiting),
    ...one("tollgate_steps", "Steps in the store.", gauges.steps),
    ...one("tollgate_runs", "Runs in the store.", gauges.runs),
    ...one("tollgate_store_bytes", "Size of the store on disk.", gauges.storeBytes),
    ...one("tollgate_body_bytes", "Bodies of requests in flight.", gauges.bodyBytes),
    ...one("process_resident_memory_bytes", "Resident memory.", rss),
    ...one("nodejs_heap_used_bytes", "Heap in use.", heapUsed),
    ...one("process_cpu_seconds_total", "Processor time.", (user + system) / 1e6),
  ];
}
