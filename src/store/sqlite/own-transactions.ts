/** Writes outside any unit of work, each as a transaction of its own, in turn with the units. */

import type { Turns } from "../../engine/commit/turns.ts";
import type { Bound } from "../stored-rows.ts";
import { told } from "./sqlite-errors.ts";
import { TransactionDraft } from "./transaction.ts";
import type { Writer } from "./writer.ts";

/** Takes its turns like units of work do. */
export class OwnTransactions {
  readonly #turns: Turns;
  readonly #writer: Writer;

  constructor({ turns, writer }: { readonly turns: Turns; readonly writer: Writer }) {
    this.#turns = turns;
    this.#writer = writer;
  }

  /** Writes one row. */
  async save(sql: string, ...values: Bound[]): Promise<void> {
    await this.commit((draft) => {
      draft.run(sql, values);
      return true;
    });
  }

  /** Writes a draft that is filled already. */
  async write(draft: TransactionDraft): Promise<void> {
    await this.#turns.take(() => this.#whole(draft));
  }

  /** Writes what `fill` puts into the draft; nothing where it returns false. Nobody else writes. */
  commit(fill: (draft: TransactionDraft) => boolean): Promise<boolean> {
    return this.#turns.take(async () => {
      const draft = new TransactionDraft();
      if (!fill(draft)) return false;
      if (draft.isEmpty) return true;
      await this.#whole(draft);
      return true;
    });
  }

  async #whole(draft: TransactionDraft): Promise<void> {
    await this.#writer.commit(draft.whole()).catch((error: unknown) => {
      throw told(error);
    });
  }
}
