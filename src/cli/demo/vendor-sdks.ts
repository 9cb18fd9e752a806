/**
 * The vendors' SDKs that the demo's agents work with: the only place of the product that names
 * them. They are dev dependencies, because Tollgate itself never calls a model; so they are loaded
 * when an agent starts, and an installation without them is told what to do.
 */
import type Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import { TollgateError } from "../../domain/errors.ts";

export type { Anthropic, OpenAI };

/** Constructors of the two clients. */
export interface VendorSdks {
  readonly Anthropic: typeof Anthropic;
  readonly OpenAI: typeof OpenAI;
}

async function loadBoth(): Promise<VendorSdks> {
  const [{ OpenAI }, { Anthropic }] = await Promise.all([
    import("openai"),
    import("@anthropic-ai/sdk"),
  ]);
  return { OpenAI, Anthropic };
}

/** Loads both SDKs; throws `cli.usage` with the command to install them where one is missing. */
export async function loadVendorSdks(load = loadBoth): Promise<VendorSdks> {
  try {
    return await load();
  } catch (error) {
    if (codeOf(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    const detail =
      "The demo's agents use the packages openai and @anthropic-ai/sdk, which are not installed " +
      "here. Run: npm install openai @anthropic-ai/sdk";
    throw new TollgateError("cli.usage", detail, undefined, { cause: error });
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
