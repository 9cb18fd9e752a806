import { TollgateError } from "../../domain/errors.ts";
import { GRACE_MAX_HOURS } from "../../domain/limits.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { wholeOption } from "../number-option.ts";
import { type Session, withSession } from "../session.ts";

interface WorkspaceView {
  readonly workspace: string;
  readonly kind: string;
  readonly graceHours: number;
  readonly now: string;
}

/** Shows and changes the workspace's settings and makes sandboxes. */
export const workspace: Command = {
  name: "workspace",
  summary: "Show and change the workspace's settings; make a sandbox with a clock of its own",
  positionals: "show | set | create NAME",
  options: {
    start: {
      type: "string",
      value: "TIME",
      meaning: "where a sandbox's clock begins (default: now)",
    },
    grace: { type: "string", value: "HOURS", meaning: "wait so long before closing a period" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "show", subject] = args.positionals;
    if (verb === "show") return withSession(args, here, (session) => show(session, args, here));
    if (verb === "set") return withSession(args, here, (session) => set(session, args, here));
    if (verb === "create" && subject !== undefined) {
      return withSession(args, here, (session) => create(session, args, here));
    }
    throw new TollgateError("cli.usage", "tollgate workspace show, set, or create NAME.");
  },
};

async function show(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const answer = await session.get<WorkspaceView>("/v1/workspace");
  print(here.out, ...(args.options.json === true ? [JSON.stringify(answer)] : lines(answer)));
  return 0;
}

async function set(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const graceHours = wholeOption(textOption(args, "grace"), "--grace", GRACE_MAX_HOURS);
  const change = graceHours === undefined ? {} : { graceHours };
  const answer = await session.put<WorkspaceView>("/v1/workspace", change);
  print(here.out, ...(args.options.json === true ? [JSON.stringify(answer)] : lines(answer)));
  return 0;
}

function lines({ workspace: id, kind, graceHours, now }: WorkspaceView): string[] {
  return [`Workspace ${id} (${kind})`, `  time   ${now}`, `  grace  ${graceHours} hours`];
}

async function create(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const startAt = textOption(args, "start") ?? null;
  const answer = await session.post<{
    readonly workspace: WorkspaceView;
    readonly secret: string;
  }>("/v1/workspaces", { name: args.positionals[1], startAt });
  if (args.options.json === true) print(here.out, JSON.stringify(answer));
  else
    print(
      here.out,
      ...lines(answer.workspace),
      "Its admin key, shown this once:",
      `  ${answer.secret}`,
    );
  return 0;
}
