/**
 * Finds a key that stands twice in one object of a JSON text. Parsers keep the last one without a
 * word (RFC 8259 section 4 leaves that open), so of a rate card that states a price twice nobody
 * would know which one was meant.
 */
import { endOfString } from "./exact-json.ts";

interface Container {
  /** Of an object: the keys so far; null: it is a list. */
  readonly keys: Set<string> | null;
  /** Of an object: whether the next text is a key. */
  awaitsKey: boolean;
  /** The key or index that is being read. */
  at: string | number;
}

/** The path of the first repeated key, such as `charges[0].price.unit`; null: there is none. */
export function repeatedKey(text: string): string | null {
  const open: Container[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    const inner = open.at(-1);
    if (char === '"') {
      const end = endOfString(text, at);
      if (inner?.awaitsKey === true && isRepeated(inner, text.slice(at, end + 1))) {
        return pathOf(open);
      }
      at = end;
    } else if (char === "{") open.push({ keys: new Set(), awaitsKey: true, at: "" });
    else if (char === "[") open.push({ keys: null, awaitsKey: false, at: 0 });
    else if (char === "}" || char === "]") open.pop();
    else if (char === "," && inner !== undefined) next(inner);
  }
  return null;
}

function isRepeated(container: Container, token: string): boolean {
  const key = JSON.parse(token) as string;
  const isKnown = container.keys?.has(key) === true;
  container.keys?.add(key);
  container.at = key;
  container.awaitsKey = false;
  return isKnown;
}

function next(container: Container): void {
  if (typeof container.at === "number") container.at += 1;
  else container.awaitsKey = true;
}

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function pathOf(open: readonly Container[]): string {
  return open.reduce((path, { at }) => {
    if (typeof at === "number") return `${path}[${at}]`;
    if (!PLAIN_NAME.test(at)) return `${path}[${JSON.stringify(at.slice(0, 100))}]`;
    return path === "" ? at : `${path}.${at}`;
  }, "");
}
