/** Files of policies. */
import { DEFAULT_PACK } from "../domain/policy/default-pack.ts";
import type { Surroundings } from "./command.ts";
import { readDocument } from "./document-file.ts";

/** A policy as a file has it. */
export type PolicyFile = Readonly<Record<string, unknown>>;

/** The policies of a file, one or a list of them; `default` is the pack to begin with. */
export async function readPolicyFile(
  file: string,
  here: Pick<Surroundings, "product">,
): Promise<readonly PolicyFile[]> {
  if (file === "default") return DEFAULT_PACK;
  const document = await readDocument(file, here, "policy.invalid");
  return (Array.isArray(document) ? document : [document]) as readonly PolicyFile[];
}
