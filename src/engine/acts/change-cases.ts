/** Use cases of changes that wait for a second key. */

import type { EngineContext } from "../context.ts";
import type { ActPage, ActPageQuery } from "./act-page.ts";
import {
  type Change,
  decideChange,
  findChange,
  listChanges,
  proposeChange,
  requireOpen,
  type SentChange,
} from "./changes.ts";

/** What can be done with changes. */
export class ChangeCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  propose(workspace: string, sent: SentChange): Promise<string> {
    return proposeChange(this.#context, workspace, sent);
  }

  list(
    workspace: string,
    page: Pick<ActPageQuery<Change>, "afterSeq" | "limit">,
  ): Promise<ActPage<Change>> {
    return listChanges(this.#context, workspace, page);
  }

  /** Throws `change.not_found`. */
  find(workspace: string, id: string): Promise<Change> {
    return findChange(this.#context, workspace, id);
  }

  requireOpen(
    workspace: string,
    of: { readonly id: string; readonly isApproval: boolean },
  ): Promise<Change> {
    return requireOpen(this.#context, workspace, of);
  }

  decide(
    workspace: string,
    end: { readonly id: string; readonly state: "approved" | "rejected" },
  ): Promise<void> {
    return decideChange(this.#context, workspace, end);
  }
}
