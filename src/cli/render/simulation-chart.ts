/**
 * A simulation as a picture (SVG): what each customer would pay more or less. Only where a bar ends
 * is a matter of pixels; the amounts beside the bars are exact.
 */
import { present } from "../../domain/assert.ts";
import { parseAmount } from "../../domain/money/decimal.ts";
import type { CustomerView, SimulationView } from "../simulation-view.ts";
import { cardTitles } from "../simulation-view.ts";
import { formatMoney } from "./money.ts";
import { percentText } from "./simulation.ts";

/** Customers that one card's part of the picture shows. */
const CHART_ROWS_MAX_COUNT = 40;

const WIDTH = 960;
const MARGIN = 24;
const NAMES_WIDTH = 200;
/** Room for the amounts at both ends of the bars. */
const AMOUNT_WIDTH = 170;
const ROW_HEIGHT = 24;
const BAR_HEIGHT = 14;
const HEAD_HEIGHT = 84;
const GAP_HEIGHT = 28;
const NAME_MAX_CHARS = 28;

/** Blue and orange are told apart by nearly everyone, and in grey by their lightness. */
const MORE = "#1f6fb2";
const LESS = "#e08214";
const INK = "#1d2430";
const FAINT = "#5d6878";
const LINE = "#c9d0d9";

const STYLE = `text{font-family:system-ui,"Segoe UI",sans-serif;fill:${INK};font-size:13px}
.title{font-size:18px;font-weight:600}.note{fill:${FAINT};font-size:12px}
.amount{font-variant-numeric:tabular-nums}`;

interface Bar {
  readonly customer: string;
  /** In units of 10^-33. */
  readonly change: bigint;
  readonly label: string;
}

interface Part {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** Customers that change less than those that are shown, and those that do not change. */
  readonly hidden: number;
  readonly same: number;
}

/** The picture's text: one part a card, below one another. */
export function simulationChart({ total, customers }: SimulationView): string {
  const parts = cardTitles(total).map((title, at) => partOf(title, customers, at));
  let top = MARGIN;
  const drawn = parts.map((part) => {
    const lines = partLines(part, { top, currency: total.currency });
    top += heightOf(part);
    return lines.join("\n");
  });
  const size = `width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`,
    `<title>Change of each customer's bill by card</title>`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function partOf(title: string, customers: readonly CustomerView[], at: number): Part {
  const bars = customers.flatMap(({ customer, charged, cards }): Bar[] => {
    const card = present(cards[at], "the bill of a card");
    const change = present(parseAmount(card.change), `the amount ${card.change}`);
    const sign = change > 0n ? "+" : "";
    const percent = percentText(charged.revenue, card.revenue);
    const label = `${sign}${formatMoney(card.change)} (${percent})`;
    return change === 0n ? [] : [{ customer, change, label }];
  });
  const shown = bars
    .toSorted((a, b) => (sizeOf(a) < sizeOf(b) ? 1 : sizeOf(a) > sizeOf(b) ? -1 : 0))
    .slice(0, CHART_ROWS_MAX_COUNT)
    .toSorted((a, b) => (a.change < b.change ? 1 : a.change > b.change ? -1 : 0));
  const same = customers.length - bars.length;
  return { title, bars: shown, hidden: bars.length - shown.length, same };
}

function sizeOf({ change }: Bar): bigint {
  return change < 0n ? -change : change;
}

function heightOf({ bars }: Part): number {
  return HEAD_HEIGHT + bars.length * ROW_HEIGHT + GAP_HEIGHT;
}

/** Where the bars of a part begin, and how long the longest may be to either side. */
interface Axis {
  readonly zero: number;
  readonly left: number;
  readonly right: number;
  readonly most: bigint;
}

/** Only sides that have bars get room; bars of both sides are to one scale. */
function axisOf(bars: readonly Bar[]): Axis {
  const longest = (one: readonly Bar[]) => one.reduce((most, bar) => maxOf(most, sizeOf(bar)), 0n);
  const more = longest(bars.filter(({ change }) => change > 0n));
  const less = longest(bars.filter(({ change }) => change < 0n));
  const sides = (more > 0n ? 1 : 0) + (less > 0n ? 1 : 0);
  const room = WIDTH - 2 * MARGIN - NAMES_WIDTH - sides * AMOUNT_WIDTH;
  const left = more + less === 0n ? 0 : share(less, more + less) * room;
  const zero = MARGIN + NAMES_WIDTH + (less > 0n ? AMOUNT_WIDTH : 0) + left;
  return { zero, left, right: room - left, most: maxOf(more, less) };
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

const SHARE_PARTS = 100_000n;

function share(part: bigint, whole: bigint): number {
  return Number((part * SHARE_PARTS) / whole) / Number(SHARE_PARTS);
}

function partLines(
  part: Part,
  { top, currency }: { readonly top: number; readonly currency: string },
): string[] {
  const { title, bars, hidden, same } = part;
  const axis = axisOf(bars);
  const notes = [
    bars.length === 0 ? "no customer's bill changes" : "those that pay more first",
    ...(hidden === 0 ? [] : [`${hidden} smaller changes are not shown`]),
    ...(same === 0 || bars.length === 0 ? [] : [`${same} customers pay the same`]),
  ];
  const from = top + HEAD_HEIGHT;
  const to = from + bars.length * ROW_HEIGHT;
  const end = to + 10;
  const zero = axis.zero.toFixed(1);
  const note = `${currency} for each customer, against what was charged; ${notes.join("; ")}`;
  return [
    `<text class="title" x="${MARGIN}" y="${top + 20}">${escaped(`Change under ${title}`)}</text>`,
    `<text class="note" x="${MARGIN}" y="${top + 40}">` + `${escaped(note)}</text>`,
    ...(bars.length === 0 ? [] : legend(top + 60)),
    ...bars.flatMap((bar, at) => barLines(bar, axis, from + at * ROW_HEIGHT)),
    ...(bars.length === 0
      ? []
      : [`<line x1="${zero}" x2="${zero}" y1="${from - 4}" y2="${to}" stroke="${INK}"/>`]),
    `<line x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="${end}" y2="${end}" stroke="${LINE}"/>`,
  ];
}

function legend(top: number): string[] {
  return [
    `<rect x="${MARGIN}" y="${top - 10}" width="12" height="12" fill="${MORE}"/>`,
    `<text class="note" x="${MARGIN + 18}" y="${top}">pays more</text>`,
    `<rect x="${MARGIN + 100}" y="${top - 10}" width="12" height="12" fill="${LESS}"/>`,
    `<text class="note" x="${MARGIN + 118}" y="${top}">pays less</text>`,
  ];
}

function barLines({ customer, change, label }: Bar, axis: Axis, top: number): string[] {
  const { zero, left, right, most } = axis;
  const isMore = change > 0n;
  const scale = Math.max(left, right);
  const size = isMore ? change : -change;
  const width = Math.max(1, share(size, most) * scale);
  const x = isMore ? zero : zero - width;
  const baseline = top + BAR_HEIGHT - 2;
  const end = isMore ? zero + width + 8 : zero - width - 8;
  const bar = `x="${x.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}"`;
  const anchor = isMore ? "start" : "end";
  const name = [...customer];
  const short =
    name.length > NAME_MAX_CHARS ? `${name.slice(0, NAME_MAX_CHARS - 1).join("")}…` : customer;
  return [
    `<text x="${MARGIN}" y="${baseline}">${escaped(short)}<title>${escaped(customer)}</title>` +
      "</text>",
    `<rect ${bar} fill="${isMore ? MORE : LESS}" rx="2"/>`,
    `<text class="amount" x="${end.toFixed(1)}" y="${baseline}" text-anchor="${anchor}">` +
      `${escaped(label)}</text>`,
  ];
}

/** Text from outside as it may stand in XML. */
function escaped(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "�")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
