import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import type { Command } from "../command.ts";
import { type PolicyFile, readPolicyFile } from "../policy-file.ts";
import {
  type PolicyView,
  type ReachedView,
  renderPolicies,
  renderPolicy,
  renderReached,
} from "../render/policies.ts";
import type { Session } from "../session.ts";
import { commandOfVerbs, type Scene, told, type Verb } from "../verbs.ts";

const list: Verb = {
  form: "list",
  run: async (scene) => {
    const path = "/v1/policies";
    const { policies } = await scene.session.get<{ policies: readonly PolicyView[] }>(path);
    return show(scene, policies);
  },
};

const apply: Verb = {
  form: "apply FILE|default",
  run: async (scene, [file = ""]) => {
    const { args, here, session } = scene;
    const all = await readPolicyFile(file, here);
    const mode = args.options.observe === true ? { mode: "observe" } : {};
    const saved: PolicyView[] = [];
    for (const one of all) saved.push(await save(session, { ...one, ...mode }, decidedBy(args)));
    return show(scene, saved);
  },
};

const showOne: Verb = {
  form: "show KEY",
  run: async (scene, [key = ""]) => {
    const found = await scene.session.get<PolicyView>(pathOf(key));
    return told(scene, found, () => renderPolicy(found, scene.here.styles));
  },
};

const retire: Verb = {
  form: "retire KEY",
  run: async (scene, [key = ""]) => {
    const { session, args } = scene;
    const retired = await session.post<PolicyView>(`${pathOf(key)}/retire`, decidedBy(args));
    return told(scene, retired, () => [`${retired.key} is in force no more.`]);
  },
};

const of: Verb = {
  form: "of RUN",
  run: async (scene, [run = ""]) => {
    const path = `/v1/runs/${encodeURIComponent(run)}/policies`;
    const { reached } = await scene.session.get<{ reached: readonly ReachedView[] }>(path);
    return told(scene, reached, () =>
      reached.length === 0
        ? [`${run} was beyond no rule.`]
        : renderReached(reached, scene.here.styles),
    );
  },
};

/** Sets, lists and retires policies, and shows which rules a run was beyond. */
export const policy: Command = commandOfVerbs({
  name: "policy",
  summary: "Set rules against runs that run away; show which a run was beyond",
  options: {
    ...DECIDED_OPTIONS,
    observe: { type: "boolean", meaning: "apply: put on record what they would do, do nothing" },
  },
  verbs: [list, apply, showOne, retire, of],
});

function pathOf(key: string): string {
  return `/v1/policies/${encodeURIComponent(key)}`;
}

function save(session: Session, document: PolicyFile, decided: object): Promise<PolicyView> {
  if (typeof document.key !== "string" || document.key === "") {
    throw new TollgateError("cli.usage", 'A policy in the file has no "key".', "FILE");
  }
  return session.put<PolicyView>(pathOf(document.key), { policy: document, ...decided });
}

function show(scene: Scene, policies: readonly PolicyView[]): number {
  return told(scene, policies, () =>
    policies.length === 0
      ? ["There are no policies."]
      : renderPolicies(policies, scene.here.styles),
  );
}
