/** A Tollgate client between the two stand-ins, with the vendors' real SDKs on it. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Anthropic } from "@anthropic-ai/sdk";
import { OpenAI } from "openai";
import { formatQuantity } from "../../src/domain/money/decimal.ts";
import { type Problem, Tollgate, type TollgateOptions } from "../src/index.ts";
import { ProviderStandIn } from "./scripted-provider.ts";
import { TollgateStandIn } from "./scripted-tollgate.ts";

/** What a test works with. */
export interface SdkWorld {
  readonly server: TollgateStandIn;
  readonly provider: ProviderStandIn;
  readonly tollgate: Tollgate;
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  readonly problems: Problem[];
}

/** Starts one; it ends with the test, which fails if the contract was broken. */
export async function sdkWorld(
  t: TestContext,
  options: Partial<TollgateOptions> = {},
): Promise<SdkWorld> {
  const server = await TollgateStandIn.start();
  const provider = await ProviderStandIn.start();
  const problems: Problem[] = [];
  const tollgate = tollgateFor(provider, {
    url: server.url,
    key: "tg_test",
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  t.after(async () => {
    await tollgate.close(500);
    await server.close();
    await provider.close();
    assert.deepEqual(server.complaints, []);
  });
  return { server, provider, tollgate, problems, ...vendorsOf(tollgate.fetch, provider) };
}

/** A Tollgate that knows the stand-in's host for both vendors. */
export function tollgateFor(provider: ProviderStandIn, options: TollgateOptions): Tollgate {
  // One port speaks both languages here; the first path that fits decides.
  const host = options.hosts?.[provider.host] ?? { speaks: "openai" as const };
  const anthropicHost = provider.host.replace("127.0.0.1", "localhost");
  const hosts = { [provider.host]: host, [anthropicHost]: { speaks: "anthropic" as const } };
  return new Tollgate({
    buffer: { intervalMs: 5, firstRetryMs: 5 },
    ...options,
    hosts: { ...options.hosts, ...hosts },
  });
}

/** Both vendors' clients on a fetch. */
export function vendorsOf(fetch: typeof globalThis.fetch, provider: ProviderStandIn) {
  const openai = new OpenAI({ apiKey: "none", baseURL: provider.openaiUrl, fetch });
  const baseURL = provider.anthropicUrl.replace("127.0.0.1", "localhost");
  const anthropic = new Anthropic({ apiKey: "none", baseURL, fetch });
  return { openai, anthropic };
}

/** One chat request. */
export const CHAT = {
  model: "gpt-5.1",
  messages: [{ role: "user" as const, content: "What is the capital of France?" }],
};

/** One request of Anthropic's. */
export const MESSAGE = {
  model: "claude-sonnet-5",
  max_tokens: 500,
  messages: [{ role: "user" as const, content: "What is the capital of France?" }],
};

/** Usage of a recorded step as plain text. */
export function usageOf({ usage }: TollgateStandIn["steps"][number]): Record<string, string> {
  return Object.fromEntries([...usage].map(([name, quantity]) => [name, formatQuantity(quantity)]));
}

/** Runs what is due. Fails if it does not become true soon. */
export async function eventually(isTrue: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !isTrue(); tries += 1) {
    assert.ok(tries < 400, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
