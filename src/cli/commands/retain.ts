import { TollgateError } from "../../domain/errors.ts";
import { RETAINED_MONTHS_MAX } from "../../domain/limits.ts";
import { type Command, JSON_OPTION, placeOf, print, textOption } from "../command.ts";
import { wholeOption } from "../number-option.ts";
import { ProgressBar } from "../render/progress-bar.ts";

/** Removes steps of runs that ended long ago and whose periods are closed. */
export const retain: Command = {
  name: "retain",
  summary: "Remove old steps of closed periods; retries of them stay duplicates, totals stay",
  positionals: "",
  options: {
    "keep-months": {
      type: "string",
      value: "N",
      meaning: "whole months before the present one whose steps stay",
    },
    data: { type: "string", value: "DIR", meaning: "data folder (default: tollgate-data)" },
    ...JSON_OPTION,
  },
  run: async (args, here) => {
    const { out, err, product } = here;
    const text = textOption(args, "keep-months");
    const months = wholeOption(text, "--keep-months", RETAINED_MONTHS_MAX);
    if (months === undefined) {
      throw new TollgateError("cli.usage", "--keep-months says how many months stay.");
    }
    const bar = new ProgressBar(err);
    const retained = await product.retain(placeOf(args, here), months, (done, total) => {
      bar.show({ label: "retain", done, total, note: "" });
    });
    bar.clear();
    if (args.options.json === true) print(out, JSON.stringify(retained, null, 2));
    else {
      const { runs, steps } = retained;
      print(out, `${runs} runs were condensed, and ${steps} steps removed. Check: tollgate verify`);
    }
    return 0;
  },
};
