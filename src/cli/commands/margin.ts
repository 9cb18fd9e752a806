import { writeFile } from "node:fs/promises";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { wholeOption } from "../number-option.ts";
import { type MarginView, renderMargin } from "../render/margin.ts";
import { withSession } from "../session.ts";

const TOP_DEFAULT = 20;

/** Who and what earns us money, and who and what loses us some. */
export const margin: Command = {
  name: "margin",
  summary: "Show revenue, cost and margin by customer, run, model, …; losses first",
  positionals: "",
  options: {
    by: {
      type: "string",
      value: "WHAT",
      meaning: "customer, period, agent, model, tool, card, run, tree, outcome (default: customer)",
    },
    customer: { type: "string", value: "ID", meaning: "only this customer's" },
    currency: { type: "string", value: "CODE", meaning: "only what is charged in this one" },
    period: {
      type: "string",
      value: "DATE",
      meaning: "periods that start on this date or in this month (default: those under way)",
    },
    from: { type: "string", value: "DATE", meaning: "periods that start then or later" },
    to: { type: "string", value: "DATE", meaning: "the last date or month (default: now)" },
    order: {
      type: "string",
      value: "ORDER",
      meaning: "margin, -margin, -revenue, -cost, name; - is the greatest first (default: margin)",
    },
    steps: { type: "boolean", meaning: "read steps, to tell what customers paid themselves" },
    top: { type: "string", value: "N", meaning: `how many rows (default: ${TOP_DEFAULT})` },
    csv: { type: "string", value: "FILE", meaning: "write every row, exact, to this file" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) =>
    withSession(args, here, async (session) => {
      const query = new URLSearchParams();
      for (const name of ["by", "customer", "currency", "period", "from", "to", "order"]) {
        const value = textOption(args, name);
        if (value !== undefined) query.set(name, value);
      }
      if (args.options.steps === true) query.set("steps", "true");
      const top = wholeOption(textOption(args, "top"), "--top", PAGE_MAX_ROWS);
      const path = textOption(args, "csv");
      if (path !== undefined) {
        if (top !== undefined) query.set("limit", String(top));
        query.set("format", "csv");
        await writeFile(path, await session.text(`/v1/margin?${query}`));
        print(here.out, `Written to ${path}.`);
        return 0;
      }
      query.set("limit", String(top ?? TOP_DEFAULT));
      const answer = await session.get<MarginView>(`/v1/margin?${query}`);
      if (args.options.json === true) print(here.out, JSON.stringify(answer, null, 2));
      else print(here.out, ...renderMargin(answer, here.styles));
      return 0;
    }),
};
