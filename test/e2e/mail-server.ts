/** A mail server for tests: takes mail by SMTP, as it is told, and keeps it. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A mail that was taken. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body. */
  readonly text: string;
}

export interface MailServer {
  readonly url: string;
  readonly mails: readonly TakenMail[];
  /** Every line that a client said outside of a mail. */
  readonly commands: readonly string[];
  /** Answers the next mail with this line instead of taking it. */
  refuseNext(line: string): void;
  stop(): Promise<void>;
}

/** Starts one on this machine. */
export async function startMailServer(): Promise<MailServer> {
  const mails: TakenMail[] = [];
  const refusals: string[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    serve(socket, { mails, refusals, commands });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    commands,
    refuseNext: (line) => void refusals.push(line),
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

interface Kept {
  readonly mails: TakenMail[];
  readonly refusals: string[];
  readonly commands: string[];
}

function serve(socket: Socket, { mails, refusals, commands }: Kept): void {
  let [buffered, from, to, isData] = ["", "", [] as string[], false];
  const say = (line: string) => void socket.write(`${line}\r\n`);
  const command = (line: string): void => {
    commands.push(line);
    const verb = line.slice(0, 4).toUpperCase();
    const address = /<(.*)>/.exec(line)?.[1] ?? "";
    if (verb === "QUIT") return void socket.end("221 bye\r\n");
    if (verb === "STAR") return void say("502 no encryption here");
    if (verb === "MAIL") [from, to] = [address, []];
    if (verb === "RCPT") to.push(address);
    isData = verb === "DATA";
    say(isData ? "354 go on" : "250 mail.test");
  };
  say("220 mail.test");
  socket.on("data", (chunk: Buffer) => {
    buffered += chunk.toString("utf8");
    for (;;) {
      const end = buffered.indexOf(isData ? "\r\n.\r\n" : "\r\n");
      if (end < 0) return;
      const text = buffered.slice(0, end);
      buffered = buffered.slice(end + (isData ? 5 : 2));
      if (!isData) command(text);
      else {
        isData = false;
        const refusal = refusals.shift();
        if (refusal === undefined)
          mails.push({ from, to, text: text.replaceAll("\r\n..", "\r\n.") });
        say(refusal ?? "250 taken");
      }
    }
  });
}
