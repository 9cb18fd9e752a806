/** JSON requests over connections that are kept. A cut one is an error, never an answer. */
import { Agent, request } from "node:http";

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
}

export class HttpClient {
  readonly url: string;
  readonly key: string;
  readonly #agent: Agent;

  constructor(url: string, key: string, maxSockets = 16) {
    this.url = url;
    this.key = key;
    this.#agent = new Agent({ keepAlive: true, maxSockets });
  }

  get<Body>(path: string): Promise<Answer<Body>> {
    return this.#send("GET", path);
  }

  post<Body>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.#send("POST", path, JSON.stringify(body));
  }

  put<Body>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.#send("PUT", path, JSON.stringify(body));
  }

  /** Resolves with a whole answer only. */
  #send<Body>(method: string, path: string, body?: string): Promise<Answer<Body>> {
    return new Promise((resolve, reject) => {
      const type = body === undefined ? {} : { "content-type": "application/json" };
      const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
      const headers = { authorization: `Bearer ${this.key}`, ...type, ...length };
      const sent = request(new URL(path, this.url), { method, agent: this.#agent, headers });
      sent.on("error", reject);
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("close", () => reject(new Error("the answer was cut off")));
        response.on("end", () => {
          if (!response.complete) return;
          const text = Buffer.concat(chunks).toString("utf8");
          const parsed = JSON.parse(text) as Body;
          const { statusCode = 0, headers: received } = response;
          resolve({ status: statusCode, headers: received, body: parsed });
        });
      });
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
