/** Credit as the API tells it. */
import type { TopupRule } from "../../domain/credit/book.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { CreditNow, GrantNow, HistoryPage } from "../../engine/credit/read-credit.ts";
import type { TopupState } from "../../engine/credit/topup.ts";
import { timeText, timeTextOrNull } from "../instant.ts";

/** Wallets, rules and awaited payments of a customer. */
export function creditsView({ customer, nowMs, wallets, book }: CreditNow): object {
  return {
    customer,
    now: timeText(nowMs),
    wallets: wallets.map(({ currency, balance, owed, grants }) => ({
      currency,
      balance: formatAmount(balance),
      owed: formatAmount(owed),
      grants: grants.map(grantView),
    })),
    rules: book.rules.map(ruleView),
    requests: book.requests.map(({ id }) => id),
  };
}

function grantView({ grant, used, left }: GrantNow): object {
  const { id, kind, name, amount, priority, charges, cost, costCurrency } = grant;
  return {
    ...{ grant: id, kind, name, amount: formatAmount(amount) },
    ...{ used: formatAmount(used), taken: formatAmount(grant.taken), left: formatAmount(left) },
    ...{ priority, charges },
    grantedAt: timeText(grant.grantedAtMs),
    expiresAt: timeTextOrNull(grant.expiresAtMs),
    isExpired: grant.isExpired,
    cost: cost === null ? null : formatAmount(cost),
    costCurrency,
  };
}

function ruleView({ currency, threshold, amount, cap, ...rest }: TopupRule): object {
  const { priority, expiresAfterDays, charges } = rest;
  return {
    currency,
    threshold: formatAmount(threshold),
    amount: formatAmount(amount),
    cap: cap === null ? null : formatAmount(cap),
    ...{ priority, expiresAfterDays, charges },
  };
}

/** A page of entries. */
export function historyView({ entries, next }: HistoryPage): object {
  return {
    entries: entries.map(({ seq, currency, kind, id, at, postedAtMs, postings, balance }) => ({
      ...{ seq, currency, kind, id, at, postedAt: timeText(postedAtMs), balance },
      postings: postings.map(([account, amount]) => ({ account, amount })),
    })),
    next: next === null ? null : String(next),
  };
}

/** A payment and how it ended. */
export function topupView(topup: TopupState): object {
  const { id, customer, currency, amount, status, isAutomatic, requestedAt, reason, by } = topup;
  const reference = topup.end?.reference ?? null;
  const told = { id, customer, currency, amount, status, isAutomatic, requestedAt, reference };
  return { ...told, reason, by };
}
