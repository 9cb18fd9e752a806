/**
 * A wallet as one cell for each unit charged, the oracle of random histories. It knows the rules
 * and nothing of the code: who pays is looked for unit by unit.
 */
/** Of the oracle's world. */
export const PERIODS = ["p1", "p2", "p3"];
export const CHARGES = ["a", "b"];
export const DAY = 100;
export const startOf = (period: string) => (PERIODS.indexOf(period) + 1) * DAY;

/** A cell that a grant paid whose credit is gone, while an open period lowers it. */
const GONE = Symbol("gone");

interface OracleGrant {
  readonly id: string;
  readonly amount: number;
  readonly priority: number;
  readonly expires: number | null;
  readonly charges: readonly string[] | null;
  readonly order: number;
  taken: number;
  ended: boolean;
}

/** Cells by charge, period by period; closed ones first. */
export class Oracle {
  readonly grants: OracleGrant[] = [];
  /** What each lane is charged, by `period charge`. */
  readonly charged = new Map<string, number>();
  readonly open = new Set(PERIODS);
  #cells = new Map<string, (string | null)[]>();
  /** Cells of closed lanes that open periods lower these by. They come back as they were. */
  #lowered = new Map<string, (string | null)[]>();

  /** While a period is closed, the others lower only what is gone already. */
  levels(closing: string | null = null): [string, number][] {
    const levels = CHARGES.map((charge): [string, number] => {
      return [` ${charge}`, this.charged.get(` ${charge}`) ?? 0];
    });
    const debts: { readonly period: string; readonly lanes: number[]; left: number }[] = [];
    const gone = CHARGES.map((charge) => this.#gone.get(` ${charge}`) ?? 0);
    const lower = (at: number) => {
      const lane = levels[at];
      if (lane !== undefined) lane[1] -= 1;
    };
    const last = (period: string) => Number(period === closing);
    for (const period of PERIODS.toSorted((a, b) => last(a) - last(b))) {
      if (!this.open.has(period)) continue;
      const own = CHARGES.map((charge) => this.charged.get(`${period} ${charge}`) ?? 0);
      let debt = own.reduce((sum, amount) => sum + Math.max(0, -amount), 0);
      const net = own.map((amount) => Math.max(0, amount));
      for (let at = net.length - 1; at >= 0; at -= 1) {
        while (debt > 0 && (net[at] ?? 0) > 0) {
          net[at] = (net[at] ?? 0) - 1;
          debt -= 1;
        }
      }
      for (const [at, charge] of CHARGES.entries())
        levels.push([`${period} ${charge}`, net[at] ?? 0]);
      const lanes = [0, 1].sort((a, b) => Number((own[b] ?? 0) < 0) - Number((own[a] ?? 0) < 0));
      for (const at of lanes) {
        for (; debt > 0 && (gone[at] ?? 0) > 0; debt -= 1) {
          gone[at] = (gone[at] ?? 0) - 1;
          lower(at);
        }
      }
      debts.push({ period, lanes, left: debt });
    }
    for (const debt of debts) {
      if (closing !== null && debt.period !== closing) continue;
      for (const at of debt.lanes) {
        for (; debt.left > 0 && (levels[at]?.[1] ?? 0) > 0; debt.left -= 1) lower(at);
      }
    }
    return levels;
  }

  cellsNow(closing: string | null = null): Map<string, (string | null)[]> {
    const cells = new Map<string, (string | null)[]>();
    const levels = this.levels(closing);
    for (const [lane, level] of levels) {
      cells.set(lane, (this.#cells.get(lane) ?? []).slice(0, level));
    }
    let mayGo = closing === null ? 0 : this.#excessBeside(closing) - this.#allGone();
    this.away.clear();
    this.owedAgain = 0;
    for (const [lane, level] of this.inServiceOrder(closing)) {
      const own = cells.get(lane) ?? [];
      const whole = this.#wholeOf(lane);
      for (let at = own.length; at < level; at += 1) {
        const was = whole[at];
        if (mayGo > 0 && typeof was === "string") {
          // Others lower it all along: only the credit that paid it can stand there again.
          const isThere = this.able(lane).some(
            (one) => one.id === was && this.left(one, cells) > 0,
          );
          if (!isThere) {
            mayGo -= 1;
            this.away.set(lane, (this.away.get(lane) ?? 0) + 1);
          } else own.push(was);
          continue;
        }
        // What a closed period was billed in money, no grant pays.
        const payer = was === null ? null : this.#payer(cells, lane);
        if (payer === null && was !== null && was !== undefined) this.owedAgain += 1;
        own.push(payer);
      }
    }
    return cells;
  }
  /** What the last look found gone, by lane, and credit that returned and was not there. */
  readonly away = new Map<string, number>();
  owedAgain = 0;

  /** What is gone stands last: it is what returns last. */
  #wholeOf(lane: string): (string | null | typeof GONE)[] {
    const gone = new Array<typeof GONE>(this.#gone.get(lane) ?? 0).fill(GONE);
    return [...(this.#cells.get(lane) ?? []), ...(this.#lowered.get(lane) ?? []), ...gone];
  }

  #allGone(): number {
    return [...this.#gone.values()].reduce((sum, one) => sum + one, 0);
  }

  #excessBeside(closing: string): number {
    const others = [...this.open].filter((period) => period !== closing);
    const sums = others.map((period) => {
      return CHARGES.reduce((sum, one) => sum + (this.charged.get(`${period} ${one}`) ?? 0), 0);
    });
    return sums.reduce((excess, sum) => excess + Math.max(0, -sum), 0);
  }

  /** Period by period; of a period, what fewer grants may pay comes first. */
  inServiceOrder(closing: string | null): [string, number][] {
    const levels = this.levels(closing);
    const place = ([lane]: [string, number]) => PERIODS.indexOf(lane.split(" ")[0] ?? "");
    return levels.sort(
      (a, b) => place(a) - place(b) || this.able(a[0]).length - this.able(b[0]).length,
    );
  }

  able(lane: string): OracleGrant[] {
    const [period = "", charge = ""] = lane.split(" ");
    const start = period === "" ? 0 : startOf(period);
    return this.grants.filter(
      (grant) =>
        !grant.ended &&
        (grant.expires === null || start < grant.expires) &&
        (grant.charges === null || grant.charges.includes(charge)),
    );
  }

  #payer(cells: Map<string, (string | null)[]>, lane: string): string | null {
    const able = this.able(lane).filter((grant) => this.left(grant, cells) > 0);
    able.sort(
      (a, b) =>
        a.priority - b.priority || (a.expires ?? 1e9) - (b.expires ?? 1e9) || a.order - b.order,
    );
    return able[0]?.id ?? null;
  }

  left(grant: OracleGrant, cells: Map<string, (string | null)[]>): number {
    const used = [...cells.values()].flat().filter((payer) => payer === grant.id).length;
    return grant.amount - grant.taken - used;
  }

  /** Every entry fixes who paid; what came back to an ended grant is lost. */
  fix(): void {
    const cells = this.cellsNow();
    this.debts += this.owedAgain;
    const levels = new Map(this.levels());
    for (const charge of CHARGES) {
      const lane = ` ${charge}`;
      const off = (this.charged.get(lane) ?? 0) - (levels.get(lane) ?? 0);
      const gone = Math.min(this.#gone.get(lane) ?? 0, off);
      const whole = this.#wholeOf(lane).filter((cell) => cell !== GONE);
      this.#lowered.set(lane, whole.slice(levels.get(lane) ?? 0));
      this.#gone.set(lane, gone);
    }
    this.#cells = cells;
    this.loseEnded();
  }
  /** Credit that went back and was not there when a period charged more again, not billed yet. */
  debts = 0;
  /** Of closed lanes: how much open periods lower them by for good. */
  readonly #gone = new Map<string, number>();

  loseEnded(): void {
    for (const grant of this.grants) {
      if (grant.ended) grant.taken += this.left(grant, this.#cells);
    }
  }

  close(period: string): number {
    const paidBefore = this.#paidClosed;
    // What other open periods lower closed ones by is not this statement's.
    const others = this.#excessBeside(period);
    const levels = new Map(this.levels(period));
    const cells = this.cellsNow(period);
    this.debts += this.owedAgain;
    const away = new Map(this.away);
    let left = others;
    for (const charge of CHARGES) {
      const lane = ` ${charge}`;
      const off = (this.charged.get(lane) ?? 0) - (levels.get(lane) ?? 0);
      const gone = Math.min(this.#gone.get(lane) ?? 0, off) + (away.get(lane) ?? 0);
      const kept = Math.min(gone, left);
      left -= kept;
      const merged = [...(cells.get(lane) ?? []), ...(cells.get(`${period} ${charge}`) ?? [])];
      cells.set(lane, merged);
      cells.delete(`${period} ${charge}`);
      this.#gone.set(lane, kept);
      this.#lowered.delete(lane);
      this.charged.set(lane, merged.length + kept);
      this.charged.delete(`${period} ${charge}`);
    }
    this.#cells = cells;
    this.open.delete(period);
    const closed = CHARGES.flatMap((charge) => this.#cells.get(` ${charge}`) ?? []);
    this.#paidClosed = closed.filter((payer) => payer !== null).length + this.#allGone();
    this.fix();
    return this.#paidClosed - paidBefore;
  }
  #paidClosed = 0;

  balances(): Record<string, number> {
    const cells = this.cellsNow();
    const left = this.grants.map((grant) => [grant.id, this.left(grant, cells)] as const);
    return Object.fromEntries(left.filter(([, amount]) => amount > 0));
  }
}
