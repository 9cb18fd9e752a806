/**
 * The OpenAPI document of all routes as text: 17 ms of work and half a megabyte, made when it is
 * first asked for and kept, since it is the same for every server of a process.
 */
import type { HttpParts } from "./http-parts.ts";
import { openApiDocument } from "./openapi.ts";
import { ALL_ROUTES } from "./routes/all.ts";

type Told = Pick<HttpParts, "version" | "usageFormats">;

/** By what else the document says. */
const known = new Map<string, string>();

/** The document for the routes of this version. */
export function openApiText({ version, usageFormats }: Told): string {
  const key = JSON.stringify([version, usageFormats]);
  const text =
    known.get(key) ?? JSON.stringify(openApiDocument(ALL_ROUTES, { version, usageFormats }));
  known.set(key, text);
  return text;
}
