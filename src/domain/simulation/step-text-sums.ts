/**
 * Adds steps up from their texts. What decides which charges take a step (who, what, labels, codes)
 * repeats and is looked up once; of the rest only the quantities that a plan asks for are read.
 */

import type { Step } from "../event/step.ts";
import { StepBody, type WantedUsage, wantedUsage } from "../event/step-body.ts";
import { stepOfParts } from "../event/step-text.ts";
import { addConverted, type CustomerSums, type StepSums, type SumPlan } from "./step-sums.ts";

/** Combinations that are remembered before the memory starts afresh: labels may be endless. */
const REMEMBERED_MAX_COUNT = 50_000;
/** Codes have eight digits at most; the card's version stands in front of them. */
const CODES_UNITS = 100_000_000;

/** A step's text as a store keeps it, with what repeats as numbers. */
export interface NumberedParts {
  /** Numbers of the texts; 0 for labels: there are none. */
  readonly facetsNo: number;
  readonly labelsNo: number;
  readonly body: string;
  readonly seq: number;
}

/** Texts of numbers. */
export type TextOf = (number: number) => string;

interface ReadyPlan {
  readonly plan: SumPlan;
  readonly wanted: WantedUsage;
}

/** How texts become sums. */
export interface TextSumsOptions {
  readonly textOf: TextOf;
  /** Whether any card looks at labels: if not, they are not read. */
  readonly readsLabels: boolean;
}

/** Adds texts up into sums. */
export class StepTextSums {
  readonly #sums: StepSums;
  readonly #options: TextSumsOptions;
  readonly #body = new StepBody();
  readonly #plans = new Map<number, Map<number, Map<number | string, ReadyPlan>>>();
  #remembered = 0;
  readonly #ratedAtMs = () => this.#body.ratedAtMs;

  constructor(sums: StepSums, options: TextSumsOptions) {
    this.#sums = sums;
    this.#options = options;
  }

  /** Adds one step of a customer. */
  add(customer: CustomerSums, parts: NumberedParts): void {
    const body = this.#body;
    body.read(parts.body);
    if (!body.counts) return;
    const { plan, wanted } = this.#planOf(parts);
    if (plan.takes.length === 0) return;
    customer.turnToSeq(parts.seq);
    const period = body.periodOr(customer.lastPeriod);
    const sums = customer.of(period, plan, this.#ratedAtMs);
    sums.steps += 1;
    if (plan.takesCost) body.addCost(sums.cost);
    if (plan.units.length > 0) body.addUsage(wanted, sums.units, sums.stated);
    if (plan.conversions.length > 0) addConverted(sums, this.#stepOf(parts));
  }

  #planOf(parts: NumberedParts): ReadyPlan {
    const { facetsNo } = parts;
    const labelsNo = this.#options.readsLabels ? parts.labelsNo : 0;
    const codes = this.#body.usualCodes;
    const card = this.#body.cardVersionId;
    const key = codes < 0 ? `${this.#body.codes} ${card}` : codes + (card + 1) * CODES_UNITS;
    const known = this.#plans.get(facetsNo)?.get(labelsNo)?.get(key);
    if (known !== undefined) return known;
    const step = this.#stepOf(parts);
    const plan = this.#sums.planOf(step, step.cardVersionId);
    const ready = { plan, wanted: wantedUsage(plan.units) };
    this.#remember(facetsNo, labelsNo).set(key, ready);
    return ready;
  }

  #remember(facetsNo: number, labelsNo: number): Map<number | string, ReadyPlan> {
    if (this.#remembered >= REMEMBERED_MAX_COUNT) this.#plans.clear();
    this.#remembered = this.#plans.size === 0 ? 1 : this.#remembered + 1;
    const byLabels = this.#plans.get(facetsNo) ?? new Map<number, Map<number, ReadyPlan>>();
    this.#plans.set(facetsNo, byLabels);
    const byCodes = byLabels.get(labelsNo) ?? new Map<number | string, ReadyPlan>();
    byLabels.set(labelsNo, byCodes);
    return byCodes;
  }

  #stepOf({ facetsNo, labelsNo, body }: NumberedParts): Step {
    const { textOf } = this.#options;
    const labels = labelsNo === 0 ? "" : textOf(labelsNo);
    return stepOfParts(NOWHERE, { facets: textOf(facetsNo), body, labels });
  }
}

/** Cards do not ask where a step stands. */
const NOWHERE = { run: "", source: "", id: "", customer: "", seq: 0 };
