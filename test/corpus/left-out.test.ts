/** Files that nobody wrote on purpose: each is read, told or unexplained, and never passed over. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { RUN_DATASETS } from "./datasets/all.ts";
import { CorpusFolder } from "./files.ts";
import { exactSum } from "./float.ts";
import { type JudgedDataset, judgeDataset } from "./judge.ts";
import { parseLines } from "./number-text.ts";
import { RESPONSE_DATASETS } from "./responses.ts";
import { StandInMeter } from "./stand-in-meter.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

interface Judged extends JudgedDataset {
  readonly leftOut: readonly string[];
  readonly lost: readonly string[];
}

async function judged(t: TestContext, dataset: string, files: Files): Promise<Judged> {
  const root = mkdtempSync(join(tmpdir(), "corpus-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const readers = [...RUN_DATASETS, ...RESPONSE_DATASETS];
  const reader = readers.find((one) => one.dataset === dataset) ?? assert.fail();
  const folder = new CorpusFolder(root);
  const runs = await reader.read(folder);
  const options = { meter: new StandInMeter(), progress: () => {} };
  const found = await judgeDataset(dataset, runs, options);
  const told = (isLost: boolean) =>
    folder.leftOut
      .filter((one) => one.isLost === isLost)
      .map(({ place, reason }) => `${place}: ${reason}`);
  return { ...found, leftOut: told(false), lost: told(true) };
}

const verdictsOf = ({ runs }: Judged) => runs.map(({ verdict }) => verdict.rule ?? verdict.verdict);

function call(cost: string, tokens = '"prompt_tokens":1000,"completion_tokens":100'): string {
  const response = `{"id":"c1","model":"claude-sonnet-4-20250514","usage":{${tokens}}}`;
  return `{"response":${response},"timestamp":1757015025.9,"cost":${cost}}`;
}

const LOGS = "runs/openhands-sdk-logs";

test("a byte order mark, Windows line ends and gzip change nothing", async (t) => {
  for (const bytes of [`\ufeff${call("0.0045")}`, `${call("0.0045")}\r\n`]) {
    const plain = await judged(t, "openhands-sdk-logs", { [`${LOGS}/a/1.json`]: bytes });
    const packed = { [`${LOGS}/a/1.json.gz`]: gzipSync(bytes) };
    assert.deepEqual(verdictsOf(plain), ["agree"]);
    assert.deepEqual(plain, await judged(t, "openhands-sdk-logs", packed));
    assert.deepEqual(plain.leftOut, []);
  }
});

test("a file that is cut off is lost, with the place at which it ends", async (t) => {
  const cut = call("0.0045").slice(0, 40);
  const { lost } = await judged(t, "openhands-sdk-logs", { [`${LOGS}/a/1.json`]: cut });
  assert.equal(lost.length, 1);
  assert.match(lost[0] ?? "", /runs\/openhands-sdk-logs\/a\/1\.json: Unterminated .*line 1/);
  const half = gzipSync(call("0.0045")).subarray(0, 60);
  const packed = await judged(t, "openhands-sdk-logs", { [`${LOGS}/a/1.json.gz`]: half });
  assert.match(packed.lost[0] ?? "", /it cannot be read: unexpected end of file/);
});

test("in every dataset garbage is lost, and an empty file is told", async (t) => {
  const garbage = new Uint8Array([0, 1, 2, 255, 254, 10, 123, 34]);
  const of = { ...Object.fromEntries(RUN_DATASETS.map(({ dataset }) => [dataset, "x.json"])) };
  for (const dataset of ["openhands-output", "claude-code", "pi", "aider"]) of[dataset] = "x.jsonl";
  for (const [dataset, name] of Object.entries(of)) {
    const path = `runs/${dataset}/${name}`;
    const empty = await judged(t, dataset, { [path]: "" });
    assert.ok(empty.leftOut.includes(`${path}: it is empty`), `${dataset}: ${empty.leftOut}`);
    const { lost, runs } = await judged(t, dataset, { [path]: garbage });
    assert.deepEqual([lost.length, runs.length], [1, 0], dataset);
  }
  const zip = await judged(t, "inspect", { "runs/inspect/x.eval": garbage });
  assert.deepEqual(zip.lost, ["runs/inspect/x.eval: it is no zip of an Inspect log"]);
  const yaml = { "responses/cassettes/x.yaml": "a: [1" };
  const cassette = await judged(t, "cassettes", yaml);
  assert.deepEqual(cassette.lost, ["responses/cassettes/x.yaml: it cannot be read as YAML"]);
});

test("a file of another kind is told and is no run", async (t) => {
  const { leftOut, runs } = await judged(t, "tau2", { "runs/tau2/x.json": '{"a":1}' });
  assert.deepEqual(leftOut, ["runs/tau2/x.json: it has no simulations: it holds no run"]);
  assert.deepEqual(runs, []);
});

test("a count that is none is named with its field", async (t) => {
  const tokens = '"prompt_tokens":-3,"completion_tokens":12.5';
  const files = { [`${LOGS}/a/1.json`]: call("0.0045", tokens) };
  const found = await judged(t, "openhands-sdk-logs", files);
  assert.deepEqual(verdictsOf(found), ["unexplained"]);
  assert.deepEqual(found.leftOut.toSorted(), [
    `${LOGS}/a/1.json: response.usage.completion_tokens is 12.5, no count of tokens: taken as 0`,
    `${LOGS}/a/1.json: response.usage.prompt_tokens is -3, no count of tokens: taken as 0`,
  ]);
});

test("a figure of any size or writing is judged and ends nothing", async (t) => {
  for (const cost of ["1e999999999", "-1e-999999999", '"0.0045 EUR"', '"$0.0045"', "1e400"]) {
    const files = { [`${LOGS}/a/1.json`]: call(cost) };
    const found = await judged(t, "openhands-sdk-logs", files);
    assert.deepEqual(verdictsOf(found), ["unexplained"], cost);
  }
  for (const cost of ["4.5e-3", '"0.0045"', '"45E-4"']) {
    const files = { [`${LOGS}/a/1.json`]: call(cost) };
    assert.deepEqual(verdictsOf(await judged(t, "openhands-sdk-logs", files)), ["agree"], cost);
  }
  assert.equal(exactSum(["1e999999999", "1"]), "1");
});

test("a torn line of open braces is looked through a bounded number of times", () => {
  const { tornLines } = parseLines('{"'.repeat(300_000));
  assert.deepEqual(tornLines, [{ line: 1, kept: 0 }]);
});

interface Line {
  readonly session: string;
  readonly id: string;
  readonly output?: number;
  readonly more?: object;
}

let uuids = 0;

function line({ session, id, output = 5, more = {} }: Line): string {
  uuids += 1;
  const usage = { input_tokens: 7, output_tokens: output };
  const message = { id, model: "claude-sonnet-4-20250514", usage, stop_reason: "end_turn" };
  const place = { uuid: `u${uuids}`, sessionId: session, requestId: `r-${id}` };
  const timestamp = "2026-01-01T00:00:00Z";
  return `${JSON.stringify({ type: "assistant", ...place, timestamp, message, ...more })}\n`;
}

test("a resumed session that copies another is explained by what that one counts", async (t) => {
  const old = [line({ session: "s1", id: "m1" }), line({ session: "s1", id: "m2" })].join("");
  const copy = ["m1", "m2", "m3"].map((id) => line({ session: "s2", id })).join("");
  const files = { "runs/claude-code/a.jsonl": old, "runs/claude-code/b.jsonl": copy };
  const found = await judged(t, "claude-code", files);
  assert.deepEqual(verdictsOf(found), ["agree", "counted-in-the-resumed-session"]);
  assert.deepEqual(
    found.runs.map(({ meteredTokens }) => meteredTokens),
    ["24", "12"],
  );
});

test("lines of a session, and of its subagents, may stand in several files", async (t) => {
  const side = { isSidechain: true, agentId: "x" };
  const files = {
    "runs/claude-code/p/agent-x.jsonl": line({ session: "s1", id: "m3", more: side }),
    "runs/claude-code/s1.jsonl": line({ session: "s1", id: "m1", output: 9 }),
    "runs/claude-code/s2.jsonl":
      line({ session: "s1", id: "m1", output: 9 }) + line({ session: "s2", id: "m4" }),
  };
  const found = await judged(t, "claude-code", files);
  assert.deepEqual(verdictsOf(found), ["agree", "agree"]);
  assert.deepEqual(
    found.runs.map(({ run, statedTokens }) => [run, statedTokens]),
    [
      ["s1", "28"],
      ["s2", "12"],
    ],
  );
});

test("runs of one name in several folders, and records in several files, are apart", async (t) => {
  const metrics = { accumulated_cost: 0, token_usages: [] };
  const line = JSON.stringify({ instance_id: "i1", metrics });
  const folders = ["a", "b"].map((name) => [`runs/openhands-output/${name}/output.jsonl`, line]);
  const { runs } = await judged(t, "openhands-output", Object.fromEntries(folders));
  assert.equal(new Set(runs.map(({ run }) => run)).size, 2);
  const record = (tokens: number) => {
    const body = { file: "one.yaml", usage: { prompt_tokens: tokens, completion_tokens: 1 } };
    const extractors = [{ provider_id: "openai", api_flavor: "chat" }];
    const usage = { input_tokens: tokens, output_tokens: 1 };
    return JSON.stringify([{ body, model: "gpt-4o", extracted: [{ extractors, usage }] }]);
  };
  const files = [7, 8].map((tokens) => [`responses/genai-prices/${tokens}.json`, record(tokens)]);
  const parts = await judged(t, "genai-prices", Object.fromEntries(files));
  assert.deepEqual(verdictsOf(parts), ["agree", "agree"]);
  assert.deepEqual(parts.faults, []);
});

test("files without a message or a usage are told", async (t) => {
  const notUsage = { "responses/vercel-ai/a.json": "[]", "responses/vercel-ai/b.txt": '{"x":1}' };
  const told = "no answer in it holds a usage";
  assert.deepEqual((await judged(t, "vercel-ai", notUsage)).leftOut, [
    `responses/vercel-ai/a.json: ${told}`,
    `responses/vercel-ai/b.txt: ${told}`,
  ]);
  const cassette = { "responses/cassettes/a.yaml": "interactions:\n- 5\n" };
  assert.deepEqual((await judged(t, "cassettes", cassette)).leftOut, [
    `responses/cassettes/a.yaml: ${told}`,
  ]);
  const stream = { "runs/aider/a.jsonl": '{"event":"launched"}\n' };
  assert.match((await judged(t, "aider", stream)).leftOut[0] ?? "", /it is no stream of aider/);
});

test("folders that no dataset has, and files of other kinds, are told by a word each", (t) => {
  const root = mkdtempSync(join(tmpdir(), "corpus-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const name of ["runs/pi/a.jsonl", "runs/pi/b.ndjson", "runs/pi2/c.jsonl", "runs/d.txt"]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), "{}\n");
  }
  const folder = new CorpusFolder(root);
  for (const { read } of RUN_DATASETS) read(folder);
  const before = folder.leftOut.length;
  folder.leaveOutOthers();
  const others = folder.leftOut.slice(before).map(({ place, reason }) => `${place}: ${reason}`);
  assert.deepEqual(others.sort(), [
    "runs/d.txt: no reader takes such a file",
    "runs/pi/b.ndjson: no reader takes such a file",
    "runs/pi2: no dataset is named so; files in it: 1",
  ]);
});
