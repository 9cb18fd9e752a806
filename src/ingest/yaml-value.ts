/**
 * The value of a YAML document as JSON has it, in one pass. The parser's own way looks for the
 * anchor of each alias among all others, and compares each key of a map with all before it: a file
 * of a megabyte takes it minutes.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Scalar, type YAMLMap } from "yaml";
import { DOCUMENT_MAX_BYTES } from "../domain/limits.ts";

/** Why a document is refused; ` AT` in the message is where `offset` is, null for nowhere. */
export class YamlRefusal extends Error {
  readonly offset: number | null;

  constructor(message: string, offset: number | null) {
    super(message);
    this.offset = offset;
  }
}

const TWICE = "A key stands twice AT; keep one of the two.";
const NO_TEXT = "A key AT is a list or a map; a key is text.";
const MULTIPLIED = "The file multiplies itself by aliases AT; write out what they stand for.";
const NOTHING_BEFORE = "An alias AT stands for nothing that is written before it.";

/** What a node says, and the characters that it takes where all aliases are written out. */
interface Valued {
  readonly value: unknown;
  readonly chars: number;
}

/**
 * Numbers stay the text that was written. Throws `YamlRefusal` where a key stands twice or is no
 * text, an alias stands for nothing, or all of it is more than a server takes once written out.
 */
export function valueOfDocument({ contents }: Document.Parsed): unknown {
  return new Reading().valued(contents).value;
}

class Reading {
  /** By the name of their anchor, the last of each; null while it is read. */
  readonly #anchored = new Map<string, Valued | null>();

  valued(node: unknown): Valued {
    if (isAlias(node)) return this.#standsFor(node.source, offsetOf(node));
    const anchor = anchorOf(node);
    if (anchor !== undefined) this.#anchored.set(anchor, null);
    const valued = this.#written(node);
    if (valued.chars > DOCUMENT_MAX_BYTES) throw new YamlRefusal(MULTIPLIED, offsetOf(node));
    if (anchor !== undefined) this.#anchored.set(anchor, valued);
    return valued;
  }

  #written(node: unknown): Valued {
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) {
      let chars = 2;
      const value = node.items.map((item) => {
        const valued = this.valued(item);
        chars += valued.chars + 1;
        return valued.value;
      });
      return { value, chars };
    }
    if (!isScalar(node)) return { value: null, chars: 4 };
    const value = valueOfScalar(node);
    return { value, chars: typeof value === "string" ? value.length + 2 : 5 };
  }

  #standsFor(name: string, offset: number): Valued {
    const valued = this.#anchored.get(name);
    if (valued === undefined) throw new YamlRefusal(NOTHING_BEFORE, offset);
    // It stands for what it is itself a part of.
    if (valued === null) throw new YamlRefusal(MULTIPLIED, offset);
    return valued;
  }

  #map({ items }: YAMLMap): Valued {
    let chars = 2;
    const taken = new Set<unknown>();
    const entries: [string, unknown][] = [];
    for (const { key, value } of items) {
      const name = this.#name(key, taken);
      const valued = this.valued(value);
      chars += name.length + valued.chars + 4;
      entries.push([name, valued.value]);
    }
    // Unlike an assignment, this makes a field of "__proto__" too.
    return { value: Object.fromEntries(entries), chars };
  }

  /** The text of a key. One number is one key, however it is written. */
  #name(key: unknown, taken: Set<unknown>): string {
    const { value } = this.valued(key);
    if (typeof value === "object" && value !== null) throw new YamlRefusal(NO_TEXT, offsetOf(key));
    const name = value === null ? "" : String(value);
    const number = isScalar(key) && typeof key.value === "number" ? key.value : name;
    if (taken.has(name) || taken.has(number)) throw new YamlRefusal(TWICE, offsetOf(key));
    taken.add(name);
    taken.add(number);
    return name;
  }
}

function valueOfScalar({ value, source }: Scalar): unknown {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  return isNumber ? (source ?? String(value)) : value;
}

function anchorOf(node: unknown): string | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
}

function offsetOf(node: unknown): number {
  const isPlaced = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node);
  return (isPlaced ? node.range?.[0] : undefined) ?? 0;
}
