/**
 * A folder of this machine, asked as a bucket is: PUT writes a file once, GET reads one, or lists a
 * folder. A file is written beside its place, brought to the disk and then linked to its name, so a
 * name never stands for a part. Nothing outside the folder is reached, whatever a target says.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import type { OutgoingHttp, OutgoingRequest, Sent } from "../../engine/export/connector-port.ts";

/** What limits name to let `file:` pass. */
const SCHEME = "file:";

/** A way out that also knows files below a root; null: there is none, and they are not sent. */
export function withDisk(http: OutgoingHttp, root: string | null): OutgoingHttp {
  return {
    send: async (request, limits) => {
      const isAllowed = Array.isArray(limits.hosts) && limits.hosts.includes(SCHEME);
      if (!isAllowed || !request.url.startsWith(SCHEME)) return http.send(request, limits);
      if (root === null) return { kind: "not_sent", reason: "there is no folder for exports" };
      const path = resolve(root, `.${decodeURIComponent(request.url.slice("file://".length))}`);
      if (!path.startsWith(resolve(root) + sep)) {
        return { kind: "not_sent", reason: "that is outside the folder for exports" };
      }
      return request.method === "PUT" ? put(request, path) : get(request.url, path);
    },
  };
}

function answered(status: number, body = "", headers: Record<string, string> = {}): Sent {
  return { kind: "answered", answer: { status, headers, body } };
}

/** Header of a folder's list: when each was last written, in milliseconds, in the same order. */
export const WRITTEN_HEADER = "x-written-ms";

async function get(url: string, path: string): Promise<Sent> {
  try {
    if (!url.endsWith("/")) return answered(200, await readFile(path, "utf8"));
    const names = (await readdir(path)).filter((name) => !name.endsWith(TEMPORARY)).sort();
    const times = await Promise.all(names.map((name) => writtenMs(join(path, name))));
    return answered(200, names.join("\n"), { [WRITTEN_HEADER]: times.join(" ") });
  } catch (error) {
    const isNotThere = ["ENOENT", "ENOTDIR"].includes(codeOf(error));
    return isNotThere ? answered(404) : answered(503, String(error));
  }
}

/** One that is taken away just now counts as new: the list is whole without it or with it. */
async function writtenMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
}

const TEMPORARY = ".part";

async function put({ body }: OutgoingRequest, path: string): Promise<Sent> {
  const beside = `${path}.${randomUUID()}${TEMPORARY}`;
  try {
    await madeFolder(dirname(path));
    await written(beside, body ?? "");
  } catch (error) {
    return { kind: "not_sent", reason: String(error) };
  }
  try {
    await link(beside, path);
    await unlink(beside);
    await synced(dirname(path));
    return answered(201);
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    if (codeOf(error) === "EEXIST") return answered(412);
    return { kind: "unclear", reason: String(error) };
  }
}

/** Each new folder's name is brought to the disk too. */
async function madeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; ; folder = dirname(folder)) {
    await synced(dirname(folder));
    if (folder === first) return;
  }
}

async function written(path: string, body: string | Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Brings a folder's names to the disk. Some systems cannot, and need not. */
async function synced(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
