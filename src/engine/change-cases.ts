/** Use cases of changes that wait for a second key. */
import {
  type Change,
  type ChangeSize,
  decideChange,
  findChange,
  listChanges,
  mustWait,
  proposeChange,
  requireOpen,
  type SentChange,
  sizeOfBudget,
  sizeOfCard,
} from "./changes.ts";
import type { EngineContext } from "./context.ts";

/** What can be done with changes. */
export class ChangeCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  mustWait(workspace: string, size: ChangeSize): Promise<boolean> {
    return mustWait(this.#context, workspace, size);
  }

  propose(workspace: string, sent: SentChange): Promise<string> {
    return proposeChange(this.#context, workspace, sent);
  }

  list(workspace: string): Promise<Change[]> {
    return listChanges(this.#context, workspace);
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

  sizeOfCard(workspace: string, document: unknown): Promise<ChangeSize> {
    return sizeOfCard(this.#context, workspace, document);
  }

  sizeOfBudget(
    workspace: string,
    of: { readonly key: string; readonly after: unknown },
  ): Promise<ChangeSize> {
    return sizeOfBudget(this.#context, workspace, of);
  }
}
