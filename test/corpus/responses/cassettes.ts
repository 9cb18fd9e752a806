/** HTTP exchanges recorded by test suites (VCR cassettes), found by layout. */
import { type CorpusFolder, type FoundFile, filesBelow, textOfFile } from "../files.ts";
import {
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  objectsOf,
  parseJson,
} from "../number-text.ts";
import { textOfBytes } from "./body-bytes.ts";
import type { Answer, AnswerContent } from "./recording.ts";
import { contentOf } from "./stream-text.ts";
import { parseYaml } from "./yaml-text.ts";

/** The answers of all cassettes, a list for each file that is one. */
export function readCassettes(root: string | CorpusFolder): Map<FoundFile, readonly Answer[]> {
  const files = filesBelow(root, "responses/cassettes", [".yaml", ".yml"]);
  return new Map(
    files.flatMap((file) => {
      const answers = answersOf(file);
      return answers === undefined ? [] : [[file, answers] as const];
    }),
  );
}

function answersOf(file: FoundFile): Answer[] | undefined {
  const document = parseYaml(textOfFile(file)) as Json | undefined;
  const { interactions, http_interactions: exchanges = interactions } = objectAt(document);
  if (document === undefined) file.lose("it cannot be read as YAML");
  else if (!Array.isArray(exchanges)) file.leaveOut("it has no interactions: it is no recording");
  if (!Array.isArray(exchanges)) return undefined;
  return exchanges.flatMap((exchange, position) =>
    isObject(exchange) ? answerOf(file, exchange, position) : [],
  );
}

/** A call that only counts the tokens of a prompt is free. */
const COUNTING = /count[-_]?tokens|compute[-_]?tokens|\/input_tokens/i;

function answerOf(file: FoundFile, exchange: JsonObject, position: number): Answer[] {
  const request = objectAt(exchange, "request");
  const response = objectAt(exchange, "response");
  const uri = String(request.uri ?? "");
  const status = Number(objectAt(response, "status").code ?? response.status_code ?? 0);
  const content = contentIn(file, position, response);
  if (status < 200 || status > 299 || COUNTING.test(uri) || content === undefined) return [];
  return [
    {
      file: file.path,
      position,
      host: hostOf(uri),
      askedModel: modelInUri(uri) ?? modelIn(request),
      at: dateOf(headerOf(response, "date")),
      ...advisorIn(request),
      content,
    },
  ];
}

function contentIn(
  file: FoundFile,
  position: number,
  response: JsonObject,
): AnswerContent | undefined {
  const parsed = response.parsed_body;
  if (parsed !== undefined) return { body: parsed };
  const body = objectAt(response, "body").string as Json | Uint8Array | undefined;
  if (body instanceof Uint8Array) {
    try {
      return contentOf(textOfBytes(body, headerOf(response, "content-encoding") ?? ""));
    } catch (error) {
      const place = `interactions.${position}.response.body`;
      file.leaveOut(`${place} cannot be unpacked: ${(error as Error).message}`);
      return undefined;
    }
  }
  return typeof body === "string" ? contentOf(body) : undefined;
}

function headerOf(response: JsonObject, name: string): string | undefined {
  for (const [key, value] of Object.entries(objectAt(response, "headers"))) {
    if (key.toLowerCase() !== name) continue;
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return first instanceof Uint8Array ? Buffer.from(first).toString("utf8") : String(first);
  }
  return undefined;
}

/** An HTTP date as RFC 3339. */
function dateOf(header: string | undefined): string | undefined {
  const date = new Date(header ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function hostOf(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).host.toLowerCase() : "";
}

function modelInUri(uri: string): string | undefined {
  const [, model] = /\/models?\/([^/:?]+(?:(?:%3A|:(?=\d))[^/:?]+)?)/.exec(uri) ?? [];
  return model === undefined ? undefined : decodeURIComponent(model);
}

function requested(request: JsonObject): JsonObject {
  const body = request.body as Json | Uint8Array | undefined;
  const text = body instanceof Uint8Array ? Buffer.from(body).toString("utf8") : body;
  const parsed = request.parsed_body ?? (typeof text === "string" ? parseJson(text) : undefined);
  return objectAt(parsed);
}

function modelIn(request: JsonObject): string | undefined {
  const { model } = requested(request);
  return typeof model === "string" ? model : undefined;
}

function advisorIn(request: JsonObject): Pick<Answer, "advisor"> {
  const tools = objectsOf(requested(request).tools);
  const tool = tools.find(({ type }) => String(type).endsWith(":advisor"));
  const { model } = objectAt(tool, "parameters");
  return typeof model === "string" ? { advisor: model } : {};
}
