/** A session of Claude Code that is imported while it is still written, in the files it has. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { atTerminal } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-session-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const tollgate = (data: string, ...words: string[]) =>
  atTerminal({ TOLLGATE_DATA: join(folder, data) }, words);

const at = (second: number) => `2026-11-23T10:00:0${second}.000Z`;

function line(second: number, fields: object): string {
  const base = { uuid: `u${second}`, parentUuid: null, sessionId: "s1", timestamp: at(second) };
  return JSON.stringify({ ...base, ...fields });
}

function answer(second: number, id: string, more: { content?: object[]; fields?: object }): string {
  const usage = { input_tokens: 1000, output_tokens: 100 };
  const { content = [], fields = {} } = more;
  const message = { id, model: "claude-haiku-4-5", content, usage, stop_reason: "end_turn" };
  return line(second, { type: "assistant", requestId: `req_${id}`, message, ...fields });
}

const task = {
  type: "tool_use",
  id: "toolu_1",
  name: "Agent",
  input: { subagent_type: "Explore" },
};
const result = { type: "tool_result", tool_use_id: "toolu_1", is_error: true };
const early = [answer(1, "msg_1", { content: [task] })];
const late = [
  ...early,
  line(5, { message: { content: [result] }, toolUseResult: { agentId: "a1", durationMs: 1500 } }),
  answer(6, "msg_2", {}),
];
const sidechain = { isSidechain: true, agentId: "a1" };
const subagent = [answer(2, "msg_s", { fields: sidechain })];

/** Writes the lines and imports them; the counts by status. */
async function imported(data: string, name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  const { code, out, err } = await tollgate(data, "import", path, "--customer", "acme");
  assert.equal(code, 0, err);
  assert.equal(err, "");
  return out.trim().replace(/^.*events?; /, "");
}

test("results of calls and kinds of subagents are told later, and take their places", async () => {
  assert.equal(await imported("growing", "main.jsonl", early), "3 accepted");
  assert.equal(await imported("growing", "agent-a1.jsonl", subagent), "2 accepted");
  // The opening of the subagent by its call, the second answer, and the call's own result.
  const grown = await imported("growing", "main.jsonl", late);
  assert.equal(grown, "2 duplicate, 2 accepted, 1 superseded");
  const again = await imported("growing", "main.jsonl", late);
  assert.equal(again, "5 duplicate");
  const { out } = await tollgate("growing", "run", "s1", "--json");
  const tree = JSON.parse(out);
  const [child] = tree.children;
  assert.deepEqual([child.run, child.agent], ["s1:a1", "Explore"]);
  const call = tree.steps.find(({ id }: { id: string }) => id === "toolu_1");
  assert.deepEqual(
    [call.status, call.completeness, call.usage],
    ["error", "exact", { seconds: "1.5" }],
  );
  // 3 answers of 1,000 at 1 and 100 at 5 per million.
  assert.equal(tree.totals.tree.cost, "0.0045");

  assert.equal(await imported("whole", "main.jsonl", late), "5 accepted");
  assert.equal(await imported("whole", "agent-a1.jsonl", subagent), "2 accepted");
  const whole = JSON.parse((await tollgate("whole", "run", "s1", "--json")).out);
  assert.equal(whole.children[0].agent, "Explore");
  assert.equal(whole.totals.tree.cost, "0.0045");
});
