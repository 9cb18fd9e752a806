/**
 * The policies of each workspace: acts of the journal (the newest of a key counts), kept ready and
 * read again when one changes. With them stands what rules look at of the runs that go on.
 */
import { present } from "../../domain/assert.ts";
import { type Wanted, wantedBy } from "../../domain/policy/judge-run.ts";
import { parsePolicy, policyDocument } from "../../domain/policy/parse-policy.ts";
import type { Policy } from "../../domain/policy/policy.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import { KeptByVersion } from "../commit/rules.ts";
import type { RulesVersions } from "../node-ports.ts";
import type { Store } from "../ports.ts";
import { KeptRoom, KeptRuns } from "./kept-runs.ts";

/** What an act that sets a policy, or takes one out of force, records. */
export interface SavedPolicy {
  readonly key: string;
  readonly before: object | null;
  /** Null: it is in force no more. */
  readonly after: object | null;
  readonly reason: string;
  readonly by: string;
}

/** The policies in force in one workspace. */
export interface PolicyBook {
  readonly policies: readonly Policy[];
  readonly wanted: Wanted;
  /** Whether any of them is for runs of certain cards. */
  readonly looksAtCards: boolean;
  readonly kept: KeptRuns;
  /** What the policies say, to be compared. */
  readonly text: string;
}

/** What a policy takes up, about; what is kept of runs has a room of its own. */
const POLICY_BYTES = 3_000;

/** Books by workspace. */
export class PolicyBooks {
  readonly #store: Store;
  readonly #books: KeptByVersion<PolicyBook>;
  readonly #last = new Map<string, PolicyBook>();
  readonly #room: KeptRoom;

  constructor(store: Store, room: KeptRoom = new KeptRoom(), maxBytes?: number) {
    this.#store = store;
    this.#room = room;
    this.#books = new KeptByVersion<PolicyBook>(store, {
      part: "terms",
      read: (workspace) => this.#build(workspace),
      bytesOf: ({ policies }) => policies.length * POLICY_BYTES,
      letGo: (workspace) => {
        // A unit that still runs goes on with the book, and keeps nothing of it.
        this.#last.get(workspace)?.kept.retire();
        this.#last.delete(workspace);
      },
      maxBytes,
    });
  }

  /** As of `rules` (Default: of what is committed). */
  async of(workspace: string, rules?: RulesVersions): Promise<PolicyBook> {
    const book = await this.#books.of(workspace, rules);
    const last = this.#last.get(workspace);
    if (last !== book) {
      if (last?.kept !== book.kept) last?.kept.retire();
      this.#last.set(workspace, book);
    }
    return book;
  }

  async #build(workspace: string): Promise<PolicyBook> {
    const policies = await this.#read(workspace);
    const text = JSON.stringify(policies.map((one) => [one.key, policyDocument(one)]));
    const last = this.#last.get(workspace);
    const looksAtCards = policies.some(({ where, except }) => {
      return where.card !== undefined || except.card !== undefined;
    });
    // Some other term changed: rules look at what they looked at before.
    const kept = last?.text === text ? last.kept : new KeptRuns(this.#room);
    return { policies, wanted: wantedBy(policies), looksAtCards, kept, text };
  }

  async #read(workspace: string): Promise<readonly Policy[]> {
    const of = { kind: "policy.saved" } as const;
    const inForce = new Map<string, Policy>();
    for (const act of await recordedActs<SavedPolicy>(this.#store, workspace, of)) {
      if (act.after === null) inForce.delete(act.key);
      else inForce.set(act.key, readPolicy(act.after, act.key));
    }
    return [...inForce.values()];
  }

  /** Called when a policy was recorded: the next look-up reads the store. */
  forget(workspace: string): void {
    this.#books.forget(workspace);
  }

  /**
   * Called when an act of this process that left all runs as they were is on disk, between these
   * ends of the chain: what is kept of runs is as of the later one then.
   */
  follow(workspace: string, { from, to }: { readonly from: string; readonly to: string }): void {
    const kept = this.#last.get(workspace)?.kept;
    if (kept?.asOf === from) kept.asOf = to;
  }

  /** Called when a run was let go on: its levels begin anew. */
  forgetRun(workspace: string, run: string): void {
    this.#last.get(workspace)?.kept.delete(run);
  }

  /** Called when something else than events changed steps: what is kept of runs is read again. */
  forgetRuns(workspace: string): void {
    this.#last.get(workspace)?.kept.clear();
  }
}

/** A policy of its stored document. */
function readPolicy(document: object, key: string): Policy {
  const parsed = parsePolicy(document, key);
  const policy = "policy" in parsed ? parsed.policy : undefined;
  return present<Policy>(policy, `policy "${key}" that can be read`);
}
