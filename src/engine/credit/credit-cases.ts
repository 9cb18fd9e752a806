/** Use cases of prepaid credit. All answers are plain data. */
import type { CreditBook } from "../../domain/credit/book.ts";
import type { EngineContext } from "../context.ts";
import { type PaymentPort, TopupDelivery } from "./deliver-topups.ts";
import { type GivenCredit, grantCredit, type NewCredit } from "./grant-credit.ts";
import {
  type CreditEnd,
  type CreditRefund,
  type CreditTransfer,
  expireCredit,
  expireDueCredit,
  type NewRefund,
  type NewTransfer,
  refundCredit,
  transferCredit,
} from "./move-credit.ts";
import {
  type CreditNow,
  type HistoryPage,
  type HistoryQuery,
  readCredit,
  readCreditHistory,
} from "./read-credit.ts";
import {
  type NewTopup,
  type NewTopupEnd,
  type NewTopupRule,
  readTopup,
  removeTopupRule,
  requestTopup,
  runTopupRules,
  saveTopupRule,
  settleTopup,
  type Topup,
  type TopupState,
} from "./topup.ts";

/** What can be done with credit, and asked of it. */
export class CreditCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Gives credit. */
  grant(workspace: string, credit: NewCredit): Promise<GivenCredit> {
    return grantCredit(this.#context, workspace, credit);
  }

  /** Takes what is paid back off a grant. */
  refund(workspace: string, refund: NewRefund): Promise<CreditRefund> {
    return refundCredit(this.#context, workspace, refund);
  }

  /** Moves credit to another wallet. */
  transfer(workspace: string, transfer: NewTransfer): Promise<CreditTransfer> {
    return transferCredit(this.#context, workspace, transfer);
  }

  /** Asks for a payment of credit. */
  requestTopup(workspace: string, topup: NewTopup): Promise<TopupState> {
    return requestTopup(this.#context, workspace, topup);
  }

  topup(workspace: string, id: string): Promise<TopupState> {
    return readTopup(this.#context, workspace, id);
  }

  /** A payment was confirmed or refused. */
  settleTopup(workspace: string, end: NewTopupEnd): Promise<TopupState> {
    return settleTopup(this.#context, workspace, end);
  }

  saveTopupRule(workspace: string, rule: NewTopupRule): Promise<CreditBook> {
    return saveTopupRule(this.#context, workspace, rule);
  }

  removeTopupRule(
    workspace: string,
    of: { readonly customer: string; readonly currency: string },
  ): Promise<CreditBook> {
    return removeTopupRule(this.#context, workspace, of);
  }

  /** Looks at every balance that a rule watches. */
  runTopupRules(workspace: string): Promise<Topup[]> {
    return runTopupRules(this.#context, workspace);
  }

  /** Tells a payment port of what is awaited. */
  delivery(port: PaymentPort): TopupDelivery {
    return new TopupDelivery(this.#context, port);
  }

  /** Ends a grant before its time. */
  expire(workspace: string, end: CreditEnd): Promise<void> {
    return expireCredit(this.#context, workspace, end);
  }

  /** Ends every grant whose time is over; any unit of work does that first. */
  expireDue(workspace: string): Promise<void> {
    return expireDueCredit(this.#context, workspace);
  }

  /** A customer's credit, with what was charged until now. */
  of(workspace: string, customer: string): Promise<CreditNow> {
    return readCredit(this.#context, workspace, customer);
  }

  history(workspace: string, query: HistoryQuery): Promise<HistoryPage> {
    return readCreditHistory(this.#context, workspace, query);
  }
}
