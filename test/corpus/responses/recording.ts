/** A recorded answer of a provider, whatever it was recorded with. */
import type { Json } from "../number-text.ts";

export interface Answer {
  /** Where it stands in the dataset. */
  readonly file: string;
  /** Place among the answers of the file. */
  readonly position: number;
  /** Host that was called, in lower case; "" where the recording does not tell. */
  readonly host: string;
  /** Model that was asked for, in the URL or in the request. */
  readonly askedModel: string | undefined;
  /** When it was answered, RFC 3339; undefined where the recording does not tell. */
  readonly at: string | undefined;
  /** A model that the request let the answering one consult. */
  readonly advisor?: string;
  readonly content: AnswerContent;
}

/** One body, or the events of a stream. Numbers are the text that the source wrote. */
export type AnswerContent = { readonly body: Json } | { readonly events: readonly Json[] };
