import assert from "node:assert/strict";
import { test } from "node:test";
import type { BillView, CustomerView, SimulationView } from "../simulation-view.ts";
import { renderSimulation } from "./simulation.ts";
import { simulationChart } from "./simulation-chart.ts";
import { simulationCsv } from "./simulation-csv.ts";

/** Customers that a chart shows. */
const CHART_ROWS = 40;

function bill(revenue: string, more: Partial<BillView> = {}): BillView {
  const runs = { cappedRuns: 0, cap: "0", raisedRuns: 0, minimum: "0" };
  return { revenue, margin: revenue, ...runs, credits: "0", paidByCredit: "0", ...more };
}

function customer(name: string, ...amounts: [string, string, string]): CustomerView {
  const [charged, after, change] = amounts;
  const cards = [{ ...bill(after), change }];
  const about = { steps: 1, unpriced: 0, cost: "0" };
  return { type: "customer", customer: name, ...about, charged: bill(charged), cards };
}

function simulation(customers: readonly CustomerView[], more = {}): SimulationView {
  const card = { card: "next", ...bill("15"), change: "-5", more: 1, less: 2, same: 3 };
  const counts = { customers: customers.length, passedOver: 0, steps: 1_234, unpriced: 0, runs: 9 };
  const money = { currency: "USD", costCurrency: "USD", cost: "0" };
  const total = { type: "total" as const, ...money, ...counts, charged: bill("20"), cards: [card] };
  return { total: { ...total, ...more }, customers };
}

const THREE = [
  customer("acme", "10", "12.5", "2.5"),
  customer("beta", "10", "2", "-8"),
  customer("new", "0", "0.5", "0.5"),
];

test("customers stand in the order of their change, with what is not shown", () => {
  const lines = renderSimulation(simulation(THREE), { top: 2 });
  assert.equal(lines[0], "1,234 steps and 9 runs of 3 customers, in USD");
  const names = lines.flatMap((line) => /^(acme|beta|new) /.exec(line)?.[1] ?? []);
  assert.deepEqual(names, ["beta", "acme"]);
  assert.ok(
    lines.some((line) => /^beta .* -8\.00 +-80\.00 %$/.test(line)),
    lines.join("\n"),
  );
  assert.match(lines.at(-1) ?? "", /^… and 1 customers that change less/);
  const all = renderSimulation(simulation(THREE), { top: 3 });
  assert.ok(
    all.some((line) => /^new .* \+0\.50 +new$/.test(line)),
    all.join("\n"),
  );
});

test("a cost that is not wholly known bounds the margin, and another currency has none", () => {
  const unpriced = renderSimulation(simulation(THREE, { unpriced: 1 }), { top: 1 }).join("\n");
  assert.match(unpriced, /our cost +≥0\.00/);
  assert.match(unpriced, /margin +≤20\.00/);
  const euro = { currency: "EUR", charged: bill("20", { margin: null }), passedOver: 2 };
  const other = renderSimulation(simulation(THREE, euro), { top: 1 }).join("\n");
  assert.match(other, /our cost USD/);
  assert.match(other, /2 more are billed in another currency/);
});

test("CSV has a row for each customer and card, and no formula", () => {
  const rows = simulationCsv(simulation([customer('=1+1,"x"', "1", "2", "1")])).split("\r\n");
  assert.equal(rows[1], `"'=1+1,""x""",charged,USD,1,0,1,0,USD,1,0,0,0,0`);
  assert.equal(rows[2], `"'=1+1,""x""",next,USD,2,1,2,0,USD,1,0,0,0,0`);
  assert.equal(rows.length, 4);
  const begun = simulationCsv(simulation([customer("-2+3", "5", "2", "-3")])).split("\r\n");
  assert.equal(begun[2], "'-2+3,next,USD,2,-3,2,0,USD,1,0,0,0,0");
});

test("the chart draws a bar for each change, to one scale and on its side of the line", () => {
  const picture = simulationChart(simulation([...THREE, customer("<same>", "1", "1", "0")]));
  const bars = [...picture.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)" height="14"/g)];
  const [acme, fresh, beta] = bars.map(([, x, width]) => ({ x: Number(x), width: Number(width) }));
  assert.ok(acme && fresh && beta && bars.length === 3, picture);
  assert.ok(Math.abs(beta.width / acme.width - 8 / 2.5) < 0.01);
  assert.ok(Math.abs(acme.width / fresh.width - 5) < 0.01);
  assert.equal((beta.x + beta.width).toFixed(0), acme.x.toFixed(0));
  assert.match(picture, /1 customers pay the same/);
  assert.match(picture, />-8\.00 \(-80\.00 %\)</);
});

test("names in the chart are text, however they are written", () => {
  const evil = '</text><script>alert("1")</script>&\u0000';
  const picture = simulationChart(simulation([customer(evil, "1", "2", "1")]));
  assert.ok(!picture.includes("<script>") && !picture.includes("\u0000"));
  assert.match(picture, /&lt;\/text&gt;&lt;script&gt;/);
});

test("a chart of very many customers shows the largest changes and says so", () => {
  const many = Array.from({ length: CHART_ROWS + 5 }, (_, at) =>
    customer(`c${at}`, "0", `${at + 1}`, `${at + 1}`),
  );
  const picture = simulationChart(simulation(many));
  assert.match(picture, /5 smaller changes are not shown/);
  assert.ok(picture.includes(`>c${CHART_ROWS + 4}<`) && !picture.includes(">c4<"));
  const none = simulationChart(simulation([]));
  assert.match(none, /no customer's bill changes/);
});
