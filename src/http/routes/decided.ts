/** What routes by which people decide something are sent beside it. */
import { closed, ID, TEXT } from "../schema.ts";

/** Fields of a body: why, and by whom. */
export const DECIDED = {
  reason: { ...TEXT, minLength: 1 },
  by: { ...ID, description: "Who decided it." },
};

/** Why, and by whom. */
export interface Decided {
  readonly reason: string;
  readonly by: string;
}

/** A path with a key. */
export interface KeyParam {
  readonly key: string;
}

/** The schema of such a path. */
export const KEY_PARAM = closed({ key: ID });
