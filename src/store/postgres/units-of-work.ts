/**
 * Carries out units of work, one transaction each. While the server writes one that only adds
 * steps, the next one is put together from what that leaves, and its lock tells afterwards whether
 * nothing else was committed in between; if something was, it begins anew
 * (docs/decisions/0185-units-overlap-on-postgresql.md).
 */
import { othersTurn } from "../../engine/commit/others-turn.ts";
import type { Digest, UnitWork } from "../../engine/ports.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { Bundles } from "./bundle.ts";
import { control } from "./connection.ts";
import type { Answered, Client } from "./driver.ts";
import { type Ground, GroundMoved, lockBefore } from "./ground.ts";
import { KnownRows } from "./known-rows.ts";
import { LateTransaction } from "./late-transaction.ts";
import { PostgresUnit } from "./postgres-unit.ts";
import { RunPlaces } from "./run-places.ts";
import type { Sessions } from "./sessions.ts";
import type { Target } from "./target.ts";
import { readTouched } from "./touched.ts";
import { rollBack } from "./transaction.ts";
import { addsStepsAlone, UnitAhead } from "./unit-ahead.ts";

/** What units are carried out with. */
interface Parts {
  readonly sessions: Sessions;
  readonly digest: Digest;
  /** The number of a workspace. Throws where there is none. */
  readonly ws: (workspace: string) => Promise<number>;
  /** Makes the partition of a month, if there is none. */
  readonly prepareMonth: (month: number) => Promise<void>;
}

/** One unit, where it stands, and who wants to know that the next one may begin. */
interface Begun<T> {
  readonly client: Client;
  readonly target: Target;
  readonly ground: Ground;
  readonly work: UnitWork<T>;
  readonly handedOver: (() => void) | undefined;
  /** Asked before COMMIT is sent. Throws where the unit must not be committed. */
  readonly isSound: () => Promise<void>;
}

/** Units of work on one database. */
export class UnitsOfWork {
  readonly #parts: Parts;
  /** What all units have in common. */
  readonly #shared: Pick<Target, "digest" | "bundles">;
  readonly #known = new KnownRows();
  /** Units on their way to the disk that the next one of their workspace may begin behind. */
  readonly #ahead = new Map<number, UnitAhead>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#shared = { digest: parts.digest, bundles: new Bundles() };
  }

  async transact<T>(
    workspace: string,
    work: UnitWork<T>,
    handedOver: (() => void) | undefined,
  ): Promise<T> {
    const ws = await this.#parts.ws(workspace);
    const ahead = handedOver === undefined ? undefined : this.#ahead.get(ws);
    if (ahead !== undefined) {
      const done = await this.#early(ws, ahead, { work, handedOver });
      if (done !== null) return done.result;
    }
    return this.#inTurn(ws, { work, handedOver });
  }

  /** Behind its own lock from the start. */
  #inTurn<T>(ws: number, asked: Pick<Begun<T>, "work" | "handedOver">): Promise<T> {
    return this.#with(async (client) => {
      // Where nodes take turns, what others touched is asked for with the lock.
      const from = this.#known.followedFrom(ws);
      const ask = async () => (from === null ? null : readTouched({ queries: client, ws }, from));
      const [ground, told] = await lockBefore(client, ws, ask);
      await this.#parts.prepareMonth(ground.month);
      const touchedSince = async (no: number) =>
        told !== null && no === from ? told : readTouched({ queries: client, ws }, no);
      const rows = await this.#known.asOf(ws, ground.commit, touchedSince);
      const own = { places: new RunPlaces(ground.month), rows, ahead: null };
      const target = { queries: client, ws, ...this.#shared, ...own };
      return this.#carryOut({ client, target, ground, ...asked, isSound: async () => {} });
    });
  }

  /** Behind a unit that is on its way; null: something else was committed, and nothing is done. */
  async #early<T>(
    ws: number,
    ahead: UnitAhead,
    asked: Pick<Begun<T>, "work" | "handedOver">,
  ): Promise<{ readonly result: T } | null> {
    const { ground } = ahead;
    const rows = this.#known.ahead(ws, ground.commit);
    if (rows === null) return null;
    let hasMoved = false;
    try {
      return await this.#with(async (client) => {
        const late = new LateTransaction(client, ws, ground);
        const isSound = async (): Promise<void> => {
          hasMoved = !(await late.isOnGround());
          if (hasMoved) throw new GroundMoved("others have committed");
        };
        const own = { places: new RunPlaces(ground.month), rows, ahead };
        const target = { queries: late, ws, ...this.#shared, ...own };
        try {
          const result = await this.#carryOut({ client, target, ground, ...asked, isSound });
          return { result };
        } catch (error) {
          // Whatever failed may have failed because it stood on what is not so.
          await isSound();
          throw error;
        }
      });
    } catch (error) {
      if (!hasMoved) throw error;
      this.#known.forget(ws);
      await ahead.landed;
      return null;
    }
  }

  async #with<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#parts.sessions.unit();
    try {
      const result = await use(client);
      client.release();
      return result;
    } catch (error) {
      await rollBack(client, error);
      throw error;
    }
  }

  async #carryOut<T>(begun: Begun<T>): Promise<T> {
    const { client, target, ground, work, handedOver, isSound } = begun;
    const unit = new PostgresUnit(target, ground);
    const result = await workIn(unit, work);
    // What this process could not send has failed by then: COMMIT never follows half of a unit.
    await othersTurn();
    await isSound();
    if (unit.hasFailed) await unit.answered();
    const landed = Promise.allSettled([unit.answered(), control(client, "COMMIT")]);
    const committed = () => target.rows.committed((run) => target.places.monthOf(run));
    const { ownWrites } = unit;
    const mayHandOver = handedOver !== undefined && ownWrites !== null;
    const isFollowed = mayHandOver && addsStepsAlone(ownWrites);
    if (isFollowed) {
      // If it fails, the commit that the next lock finds is another one, and all is forgotten.
      committed();
      const reads = this.#parts.sessions.lookUps(target.ws);
      this.#goAhead(target.ws, new UnitAhead(ground, ownWrites, { landed, reads }));
      handedOver();
    }
    requireCommit(await landed);
    if (!isFollowed) committed();
    return result;
  }

  #goAhead(ws: number, unit: UnitAhead): void {
    this.#ahead.set(ws, unit);
    void unit.landed.then(() => {
      if (this.#ahead.get(ws) === unit) this.#ahead.delete(ws);
    });
  }
}

/** Of what fails behind rows that the server did not take, their failure says why. */
async function workIn<T>(unit: PostgresUnit, work: UnitWork<T>): Promise<T> {
  try {
    return await work(unit);
  } catch (error) {
    await unit.answered();
    throw error;
  }
}

/** Of a transaction that had failed, COMMIT makes a ROLLBACK. */
function requireCommit([answered, ended]: [
  PromiseSettledResult<void>,
  PromiseSettledResult<Answered>,
]): void {
  if (answered.status === "rejected") throw answered.reason;
  if (ended.status === "rejected") throw ended.reason;
  const { command } = ended.value;
  if (command !== "COMMIT") throw unknownOutcome(`the server answered COMMIT with ${command}`);
}
