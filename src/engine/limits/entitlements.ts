/**
 * What customers may use: their own terms are acts of the journal (the newest of a customer counts)
 * over those of their cards. Decisions on holds read them from memory.
 */
import {
  type Entitlements,
  entitlementsOf,
  type OwnEntitlements,
  parseOwnEntitlements,
} from "../../domain/budget/entitlements.ts";
import { Place } from "../../domain/rating/document-place.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import type { Tariff } from "../cards/tariff.ts";
import { KeptByVersion } from "../commit/rules.ts";
import type { RulesVersions } from "../node-ports.ts";
import type { Customer, Store } from "../ports.ts";

/** Key of the budget that counts the runs which a customer has open. */
export const PARALLEL_RUNS_KEY = "entitlements.parallel_runs";

/** What an act that sets a customer's own terms records. */
export interface SavedEntitlements {
  readonly customer: string;
  readonly entitlements: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly by: string;
}

type OwnByCustomer = ReadonlyMap<string, OwnEntitlements>;

/** What a customer's own terms take up, about. */
const OWN_TERMS_BYTES = 1_000;

/** Own terms of each workspace's customers, kept ready and read again when one changes. */
export class EntitlementBooks {
  readonly #kept: KeptByVersion<OwnByCustomer>;

  constructor(store: Store, maxBytes?: number) {
    this.#kept = new KeptByVersion<OwnByCustomer>(store, {
      part: "terms",
      read: async (workspace) => {
        const of = { kind: "entitlements.saved" } as const;
        const acts = await recordedActs<SavedEntitlements>(store, workspace, of);
        return new Map(acts.map((act) => [act.customer, ownIn(act)]));
      },
      bytesOf: ({ size }) => size * OWN_TERMS_BYTES,
      maxBytes,
    });
  }

  /** As of `rules` (Default: of what is committed). */
  of(workspace: string, rules?: RulesVersions): Promise<OwnByCustomer> {
    return this.#kept.of(workspace, rules);
  }

  /** Called when terms were recorded: the next look-up reads the store. */
  forget(workspace: string): void {
    this.#kept.forget(workspace);
  }
}

function ownIn({ entitlements }: SavedEntitlements): OwnEntitlements {
  return parseOwnEntitlements(new Place(entitlements, "", []));
}

/** What a customer's card allows now; null: it restricts nothing, or there is none. */
export function cardEntitlements(
  tariff: Tariff,
  customer: Customer,
  nowMs: number,
): Entitlements | null {
  const card = tariff.cardFor(customer, nowMs);
  return card === null ? null : tariff.versionById(card.id).card.entitlements;
}

/** What a customer may use now. */
export type EntitlementsNow = (customer: Customer) => Entitlements;

/** Looks up what customers may use at an instant. */
export function entitlementsAt(
  own: OwnByCustomer,
  { tariff, nowMs }: { readonly tariff: Tariff; readonly nowMs: number },
): EntitlementsNow {
  return (customer) =>
    entitlementsOf(cardEntitlements(tariff, customer, nowMs), own.get(customer.id) ?? {});
}
