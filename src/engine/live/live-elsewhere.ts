/**
 * What live views are told of commits, of this process and of others. A unit of work that somebody
 * looks at writes a note with its rows; whoever has views open asks for notes that are not its own.
 * Where one is missing (its node is of an older version, or the database was started again), all is
 * read anew.
 */
import { LIVE_WATCH_MS } from "../../domain/limits.ts";
import type { BudgetBooks } from "../limits/budget-books.ts";
import type { LiveNote } from "../node-ports.ts";
import type { ChainHead, Clock, Store, UnitOfWork } from "../ports.ts";
import {
  type CommittedUnit,
  type GatheredUnit,
  gatheredOf,
  type LiveFeed,
  type ToldUnit,
} from "./live-feed.ts";
import { decodeNote, encodeNote, TOLD_ANEW } from "./live-notes.ts";

/** What is looked at in one workspace. */
interface Looked {
  /** Number of the last commit that views know of; null: nobody has asked yet. */
  no: number | null;
  watchedUntilMs: number;
  looking: Promise<void> | null;
}

/** What notes are written and read with. */
interface TellingParts {
  readonly store: Store;
  /** The machine's. */
  readonly clock: Clock;
  readonly budgets: BudgetBooks;
}

/** The notes of one process. */
export class LiveTelling {
  readonly #parts: TellingParts;
  readonly #feed: LiveFeed;
  /** Stands for this process. */
  readonly #node: string;
  readonly #looked = new Map<string, Looked>();

  constructor(parts: TellingParts, feed: LiveFeed, node: string) {
    this.#parts = parts;
    this.#feed = feed;
    this.#node = node;
  }

  /** What a unit that has written its rows tells, here and elsewhere; null: nobody looks. */
  async ofUnit(
    workspace: string,
    unit: UnitOfWork,
    committed: CommittedUnit & { readonly head: Pick<ChainHead, "lastSeq"> },
  ): Promise<ToldUnit | null> {
    const { state, head } = committed;
    const isWritten = state.lastSeq > head.lastSeq || state.touched();
    const isTold = unit.isWatched && isWritten;
    if (!isTold && !this.#feed.isWatched(workspace)) return null;
    const gathered = gatheredOf(committed);
    if (isTold) await unit.tellLive({ node: this.#node, text: encodeNote(gathered) });
    return { gathered, book: committed.book };
  }

  /** The same of an act. */
  async ofAct(unit: UnitOfWork): Promise<void> {
    if (unit.isWatched) await unit.tellLive({ node: this.#node, text: TOLD_ANEW });
  }

  /** Gathers what other processes have committed. Where there are none, nothing is asked. */
  async look(workspace: string): Promise<void> {
    if (!this.#parts.store.isShared) return;
    const known: Looked = this.#looked.get(workspace) ?? {
      ...{ no: null, watchedUntilMs: 0, looking: null },
    };
    this.#looked.set(workspace, known);
    known.looking ??= this.#look(workspace, known).finally(() => {
      known.looking = null;
    });
    await known.looking;
  }

  /** Number of the last commit that views know of; null: there is one process alone. */
  lastNo(workspace: string): number | null {
    return this.#looked.get(workspace)?.no ?? null;
  }

  async #look(workspace: string, known: Looked): Promise<void> {
    const { store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    // Nobody has looked for a while: commits may have told nothing.
    if (nowMs >= known.watchedUntilMs + LIVE_WATCH_MS / 2) known.no = null;
    if (nowMs >= known.watchedUntilMs) {
      await store.notes.watch(workspace, LIVE_WATCH_MS);
      known.watchedUntilMs = nowMs + LIVE_WATCH_MS / 2;
    }
    const afterNo = known.no ?? (await store.commits(workspace));
    const { commits, notes } = await store.notes.since(workspace, afterNo);
    known.no = commits;
    // Fewer than before: a copy goes on that lacks some.
    const isUntold = commits < afterNo || notes.length < commits - afterNo;
    if (isUntold) this.#feed.acted(workspace);
    for (const note of notes) if (note.node !== this.#node) await this.#tell(workspace, note);
  }

  async #tell(workspace: string, { text }: LiveNote): Promise<void> {
    const gathered = decodeNote(text);
    if (gathered === null) this.#feed.acted(workspace);
    else {
      const book = await this.#parts.budgets.of(workspace);
      this.#feed.committed(workspace, { gathered, book });
    }
  }

  /** What commits behind one told, of whatever process; null: not all of it is kept. */
  async missed(workspace: string, afterNo: number): Promise<readonly GatheredUnit[] | null> {
    const { commits, notes } = await this.#parts.store.notes.since(workspace, afterNo);
    if (commits < afterNo || notes.length < commits - afterNo) return null;
    const units = notes.map(({ text }) => decodeNote(text));
    return units.some((one) => one === null) ? null : units.filter((one) => one !== null);
  }
}
