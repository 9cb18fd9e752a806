/**
 * A network between a node and its database that breaks where a test says: after so many bytes in
 * one direction, every connection that goes through it is cut.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Who sends the bytes that are counted. */
export type Direction = "node" | "database";

/** Bytes that went through, by who sent them. */
export type Counts = Readonly<Record<Direction, number>>;

export class CuttingProxy {
  /** How to connect through it. */
  readonly url: string;
  readonly #close: () => void;
  readonly #sockets = new Set<Socket>();
  #counts = { node: 0, database: 0 };
  /** Nothing arrives any more, and nobody is told. */
  isSilent = false;
  #cut: { readonly of: Direction; readonly after: number } | null = null;

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  /** Stands between whoever connects to it and the database of a URL. */
  static async start(databaseUrl: string): Promise<CuttingProxy> {
    const target = new URL(databaseUrl);
    const server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      proxy.#join("node", near, far);
      proxy.#join("database", far, near);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const own = new URL(databaseUrl);
    own.port = String((server.address() as AddressInfo).port);
    const proxy = new CuttingProxy(own.href, () => server.close());
    return proxy;
  }

  #join(of: Direction, from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on("data", (chunk: Buffer) => this.#pass(of, chunk, to));
  }

  #pass(of: Direction, chunk: Buffer, to: Socket): void {
    if (this.isSilent) return;
    const cut = this.#cut;
    const left = cut?.of === of ? cut.after - this.#counts[of] : chunk.length;
    this.#counts[of] += chunk.length;
    if (left >= chunk.length) to.write(chunk);
    else {
      // What was sent before the cut arrives; the rest never does.
      if (left > 0) to.end(chunk.subarray(0, left));
      for (const socket of this.#sockets) if (socket !== to) socket.destroy();
    }
  }

  /** Counts from here on. Lets everything through, or cuts once. */
  from(cut: { readonly of: Direction; readonly after: number } | null): void {
    this.#counts = { node: 0, database: 0 };
    this.#cut = cut;
  }

  /** Bytes since `from`. */
  get counts(): Counts {
    return this.#counts;
  }

  close(): void {
    this.#close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
