/** Who asks for an act: which key, and why, as far as the caller says. */

/** A caller, as acts are signed with it. */
export interface Actor {
  /** Id of the API key. */
  readonly key: string;
  /** What the key is for. */
  readonly label: string;
  /** Null: nothing was said beside what the act itself states. */
  readonly reason: string | null;
}

/** The entry that says who asked for the acts of a unit of work. */
export interface Signature extends Actor {
  /** Seqs of the first and the last entry that it stands for. */
  readonly fromSeq: number;
  readonly toSeq: number;
}
