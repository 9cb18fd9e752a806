/** Use cases of commitments: what customers have agreed to use up. */
import type { EngineContext } from "../context.ts";
import { type CustomerCommitments, readDrawdown } from "./read-drawdown.ts";
import { type NewCommitments, type SavedOrRefused, saveCommitments } from "./save-commitments.ts";

/** What can be done with commitments, and asked of them. */
export class CommitmentCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Sets what a customer has agreed to use up. */
  save(workspace: string, wanted: NewCommitments): Promise<SavedOrRefused> {
    return saveCommitments(this.#context, workspace, wanted);
  }

  /** A customer's, and how much of each is drawn. Throws `customer.not_found`. */
  read(workspace: string, customer: string): Promise<CustomerCommitments> {
    return readDrawdown(this.#context, workspace, customer);
  }
}
