/** Mail: how attempts end, and what neither a tenant nor a server without encryption gets. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { mailChannel } from "../../src/connectors/alerts/mail-channel.ts";
import type { AlertMessage } from "../../src/engine/alerts/alert-ports.ts";
import { type MailServer, startMailServer } from "../e2e/mail-server.ts";

const FROM = "Tollgate <alerts@tollgate.test>";
const TARGET = { channel: "email", url: "", addresses: ["a@x.test", "b@x.test"], secrets: [] };
const AT_MS = Date.parse("2026-11-26T10:00:00Z");

function message(summary: string): AlertMessage {
  const alert = {
    ...{ id: "alert_1", type: "run.paused", team: "engineering", customer: "acme", summary },
    ...{ raisedAt: new Date(AT_MS).toISOString(), data: {} },
  };
  return { id: "msg_1", atMs: AT_MS, workspace: "w", alerts: [alert], more: 0 };
}

describe("mail", () => {
  let server: MailServer;
  before(async () => {
    server = await startMailServer();
  });
  after(() => server.stop());

  const send = (url: string, summary = "something") =>
    mailChannel({ url, from: FROM }).send({ ...TARGET, channel: "email" }, message(summary));

  test("reaches every address, by an id that a repetition keeps", async () => {
    assert.equal((await send(server.url)).outcome, "taken");
    assert.equal((await send(server.url)).outcome, "taken");
    const [first, second] = server.mails;
    assert.deepEqual(first?.to, ["a@x.test", "b@x.test"]);
    const idOf = (text = "") => /^Message-ID: (.*)$/m.exec(text)?.[1]?.trim();
    assert.equal(idOf(first?.text), "<msg_1@tollgate.test>");
    assert.equal(idOf(second?.text), idOf(first?.text));
  });

  test("has no header and no recipient that a tenant wrote", async () => {
    const before = server.mails.length;
    await send(server.url, "x\r\nBcc: evil@x.test\r\n\r\n.\r\nRCPT TO:<evil@x.test>");
    const mail = server.mails[before];
    assert.deepEqual(mail?.to, ["a@x.test", "b@x.test"]);
    const [headers = ""] = mail?.text.split("\r\n\r\n") ?? [];
    assert.ok(!/^Bcc:/im.test(headers), headers);
    assert.equal(server.mails.length, before + 1);
  });

  test("that is refused is told with the server's code", async () => {
    server.refuseNext("550 no such user");
    const { outcome, status } = await send(server.url);
    assert.deepEqual([outcome, status], ["refused", 550]);
  });

  test("is not sent where nobody listens", async () => {
    const gone = await startMailServer();
    await gone.stop();
    assert.equal((await send(gone.url)).outcome, "not_sent");
  });

  test("takes no password to a server that does not encrypt", async () => {
    const before = server.mails.length;
    const url = server.url.replace("smtp://", "smtp://user:open-sesame@");
    const result = await send(url);
    assert.notEqual(result.outcome, "taken");
    assert.equal(server.mails.length, before);
    assert.ok(server.commands.every((line) => !line.includes("AUTH")));
    assert.ok(!JSON.stringify(result).includes("open-sesame"));
  });
});
