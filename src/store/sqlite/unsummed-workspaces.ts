/**
 * Which workspaces of a file that is being opened have steps that their totals lack. It is found by
 * one pass over the steps for all of them: asked one by one, each goes through the steps that its
 * neighbours added since its own last ones (a workspace at rest beside 10 million steps: 0.65 s).
 */
import type { DatabaseSync } from "node:sqlite";

/**
 * From the steps to the runs, as ever: the planner would take the other way round for shorter. A
 * workspace without steps behind the earliest bound is not in it.
 */
const UNSUMMED = `SELECT DISTINCT r.ws AS ws FROM steps s
  CROSS JOIN runs r ON r.run_no = s.run_no
  CROSS JOIN workspaces w ON w.ws = r.ws
  WHERE s.step_no > (SELECT min(summed_step_no) FROM workspaces)
    AND s.step_no > w.summed_step_no`;
const LAST_STEP = "SELECT coalesce(max(step_no), 0) AS no FROM steps";
const RAISE = "UPDATE workspaces SET summed_step_no = ?1 WHERE summed_step_no < ?1 - ?2";
/** A pass over so many steps takes a few milliseconds: the next opening may make it again. */
const PASSED_AGAIN_MAX_STEPS = 100_000;

/**
 * Finds them, and notes of all others that they lack nothing so far, so that the next opening
 * begins there. Nobody else has the file. Null: it cannot be read, or written; each is asked then.
 */
export function unsummedWorkspaces(db: DatabaseSync): ReadonlySet<number> | null {
  try {
    const unsummed = new Set(
      db
        .prepare(UNSUMMED)
        .all()
        .map(({ ws }) => ws as number),
    );
    const [last] = db.prepare(LAST_STEP).all();
    const others = [...unsummed].map((ws) => ` AND ws <> ${ws}`).join("");
    db.prepare(RAISE + others).run(last?.no as number, PASSED_AGAIN_MAX_STEPS);
    return unsummed;
  } catch {
    return null;
  }
}
