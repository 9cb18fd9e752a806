import { textOption } from "../command.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told } from "../verbs.ts";

interface KeyView {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly label: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

/** API keys of the workspace. */
export const keys = commandOfVerbs({
  name: "keys",
  summary: "Create, list and revoke API keys",
  options: {
    scopes: { type: "string", value: "LIST", meaning: "ingest, read, admin (default: ingest)" },
    label: { type: "string", value: "TEXT", meaning: "what the key is for" },
  },
  verbs: [
    { form: "list", run: list },
    { form: "create", run: create },
    { form: "revoke ID", run: (scene, [id = ""]) => revoke(scene, id) },
  ],
});

async function create(scene: Scene): Promise<number> {
  const scopes = (textOption(scene.args, "scopes") ?? "ingest").split(",").map((s) => s.trim());
  const label = textOption(scene.args, "label") ?? "";
  const made = await scene.session.post<{ readonly key: KeyView; readonly secret: string }>(
    "/v1/keys",
    { scopes, label },
  );
  const { key, secret } = made;
  return told(scene, made, () => [
    `Key ${key.id} (${key.scopes.join(", ")}), shown this once:`,
    `  ${secret}`,
  ]);
}

async function revoke(scene: Scene, id: string): Promise<number> {
  await scene.session.delete(`/v1/keys/${encodeURIComponent(id)}`);
  return told(scene, { id, revoked: true }, () => [`Key ${id} opens nothing from now on.`]);
}

async function list(scene: Scene): Promise<number> {
  const { styles } = scene.here;
  const page = await scene.session.get<{ readonly keys: readonly KeyView[] }>("/v1/keys");
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
  return told(scene, page.keys, () =>
    rows.length === 0
      ? ["There are no keys. Make one: tollgate keys create --scopes admin"]
      : renderTable({ columns, rows }, styles),
  );
}
