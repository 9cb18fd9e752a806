/** Requests written byte by byte, for what no well-behaved client would send. */
import { connect } from "node:net";

/** Sends bytes on one connection and gives all that comes back until it ends or goes quiet. */
export function sendRaw(url: string, parts: readonly (string | Uint8Array)[]): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      received += chunk;
    });
    socket.on("close", () => resolve(received));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    for (const part of parts) socket.write(part);
    socket.end();
  });
}
