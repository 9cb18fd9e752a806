/**
 * A shell that runs the examples of one document in order, as its reader would: variables and
 * functions of one block are there in the next. `tollgate` is this checkout's command line, which
 * the process of the test carries out, with the caller's words, folder and variables: to load the
 * command line anew took most of the time of the examples. `npm pack`'s test starts it as it is.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { dispatch } from "../../src/cli/dispatch.ts";
import { stylesFor } from "../../src/cli/render/styles.ts";
import { openProduct } from "../../src/product.ts";
import { ROOT } from "./doc-blocks.ts";

/** Stands between the outputs of two blocks; no example prints it. */
const END = "\u001e end of block";

/** True where the programs that examples use are installed. */
export function hasShell(): boolean {
  return ["bash", "curl"].every((name) => spawnSync(name, ["--version"]).status === 0);
}

/**
 * The shell's `tollgate`: what it is called with goes to this process, which writes what the
 * command printed to two files and answers with its exit code.
 */
const COMMAND = `tollgate() {
  local said="$SAID/$BASHPID" code
  code=$({ printf '%s\\0' "$said" "$#" "$@"; env -0; } |
    curl -sS --data-binary @- "$COMMANDS_URL")
  cat "$said.out"
  cat "$said.err" >&2
  return "$code"
}
`;

/** Carries out a command of the shell; gives its exit code. */
async function carryOut(request: string): Promise<number> {
  const [said = "", count = "", ...rest] = request.split("\0");
  const words = rest.slice(0, Number(count));
  const variables = rest.slice(Number(count)).filter((one) => one !== "");
  const environment = Object.fromEntries(
    variables.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]),
  );
  let [out, err] = ["", ""];
  const outWriter = { isTTY: false, write: (more: string) => (out += more) };
  const styles = stylesFor(outWriter, environment);
  const errWriter = { write: (more: string) => (err += more) };
  const here = { product: openProduct(), out: outWriter, err: errWriter, styles, environment };
  const code = await dispatch(words, here).catch((error: unknown) => {
    err += error instanceof Error ? error.stack : String(error);
    return 1;
  });
  writeFileSync(`${said}.out`, out);
  writeFileSync(`${said}.err`, err);
  return code;
}

export class DocShell {
  readonly #bash: ChildProcess;
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), "tollgate-docs-")));
  readonly #commands: Server;
  #out = "";
  #err = "";
  #told: () => void = () => {};

  private constructor(environment: Readonly<Record<string, string>>, commands: Server) {
    this.#commands = commands;
    // Threads that the server starts load `./test/preload.ts` as this process did.
    for (const name of ["bin", "examples", "test"])
      symlinkSync(join(ROOT, name), join(this.#folder, name));
    const { port } = commands.address() as AddressInfo;
    const here = { COMMANDS_URL: `http://127.0.0.1:${port}/`, SAID: join(this.#folder, ".said") };
    const env = { ...process.env, ...environment, ...here, NO_COLOR: "1" };
    this.#bash = spawn("bash", ["-eu", "-o", "pipefail"], { cwd: this.#folder, env });
    this.#bash.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#out += text;
      this.#told();
    });
    this.#bash.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#err += text;
    });
    this.#bash.on("close", () => this.#told());
    mkdirSync(here.SAID);
    process.chdir(this.#folder);
    this.#bash.stdin?.write(COMMAND);
  }

  /** Starts it. One at a time: while it runs, its folder is the process's. */
  static async start(environment: Readonly<Record<string, string>>): Promise<DocShell> {
    const commands = createServer(async (request, response) => {
      response.end(String(await carryOut(await text(request))));
    });
    await new Promise<void>((resolve) => commands.listen(0, "127.0.0.1", resolve));
    return new DocShell(environment, commands);
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
    this.#commands.close();
    this.#commands.closeAllConnections();
    process.chdir(ROOT);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
