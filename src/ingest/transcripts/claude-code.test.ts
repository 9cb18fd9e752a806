import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireEvent } from "./claude-code.ts";
import { readClaudeCode } from "./claude-code.ts";

const SESSION = "s1";
let lineCount = 0;

function line(fields: Record<string, unknown>): string {
  lineCount += 1;
  return JSON.stringify({
    uuid: `u${lineCount}`,
    parentUuid: null,
    sessionId: SESSION,
    timestamp: `2026-11-23T10:00:00.${String(lineCount).padStart(3, "0")}Z`,
    ...fields,
  });
}

interface Said {
  readonly id?: string;
  readonly request?: string;
  readonly output: number;
  readonly stop?: string;
  readonly content?: readonly object[];
}

function answer({ id = "msg_1", request = "req_1", output, stop, content = [] }: Said): string {
  const usage = { input_tokens: 4, cache_read_input_tokens: 100, output_tokens: output };
  const message = { id, model: "claude-sonnet-5", content, stop_reason: stop ?? null, usage };
  return line({ type: "assistant", requestId: request, message });
}

function read(...lines: string[]) {
  return readClaudeCode(lines.join("\n"), { customer: "acme" });
}

function steps(events: readonly WireEvent[]): WireEvent[] {
  return events.filter((event) => event.type === "step");
}

test("the lines of one response are one step of its largest counts", () => {
  const outputs = [3, 120, 120, 120];
  const { events } = read(...outputs.map((output) => answer({ output })));
  const [step, ...others] = steps(events);
  assert.equal(others.length, 0);
  assert.deepEqual(step?.usage, { cache_read: "100", input_uncached: "4", output_text: "120" });
  assert.equal(step?.callId, "anthropic:msg_1");
  assert.equal(step?.run, SESSION);
});

test("a response is exact once a line names its reason to stop, else partial", () => {
  const ended = read(answer({ output: 3 }), answer({ output: 9, stop: "end_turn" }));
  assert.equal(steps(ended.events)[0]?.completeness, "exact");
  assert.equal(steps(read(answer({ output: 3 })).events)[0]?.completeness, "partial");
});

test("a longer copy of a log gives the same identities and times again", () => {
  const head = [answer({ output: 3 }), answer({ id: "msg_2", output: 5 })];
  const keys = (events: readonly WireEvent[]) => events.map((e) => [e.id, e.run, e.occurredAt]);
  const early = read(...head);
  const late = read(...head, answer({ id: "msg_2", output: 50, stop: "end_turn" }));
  assert.deepEqual(keys(late.events), keys(early.events));
});

test("one message id under two requests is two responses", () => {
  const { events } = read(answer({ output: 3 }), answer({ output: 4, request: "req_2" }));
  assert.deepEqual(
    steps(events).map((step) => step.id),
    ["msg_1", "msg_1/req_2"],
  );
});

test("a tool call is a step below the response, with its status and duration", () => {
  const content = [{ type: "tool_use", id: "toolu_1", name: "Bash", input: {} }];
  const result = [{ type: "tool_result", tool_use_id: "toolu_1", is_error: true }];
  const { events } = read(
    answer({ output: 3, content }),
    answer({ output: 3, content }),
    line({ message: { role: "user", content: result }, toolUseResult: { durationMs: 1250 } }),
  );
  const [, tool, ...others] = steps(events);
  assert.equal(others.length, 0);
  assert.equal(tool?.kind, "tool");
  assert.equal(tool?.tool, "Bash");
  assert.equal(tool?.status, "error");
  assert.equal(tool?.callId, "anthropic:toolu_1");
  assert.equal(tool?.parentStep, "msg_1");
  assert.deepEqual(tool?.usage, { seconds: "1.250" });
});

test("torn lines are named and the rest is read", () => {
  const { events, tornLines } = read('"sessionId":"s1"}', answer({ output: 3 }), '{"uuid":"u', "7");
  assert.deepEqual(tornLines, [1, 3, 4]);
  assert.equal(steps(events).length, 1);
});

test("notes, synthetic messages and lines without usage are no steps", () => {
  const message = { id: "m", model: "<synthetic>", content: [], usage: { input_tokens: 0 } };
  const { events } = read(
    JSON.stringify({ type: "summary", summary: "x", leafUuid: "u" }),
    line({ message }),
    line({ message: { role: "user", content: "hi" } }),
  );
  assert.deepEqual(steps(events), []);
});

test("the session is opened once, for the customer", () => {
  const { events } = read(answer({ output: 3 }), answer({ id: "msg_2", output: 3 }));
  const opened = events.filter((event) => event.type === "run.opened");
  assert.equal(opened.length, 1);
  assert.deepEqual(
    [opened[0]?.run, opened[0]?.customer, opened[0]?.agent],
    [SESSION, "acme", "claude-code"],
  );
});

function sidechain(fields: Record<string, unknown>, id: string): string {
  const usage = { input_tokens: 1, output_tokens: 2 };
  const message = { id, model: "claude-haiku-4-5", content: [], usage, stop_reason: "end_turn" };
  return line({ isSidechain: true, message, requestId: `req_${id}`, ...fields });
}

test("a subagent that the log names is a run of its own below the session", () => {
  const task = { type: "tool_use", id: "toolu_9", name: "Task", input: { subagent_type: "scout" } };
  const result = [{ type: "tool_result", tool_use_id: "toolu_9" }];
  const { events } = read(
    answer({ output: 3, content: [task] }),
    sidechain({ agentId: "a1" }, "msg_s"),
    line({ message: { content: result }, toolUseResult: { agentId: "a1" } }),
  );
  const opened = events.filter((event) => event.type === "run.opened" && event.run === "s1:a1");
  assert.deepEqual(
    opened.map(({ id, parentRun, agent }) => [id, parentRun, agent]),
    [
      ["s1:a1:opened", SESSION, "claude-code"],
      ["s1:a1:called", SESSION, "scout"],
    ],
  );
  const [byLine, byCall] = opened.map(({ occurredAt }) => String(occurredAt));
  assert.ok(String(byCall) < String(byLine), "the opening that occurred first is in force");
  assert.equal(steps(events).find((step) => step.id === "msg_s")?.run, "s1:a1");
});

test("a call without a result is partial, so that its result may follow", () => {
  const content = [{ type: "tool_use", id: "toolu_1", name: "Bash", input: {} }];
  const called = answer({ output: 3, content });
  const result = [{ type: "tool_result", tool_use_id: "toolu_1" }];
  const last = (...lines: string[]) => steps(read(...lines).events).at(-1);
  assert.equal(last(called)?.completeness, "partial");
  assert.equal(last(called, line({ message: { content: result } }))?.completeness, undefined);
});

test("sidechains that the log does not name are told apart by their first line", () => {
  const { events } = read(
    sidechain({ uuid: "r1" }, "msg_a"),
    sidechain({ uuid: "r2" }, "msg_b"),
    sidechain({ uuid: "c1", parentUuid: "r1" }, "msg_c"),
    sidechain({ uuid: "x", parentUuid: "y" }, "msg_x"),
    sidechain({ uuid: "y", parentUuid: "x" }, "msg_y"),
  );
  const runs = steps(events).map((step) => step.run);
  assert.deepEqual(runs.slice(0, 3), ["s1:r1", "s1:r2", "s1:r1"]);
  assert.equal(runs[3], runs[4]);
});

test("a usage that contradicts itself is reported, not metered", () => {
  const usage = { output_tokens: 1, output_tokens_details: { thinking_tokens: 2 } };
  const { events, problems } = read(line({ message: { id: "msg_1", model: "m", usage } }));
  assert.deepEqual(steps(events), []);
  assert.equal(problems[0]?.problem.code, "usage.inconsistent");
});
