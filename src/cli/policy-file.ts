/** Files of policies. */
import { readFile } from "node:fs/promises";
import { DEFAULT_PACK } from "../domain/policy/default-pack.ts";
import type { Surroundings } from "./command.ts";

/** A policy as a file has it. */
export type PolicyFile = Readonly<Record<string, unknown>>;

/** The policies of a file, one or a list of them; `default` is the pack to begin with. */
export async function readPolicyFile(
  file: string,
  { product }: Pick<Surroundings, "product">,
): Promise<readonly PolicyFile[]> {
  if (file === "default") return DEFAULT_PACK;
  const document = await product.readCardFile(await readFile(file, "utf8"), "policy.invalid");
  return (Array.isArray(document) ? document : [document]) as readonly PolicyFile[];
}
