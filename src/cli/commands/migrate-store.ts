import { TollgateError } from "../../domain/errors.ts";
import { type Command, dataDirOf, JSON_OPTION, print } from "../command.ts";
import { ProgressBar } from "../render/progress-bar.ts";

/** Moves a data folder into an empty PostgreSQL database. */
export const migrateStore: Command = {
  name: "migrate-store",
  summary: "Move a data folder into the empty database of DATABASE_URL; run again, it goes on",
  positionals: "",
  options: {
    data: { type: "string", value: "DIR", meaning: "data folder (default: tollgate-data)" },
    ...JSON_OPTION,
  },
  run: async (args, here) => {
    const { out, err, product, environment } = here;
    const { DATABASE_URL: databaseUrl = "" } = environment;
    if (databaseUrl === "") {
      throw new TollgateError("cli.usage", "DATABASE_URL does not say where to move to.");
    }
    const dataDir = dataDirOf(args, here);
    const bar = new ProgressBar(err);
    const move = { dataDir, databaseUrl };
    const moved = await product.migrateStore(move, (done, total) => {
      bar.show({ label: "move", done, total, note: "" });
    });
    bar.clear();
    const rows = Object.values(moved).reduce((sum, count) => sum + count, 0);
    if (args.options.json === true) print(out, JSON.stringify({ moved, rows }, null, 2));
    else {
      print(
        out,
        `${rows} rows moved from ${dataDir}. Check both: tollgate verify --data ${dataDir}`,
        "and tollgate verify with DATABASE_URL. From now on serve the database alone.",
      );
    }
    return 0;
  },
};
