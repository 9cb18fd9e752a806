/**
 * A shell that runs the examples of one document in order, as its reader would: variables and
 * functions of one block are there in the next. `tollgate` is this checkout's command line.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./doc-blocks.ts";

/** Stands between the outputs of two blocks; no example prints it. */
const END = "\u001e end of block";

/** True where the programs that examples use are installed. */
export function hasShell(): boolean {
  return ["bash", "curl"].every((name) => spawnSync(name, ["--version"]).status === 0);
}

export class DocShell {
  readonly #bash: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), "tollgate-docs-"));
  #out = "";
  #err = "";
  #told: () => void = () => {};

  constructor(environment: Readonly<Record<string, string>>) {
    for (const name of ["bin", "examples"]) symlinkSync(join(ROOT, name), join(this.#folder, name));
    const env = { ...process.env, ...environment, NO_COLOR: "1" };
    this.#bash = spawn("bash", ["-eu", "-o", "pipefail"], { cwd: this.#folder, env });
    this.#bash.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#out += text;
      this.#told();
    });
    this.#bash.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#err += text;
    });
    this.#bash.on("close", () => this.#told());
    const main = join(ROOT, "src/cli/main.ts");
    this.#bash.stdin?.write(`tollgate() { "${process.execPath}" "${main}" "$@"; }\n`);
  }

  /** Runs a block; resolves to what it printed. Throws where a command of it fails. */
  async run(script: string): Promise<string> {
    this.#out = "";
    this.#err = "";
    // A shell with closed input reads nothing of the script by mistake.
    this.#bash.stdin?.write(`{\n${script}\n} < /dev/null\nprintf '%s' '${END}'\n`);
    while (!this.#out.endsWith(END)) {
      if (this.#bash.exitCode !== null) {
        throw new Error(`The shell ended: ${this.#err}${this.#out}`);
      }
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
    return this.#out.slice(0, -END.length);
  }

  stop(): void {
    this.#bash.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
