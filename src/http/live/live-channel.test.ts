/** Messages of a live view: kept for who comes back, bounded for who does not keep up. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  LIVE_KEPT_MESSAGES_MAX_COUNT,
  LIVE_WAITING_MESSAGES_MAX_COUNT,
} from "../../domain/limits.ts";
import { LiveChannel, LiveMemory, LiveReader } from "./live-channel.ts";

async function allOf(reader: LiveReader): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of reader.pieces()) pieces.push(piece);
  return pieces.join("");
}

describe("A reader", () => {
  it("gets what is told, in order, and why it ends", async () => {
    const channel = new LiveChannel("e", new LiveMemory());
    const reader = new LiveReader(new LiveMemory());
    channel.readers.add(reader);
    channel.tell("change", { at: 1 });
    channel.tell("change", { at: 2 });
    reader.end("shutdown");
    const texts = [
      'id: e.1\nevent: change\ndata: {"at":1}\n\n',
      'id: e.2\nevent: change\ndata: {"at":2}\n\n',
      'event: end\ndata: {"reason":"shutdown"}\n\n',
    ];
    assert.equal(await allOf(reader), texts.join(""));
  });

  it("that does not keep up is told so and let go, and holds up nobody", async () => {
    const channel = new LiveChannel("e", new LiveMemory());
    const [slow, quick] = [new LiveReader(new LiveMemory()), new LiveReader(new LiveMemory())];
    for (const reader of [slow, quick]) channel.readers.add(reader);
    const quickly = quick.pieces();
    for (let at = 0; at < LIVE_WAITING_MESSAGES_MAX_COUNT; at += 1) {
      channel.tell("change", { at });
      assert.match((await quickly.next()).value ?? "", new RegExp(`"at":${at}}`));
    }
    assert.equal(slow.isEnded, false, "as many as may wait");
    channel.tell("change", { at: "one more" });
    assert.equal(slow.isEnded, true);
    assert.deepEqual([...channel.readers], [quick]);
    assert.equal(await allOf(slow), 'event: end\ndata: {"reason":"slow"}\n\n');
  });

  it("that is gone keeps nothing", async () => {
    const reader = new LiveReader(new LiveMemory());
    reader.put("text");
    reader.leave();
    reader.put("more");
    assert.equal(await allOf(reader), "");
  });
});

describe("Who comes back to a channel", () => {
  const channel = new LiveChannel("e", new LiveMemory());
  for (let at = 0; at < LIVE_KEPT_MESSAGES_MAX_COUNT + 10; at += 1) channel.tell("change", {});
  const last = LIVE_KEPT_MESSAGES_MAX_COUNT + 10;

  it("gets what came after the message that it names", () => {
    assert.equal(channel.after(`e.${last - 3}`)?.length, 3);
    assert.match(channel.after(`e.${last - 3}`)?.[0] ?? "", new RegExp(`^id: e.${last - 2}\n`));
    assert.deepEqual(channel.after(channel.lastId), []);
  });

  it("is to begin anew where messages are kept no more, or it is of another channel", () => {
    assert.equal(channel.after("e.10")?.length, LIVE_KEPT_MESSAGES_MAX_COUNT);
    assert.equal(channel.after("e.9"), null);
    for (const id of [`f.${last}`, `e.${last + 1}`, "e.x", "e.-1", "e", "", "e.1.5"]) {
      assert.equal(channel.after(id), null, id);
    }
  });
});

describe("Live views together", () => {
  it("keep no more than a number of characters; who comes back begins anew", () => {
    const memory = new LiveMemory({ kept: 300 });
    const [large, small] = [new LiveChannel("l", memory), new LiveChannel("s", memory)];
    for (let at = 0; at < 20; at += 1) large.tell("change", { at });
    assert.ok(memory.keptChars <= 300 && memory.keptChars > 200, `${memory.keptChars}`);
    small.tell("change", { text: "x".repeat(100) });
    assert.equal(small.after("s.0"), null);
    assert.ok(large.after("l.18") !== null);
    large.close();
    assert.equal(memory.keptChars, 0);
  });

  it("let slow readers wait for no more than a number of characters", async () => {
    const memory = new LiveMemory({ waiting: 100 });
    const [first, second] = [new LiveReader(memory), new LiveReader(memory)];
    for (const reader of [first, second]) reader.put("x".repeat(1_000));
    assert.equal(memory.waitingChars, 0, "one message may always wait");
    first.put("y".repeat(100));
    second.put("y");
    assert.deepEqual([first.isEnded, second.isEnded], [false, true]);
    const pieces = first.pieces();
    await pieces.next();
    assert.equal(memory.waitingChars, 0);
    second.leave();
    first.put("z");
    first.leave();
    assert.equal(memory.waitingChars, 0);
  });
});
