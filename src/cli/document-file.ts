/** Files of rate cards and other documents, YAML or JSON. */
import type { ErrorCode } from "../domain/errors.ts";
import { DOCUMENT_FILE_MAX_BYTES } from "../domain/limits.ts";
import type { Surroundings } from "./command.ts";
import { textUpTo } from "./file-text.ts";

/**
 * The document of a file of at most DOCUMENT_FILE_MAX_BYTES. Throws `cli.usage` where it is larger,
 * and `code` where it is no document. (Default: `ratecard.invalid`)
 */
export async function readDocument(
  path: string,
  { product }: Pick<Surroundings, "product">,
  code?: ErrorCode,
): Promise<unknown> {
  return product.readCardFile(await textUpTo(path, DOCUMENT_FILE_MAX_BYTES), code);
}
