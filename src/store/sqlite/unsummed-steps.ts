/**
 * Steps that the totals in the file do not include. From the steps to the runs: the other way
 * round, which the planner takes for shorter, goes through every step that there is.
 */
export const UNSUMMED_STEPS = `SELECT s.*, r.id AS run, r.customer AS customer FROM steps s
  CROSS JOIN runs r ON r.run_no = s.run_no
  WHERE s.step_no > (SELECT summed_step_no FROM workspaces WHERE ws = ?1) AND r.ws = ?1`;
