/** Names, words and numbers of the repository as a whole. */
import { errorsPage } from "./errors-page.ts";
import { type Finding, findText, type Rule, type Tree, type TreeFile } from "./tree.ts";

/** Two packages ship from here: the server and, in sdk, its client. */
const ROOT_MAX_ENTRIES = 17;
const RUNTIME_DEPENDENCIES_MAX_COUNT = 6;

const snippet = (path: string, text: string) => ({ [path]: text });

function textAt(tree: Tree, path: string): string | undefined {
  return tree.find((file) => file.path === path)?.text;
}

const CATCH_ALL = /(^|[-._/])(utils?|helpers?|common|misc)(?=[-._/])/i;

const names: Rule = {
  name: "no file or folder has a name that fits anything",
  find: (tree) =>
    tree.flatMap(({ path }) => {
      const name = CATCH_ALL.exec(path)?.[2];
      const message = `"${name}" fits anything; name what it is about`;
      return name === undefined ? [] : [{ path, line: 1, message }];
    }),
  refuses: [
    snippet("src/utils/money.ts", ""),
    snippet("src/http/helpers.ts", ""),
    snippet("test/test-helper.ts", ""),
    snippet("docs/misc.md", ""),
    snippet("src/common/a.ts", ""),
  ],
  accepts: [snippet("src/domain/commonwealth.ts", ""), snippet("docs/utilities-tariff.md", "")],
};

/** Put together, so that this file keeps the rule. */
const marker = (word: string) => word.split("_").join("");
const MARKERS = ["TO_DO", "FIX_ME", "XX_X", "HA_CK"].map(marker);

const markers: Rule = {
  name: "work left for later names its issue",
  find: (tree) => {
    const pattern = new RegExp(`\\b(${MARKERS.join("|")})\\b(?!\\(#\\d+\\))`, "g");
    const written = tree.filter(({ path }) => /\.(ts|js|mjs|sql|sh|md)$/.test(path));
    return findText(written, pattern, "no issue number, as in (#12)");
  },
  refuses: MARKERS.map((word) => snippet("src/x.ts", `// ${word}: later`)),
  accepts: [snippet("src/x.ts", `// ${MARKERS[0]}(#12): when Node 28 is out.`)],
};

const machine = (...parts: string[]) => `/${parts.join("/")}`;
const MACHINE_PATH = /(?<![\w.~-])\/(?:work|root|home|Users|tmp|var\/folders)\/\w[\w.-]*/g;
const WINDOWS_PATH = /\b[A-Z]:\\{1,2}(?:Users|Temp)\b/g;

const machinePaths: Rule = {
  name: "no committed file knows the machine that it was written on",
  find: (tree) => [
    ...findText(tree, MACHINE_PATH, "a path of one machine"),
    ...findText(tree, WINDOWS_PATH, "a path of one machine"),
  ],
  refuses: [
    snippet("src/x.ts", `open("${machine("home", "ann", "x.db")}");`),
    snippet("docs/x.md", `Look at ${machine("work", "main")}.`),
    snippet("test/x.ts", `mkdir("${machine("tmp", "data")}")`),
    snippet("x.json", `{"path":"${["C:", "Users", "ann"].join("\\")}"}`),
  ],
  accepts: [snippet("src/x.ts", 'get("/v1/home/x"); join(tmpdir(), "a"); "./tmp/x"; "/var/lib/x"')],
};

const host = (...parts: string[]) => parts.join(".");
const REGISTRY = /\b(?:registry\.[a-z0-9-]+|npm\.pkg\.github)\.(?:org|com|dev|io|net)\b/g;

const registryHosts: Rule = {
  name: "no committed file names a package registry",
  find: (tree) => findText(tree, REGISTRY, "a registry host"),
  refuses: [
    snippet(".npmrc", `registry=https://${host("registry", "npmjs", "org")}/`),
    snippet("docs/x.md", `Pull it from ${host("registry", "example", "com")}.`),
  ],
  accepts: [snippet("docs/x.md", "The registry. It is npm's; see https://nodejs.org/.")],
};

const lockfile: Rule = {
  name: "the lockfile installs from whichever registry the user has",
  find: (tree) =>
    findText(
      tree.filter(({ path }) => path.endsWith("package-lock.json")),
      /"resolved":.*/g,
      "a fixed address (npm config: omit-lockfile-registry-resolved)",
    ),
  refuses: [snippet("package-lock.json", '{\n"resolved": "https://a.b/c.tgz"\n}')],
  accepts: [snippet("package-lock.json", '{\n"integrity": "sha512-x"\n}')],
};

const rootEntries: Rule = {
  name: `the root shows at most ${ROOT_MAX_ENTRIES} entries`,
  find: (tree) => {
    const entries = new Set(tree.map(({ path }) => path.split("/")[0] ?? path));
    const shown = [...entries].filter((entry) => !entry.startsWith("."));
    const message = `${shown.length} entries: ${shown.join(" ")}`;
    return shown.length > ROOT_MAX_ENTRIES ? [{ path: ".", line: 1, message }] : [];
  },
  refuses: [Object.fromEntries(Array.from({ length: 18 }, (_, i) => [`file-${i}.md`, ""]))],
  accepts: [
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`src/${i}.ts`, ""])),
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`.hidden-${i}`, ""])),
  ],
};

const manifest = (dependencies: number) => {
  const entries = Array.from({ length: dependencies }, (_, index) => [`package-${index}`, "1.0.0"]);
  return snippet("package.json", JSON.stringify({ dependencies: Object.fromEntries(entries) }));
};

const runtimeDependencies: Rule = {
  name: `the product has at most ${RUNTIME_DEPENDENCIES_MAX_COUNT} runtime dependencies`,
  find: (tree) => {
    const { dependencies = {} } = JSON.parse(textAt(tree, "package.json") ?? "{}");
    const listed = Object.keys(dependencies);
    const message = `${listed.length} dependencies: ${listed.join(" ")}`;
    const isTooMany = listed.length > RUNTIME_DEPENDENCIES_MAX_COUNT;
    return isTooMany ? [{ path: "package.json", line: 1, message }] : [];
  },
  refuses: [manifest(7)],
  accepts: [manifest(6)],
};

const errorsDocument: Rule = {
  name: "docs/errors.md is the error catalogue",
  find: (tree) => {
    const written = textAt(tree, "docs/errors.md")?.split("\n") ?? [];
    const wanted = errorsPage().split("\n");
    const length = Math.max(written.length, wanted.length);
    const differing = Array.from({ length }, (_, line) => line).find(
      (line) => written[line] !== wanted[line],
    );
    const message = "differs from src/domain/errors.ts; run: node test/tidy/errors-page.ts";
    return differing === undefined
      ? []
      : [{ path: "docs/errors.md", line: differing + 1, message }];
  },
  refuses: [{}, snippet("docs/errors.md", `${errorsPage()}| \`x\` | 1 | a | b |\n`)],
  accepts: [snippet("docs/errors.md", errorsPage())],
};

/** Commands of the CLI that are not files of their own. */
const BUILT_IN_COMMANDS = ["help", "version"];

function commandFinder(tree: Tree): (line: string) => string[] {
  const paths = new Set(tree.map(({ path }) => path));
  const { scripts = {} } = JSON.parse(textAt(tree, "package.json") ?? "{}");
  const isCommand = (name: string) =>
    BUILT_IN_COMMANDS.includes(name) ||
    ["src/cli", "src/cli/commands"].some((folder) => paths.has(`${folder}/${name}.ts`));
  const unknown = (line: string, pattern: RegExp, isKnown: (name: string) => boolean) =>
    [...line.matchAll(pattern)].filter(([, name = ""]) => !isKnown(name)).map(([match]) => match);
  return (line) => [
    ...unknown(line, /\bnpm run (?:--?\S+ )*([a-z][\w:-]*)/g, (name) => name in scripts),
    ...unknown(line, /\bnpm (test|start)\b/g, (name) => name in scripts),
    ...unknown(line, /(?:^|[`'"]|npx |\$ )tollgate ([a-z][a-z-]*)/g, isCommand),
    ...unknown(line, /\bnode ((?:[\w-]+\/)*[\w-]+\.ts)\b/g, (path) => paths.has(path)),
  ];
}

const isDocument = ({ path }: TreeFile) => /^((docs|sdk)\/.*|[^/]*)\.md$/.test(path);

const cli = { "package.json": '{"scripts":{"test":"x","bench":"y"}}', "src/cli/serve.ts": "" };

const commands: Rule = {
  name: "every command that the documents name exists",
  find: (tree) => {
    const findUnknown = commandFinder(tree);
    return tree.filter(isDocument).flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index): Finding[] =>
        findUnknown(line).map((command) => {
          return { path, line: index + 1, message: `no such command: ${command}` };
        }),
      ),
    );
  },
  refuses: [
    { ...cli, "README.md": "Run `npm run benchmark`." },
    { ...cli, "README.md": "npm start" },
    { ...cli, "README.md": "```\nnpx tollgate server --port 1\n```" },
    { ...cli, "docs/guides/x.md": "```\ntollgate verify\n```" },
    { ...cli, "README.md": "Run `node bench/gone.ts`." },
  ],
  accepts: [
    { ...cli, "README.md": "`npm test`, `npm run --silent bench`, `node src/cli/serve.ts`" },
    { ...cli, "README.md": "```\nnpm install tollgate\ntollgate serve\ntollgate help\n```" },
    { ...cli, "README.md": "The tollgate stands open; Tollgate does not." },
  ],
};

export const PROJECT_RULES: readonly Rule[] = [
  names,
  markers,
  machinePaths,
  registryHosts,
  lockfile,
  rootEntries,
  runtimeDependencies,
  errorsDocument,
  commands,
];
