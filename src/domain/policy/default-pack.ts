/**
 * Policies to begin with: what no healthy run that was recorded comes near to, and a runaway
 * reaches within minutes. `tollgate policy apply default` sets them.
 */
export const DEFAULT_PACK: readonly Readonly<Record<string, unknown>>[] = [
  {
    key: "loops",
    name: "The same over and over",
    rules: [
      { rule: "repeated_call", moreThan: 3, within: 50, do: "notify" },
      { rule: "repeated_call", moreThan: 8, within: 50, do: "pause" },
      { rule: "error_storm", moreThan: 15, within: 20, do: "pause" },
    ],
  },
  {
    key: "spread",
    name: "Runs that spread",
    rules: [
      { rule: "depth", moreThan: 6, do: "block" },
      // An evaluation that was recorded opens a hundred runs, and is well.
      { rule: "fan_out", moreThan: 50, do: "notify" },
      { rule: "fan_out", moreThan: 150, do: "throttle", delayMs: 2000 },
      { rule: "fan_out", moreThan: 300, do: "pause" },
    ],
  },
  {
    key: "drift",
    name: "Runs that do not end",
    rules: [
      { rule: "context_growth", moreThan: 150_000, rises: 20, within: 100, do: "notify" },
      { rule: "context_growth", moreThan: 400_000, rises: 20, within: 100, do: "pause" },
      { rule: "spend_per_minute", moreThan: "5", do: "throttle", delayMs: 5000 },
      { rule: "spend_per_minute", moreThan: "20", do: "pause" },
      { rule: "steps", moreThan: 1000, do: "notify" },
      { rule: "steps", moreThan: 5000, do: "pause" },
      { rule: "wall_time", moreThan: 1440, do: "notify" },
    ],
  },
];
