import { TollgateError } from "../../domain/errors.ts";
import { type Command, print, SERVER_OPTIONS, type Surroundings, textOption } from "../command.ts";
import { renderTable } from "../render/table.ts";
import { type Session, withSession } from "../session.ts";

interface KeyView {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly label: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

/** API keys of the workspace. */
export const keys: Command = {
  name: "keys",
  summary: "Create, list and revoke API keys",
  positionals: "create | list | revoke ID",
  options: {
    scopes: { type: "string", value: "LIST", meaning: "ingest, read, admin (default: ingest)" },
    label: { type: "string", value: "TEXT", meaning: "what the key is for" },
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "list", id] = args.positionals;
    if (verb === "list") return withSession(args, here, (session) => list(session, here));
    if (verb === "revoke" && id !== undefined) {
      return withSession(args, here, async (session) => {
        await session.delete(`/v1/keys/${encodeURIComponent(id)}`);
        print(here.out, `Key ${id} opens nothing from now on.`);
        return 0;
      });
    }
    if (verb !== "create") {
      throw new TollgateError("cli.usage", "tollgate keys create, list, or revoke ID.");
    }
    return withSession(args, here, async (session) => {
      const scopes = (textOption(args, "scopes") ?? "ingest").split(",").map((s) => s.trim());
      const label = textOption(args, "label") ?? "";
      const { key, secret } = await session.post<{
        readonly key: KeyView;
        readonly secret: string;
      }>("/v1/keys", { scopes, label });
      print(here.out, `Key ${key.id} (${key.scopes.join(", ")}), shown this once:`, `  ${secret}`);
      return 0;
    });
  },
};

async function list(session: Session, { out, styles }: Surroundings): Promise<number> {
  const page = await session.get<{ readonly keys: readonly KeyView[] }>("/v1/keys");
  const rows = page.keys.map((key) => [
    key.id,
    key.scopes.join(", "),
    key.label,
    key.createdAt.slice(0, 19).replace("T", " "),
    key.revokedAt === null ? "" : { text: "revoked", style: styles.red },
  ]);
  const columns = ["key", "scopes", "label", "created (UTC)", ""].map((title) => ({
    title,
    align: "left" as const,
  }));
  print(out, ...renderTable({ columns, rows }, styles));
  return 0;
}
