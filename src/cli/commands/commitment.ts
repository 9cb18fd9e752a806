import { readFile } from "node:fs/promises";
import { TollgateError } from "../../domain/errors.ts";
import { requiredOptions } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { type CommitmentView, renderCommitments } from "../render/commitments.ts";
import { type Session, withSession } from "../session.ts";

interface CommitmentsView {
  readonly customer: string;
  readonly commitments: readonly CommitmentView[];
}

/** Sets, lists and ends what a customer has agreed to use up. */
export const commitment: Command = {
  name: "commitment",
  summary: "Set what a customer has agreed to use up, and show how much of it is drawn",
  positionals: "list CUSTOMER | set CUSTOMER FILE | end CUSTOMER KEY",
  options: {
    until: { type: "string", value: "DATE", meaning: "end: periods from this date on are free" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb, customer, subject] = args.positionals;
    if (customer === undefined) throw usageError();
    const path = `/v1/customers/${encodeURIComponent(customer)}/commitments`;
    if (verb === "list" && subject === undefined) {
      return withSession(args, here, async (session) => show(await session.get(path), args, here));
    }
    if (verb === "set" && subject !== undefined) return set(args, here, { path, file: subject });
    if (verb === "end" && subject !== undefined) {
      const { until } = requiredOptions(args, ["until"]);
      const wanted = { path, key: subject, until };
      return withSession(args, here, async (session) => {
        return show(await end(session, wanted), args, here);
      });
    }
    throw usageError();
  },
};

function usageError(): TollgateError {
  return new TollgateError("cli.usage", `tollgate commitment ${commitment.positionals}.`);
}

/** A file holds a list of commitments, or an object with one; JSON or YAML, as cards are. */
async function set(
  args: Arguments,
  here: Surroundings,
  { path, file }: { readonly path: string; readonly file: string },
): Promise<number> {
  const document = await here.product.readCardFile(await readFile(file, "utf8"));
  const body = Array.isArray(document) ? { commitments: document } : document;
  return withSession(args, here, async (session) => {
    return show(await session.put(path, body), args, here);
  });
}

/** Sends all of them again, one with another end. */
async function end(
  session: Session,
  { path, key, until }: { readonly path: string; readonly key: string; readonly until: string },
): Promise<CommitmentsView> {
  const { commitments } = await session.get<CommitmentsView>(path);
  if (!commitments.some((one) => one.key === key)) {
    throw new TollgateError("cli.usage", `The customer has no commitment "${key}".`, "KEY");
  }
  const changed = commitments.map((one) => {
    const {
      soFar: _,
      lastPeriod: _last,
      ...terms
    } = one as CommitmentView & { lastPeriod: unknown };
    return one.key === key ? { ...terms, until } : terms;
  });
  return session.put(path, { commitments: changed });
}

function show(answer: CommitmentsView, args: Arguments, { out }: Surroundings): number {
  if (args.options.json === true) print(out, JSON.stringify(answer, null, 2));
  else print(out, ...renderCommitments(answer.commitments));
  return 0;
}
