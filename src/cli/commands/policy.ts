import { TollgateError } from "../../domain/errors.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { type PolicyFile, readPolicyFile } from "../policy-file.ts";
import {
  type PolicyView,
  type ReachedView,
  renderPolicies,
  renderPolicy,
  renderReached,
} from "../render/policies.ts";
import { type Session, withSession } from "../session.ts";
import { DECIDED_OPTIONS, decidedBy } from "../what-is-stopped.ts";

/** Sets, lists and retires policies, and shows which rules a run was beyond. */
export const policy: Command = {
  name: "policy",
  summary: "Set rules against runs that run away; show which a run was beyond",
  positionals: "list | apply FILE|default | show KEY | retire KEY | of RUN",
  options: {
    ...DECIDED_OPTIONS,
    observe: { type: "boolean", meaning: "apply: put on record what they would do, do nothing" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "list", ...rest] = args.positionals;
    const act = VERBS[verb];
    if (act === undefined) throw usageError();
    return act(args, here, rest);
  },
};

type Verb = (args: Arguments, here: Surroundings, rest: readonly string[]) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  list: (args, here) =>
    withSession(args, here, async (session) => {
      const { policies } = await session.get<{ policies: readonly PolicyView[] }>("/v1/policies");
      return show(policies, args, here);
    }),
  apply: async (args, here, [file]) => {
    if (file === undefined) throw usageError();
    const all = await readPolicyFile(file, here);
    const mode = args.options.observe === true ? { mode: "observe" } : {};
    return withSession(args, here, async (session) => {
      const saved: PolicyView[] = [];
      for (const one of all) saved.push(await save(session, { ...one, ...mode }, decidedBy(args)));
      return show(saved, args, here);
    });
  },
  show: (args, here, [key]) => {
    if (key === undefined) throw usageError();
    return withSession(args, here, async (session) => {
      const found = await session.get<PolicyView>(pathOf(key));
      if (args.options.json === true) print(here.out, JSON.stringify(found, null, 2));
      else print(here.out, ...renderPolicy(found, here.styles));
      return 0;
    });
  },
  retire: (args, here, [key]) => {
    if (key === undefined) throw usageError();
    return withSession(args, here, async (session) => {
      const retired = await session.post<PolicyView>(`${pathOf(key)}/retire`, decidedBy(args));
      if (args.options.json === true) print(here.out, JSON.stringify(retired, null, 2));
      else print(here.out, `${retired.key} is in force no more.`);
      return 0;
    });
  },
  of: (args, here, [run]) => {
    if (run === undefined) throw usageError();
    const path = `/v1/runs/${encodeURIComponent(run)}/policies`;
    return withSession(args, here, async (session) => {
      const { reached } = await session.get<{ reached: readonly ReachedView[] }>(path);
      if (args.options.json === true) print(here.out, JSON.stringify(reached, null, 2));
      else if (reached.length === 0) print(here.out, `${run} was beyond no rule.`);
      else print(here.out, ...renderReached(reached, here.styles));
      return 0;
    });
  },
};

function usageError(): TollgateError {
  return new TollgateError("cli.usage", `tollgate policy ${policy.positionals}.`);
}

function pathOf(key: string): string {
  return `/v1/policies/${encodeURIComponent(key)}`;
}

function save(session: Session, document: PolicyFile, decided: object): Promise<PolicyView> {
  if (typeof document.key !== "string" || document.key === "") {
    throw new TollgateError("cli.usage", 'A policy in the file has no "key".', "FILE");
  }
  return session.put<PolicyView>(pathOf(document.key), { policy: document, ...decided });
}

function show(policies: readonly PolicyView[], args: Arguments, here: Surroundings): number {
  if (args.options.json === true) print(here.out, JSON.stringify(policies, null, 2));
  else if (policies.length === 0) print(here.out, "There are no policies.");
  else print(here.out, ...renderPolicies(policies, here.styles));
  return 0;
}
