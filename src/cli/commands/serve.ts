import { isBlockedPort } from "../blocked-port.ts";
import { type Command, placeOf, print, textOption } from "../command.ts";
import { portOf } from "../number-option.ts";
import { outgoingOptions } from "../outgoing-options.ts";
import { untilStopped } from "../until-stopped.ts";

/** Runs the server until it is told to stop. */
export const serve: Command = {
  name: "serve",
  summary: "Run the server on a data folder, or on the database of DATABASE_URL",
  positionals: "",
  options: {
    data: { type: "string", value: "DIR", meaning: "data folder (default: tollgate-data)" },
    host: { type: "string", value: "HOST", meaning: "address to bind (default: 127.0.0.1)" },
    port: { type: "string", value: "PORT", meaning: "port, 0 for any free one (default: 4100)" },
  },
  run: async (args, here) => {
    const { out, styles, product, environment } = here;
    const place = placeOf(args, here);
    const host = textOption(args, "host") ?? environment.TOLLGATE_HOST;
    const port = portOf(textOption(args, "port") ?? environment.TOLLGATE_PORT);
    const server = await product.start({
      ...place,
      isLogging: true,
      ...outgoingOptions(environment),
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
    });
    print(out, `Tollgate ${product.version} listens on ${styles.bold(server.url)}`);
    const { dataDir, databaseUrl } = place;
    print(out, databaseUrl === undefined ? `Data folder: ${dataDir}` : databaseLine(databaseUrl));
    if (port !== undefined && (await isBlockedPort(port))) {
      print(
        out,
        `Browsers and fetch refuse port ${port}: SDKs and 'tollgate --url' cannot call it.`,
      );
    }
    if (server.adminKey !== undefined) {
      print(
        out,
        "",
        "The first admin key, shown this once:",
        `  ${styles.bold(server.adminKey)}`,
        "",
      );
    }
    await untilStopped();
    print(out, "Stopping: what was accepted is being answered.");
    await server.stop();
    return 0;
  },
};

/** Where the database is, without who connects and by which password. */
function databaseLine(url: string): string {
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: "?", pathname: "" };
  return `Database: ${host}${pathname}`;
}
