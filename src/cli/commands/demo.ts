import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TollgateError } from "../../domain/errors.ts";
import { isBlockedPort } from "../blocked-port.ts";
import { type Command, print, textOption } from "../command.ts";
import { portOf } from "../number-option.ts";
import { untilStopped } from "../until-stopped.ts";

const KEY_BYTES = 32;

/** The main job on a fresh data folder: real agents, live trees, a changed card, a bill. */
export const demo: Command = {
  name: "demo",
  summary: "Watch real agents being metered, priced and billed, on a fresh data folder",
  positionals: "",
  options: {
    data: { type: "string", value: "DIR", meaning: "a folder that does not exist yet" },
    port: { type: "string", value: "PORT", meaning: "port (default: any free one)" },
    once: { type: "boolean", meaning: "stop when the demo has ended" },
  },
  run: async (args, here) => {
    const { out, err, environment, product } = here;
    const asked = textOption(args, "data");
    if (asked !== undefined && existsSync(asked)) {
      print(err, `The folder "${asked}" exists; the demo needs a fresh one.`);
      return 2;
    }
    const port = portOf(textOption(args, "port")) ?? 0;
    if (port !== 0 && (await isBlockedPort(port))) {
      const detail = `fetch, which the demo's agents work with, refuses port ${port}.`;
      throw new TollgateError("cli.usage", detail, "--port");
    }
    // The agents, their provider and the billing system: no other command needs to read them.
    // What they lack is told before there is a folder: it would be in the way of the next try.
    const { loadVendorSdks } = await import("../demo/vendor-sdks.ts");
    await loadVendorSdks();
    const { DEMO_CUSTOMERS } = await import("../demo/export-act.ts");
    const { runDemo } = await import("../demo/run-demo.ts");
    const { DemoInternet } = await import("../fake-stripe/demo-internet.ts");
    const dataDir = asked ?? (await mkdtemp(join(tmpdir(), "tollgate-demo-")));
    const internet = new DemoInternet(DEMO_CUSTOMERS);
    const secret = randomBytes(KEY_BYTES).toString("base64");
    const starting = product.start({
      ...{ dataDir, port, exporting: { http: internet } },
      environment: { ...environment, TOLLGATE_SECRET_KEY: secret },
    });
    const server = await starting.catch(async (error: unknown) => {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    });
    const adminKey = server.adminKey ?? server.passingKey(["admin"]);
    try {
      const where = { baseUrl: server.url, adminKey, dataDir, internet };
      const staysUp = args.options.once !== true;
      await runDemo({ ...where, out, progress: err, environment, staysUp });
      if (staysUp) await untilStopped();
    } finally {
      await server.stop();
    }
    return 0;
  },
};
