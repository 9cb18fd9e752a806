/** Reads an answer of Tollgate's HTTP API, or throws the problem that it tells. */
import { ERRORS, type ErrorCode, TollgateError } from "../../domain/errors.ts";

/** The JSON body of a success; throws the answer's problem (RFC 9457) as a TollgateError. */
export async function readAnswer<T>(response: Response): Promise<T> {
  return JSON.parse(await readText(response)) as T;
}

/** The text of a success; throws as readAnswer does. */
export async function readText(response: Response): Promise<string> {
  const text = await response.text();
  if (response.ok) return text;
  const { code, detail } = problemIn(text);
  throw new TollgateError(code, `${response.status} from ${response.url}: ${detail}`);
}

function problemIn(text: string): { readonly code: ErrorCode; readonly detail: string } {
  const parsed = parsedOrNull(text);
  const code = parsed?.code ?? "";
  const isKnown = Object.hasOwn(ERRORS, code);
  const detail = parsed?.detail ?? text.slice(0, 200);
  return { code: isKnown ? (code as ErrorCode) : "internal", detail };
}

function parsedOrNull(text: string): { readonly code?: string; readonly detail?: string } | null {
  try {
    return JSON.parse(text) as { readonly code?: string; readonly detail?: string };
  } catch {
    return null;
  }
}
