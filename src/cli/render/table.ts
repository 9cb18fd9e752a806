/** Tables of aligned columns for the terminal. */
import { alignAtPoint } from "./money.ts";
import { PLAIN_STYLES, printable, type Style, type Styles } from "./styles.ts";
import { columnsOf } from "./text-columns.ts";

/** `point`: numbers stand with their decimal points below one another. */
export type Alignment = "left" | "right" | "point";

/** A column; one without a title has "". */
export interface Column {
  readonly title: string;
  readonly align: Alignment;
}

export type Cell = string | { readonly text: string; readonly style: Style };

/** Columns and what stands in them. */
export interface Table {
  readonly columns: readonly Column[];
  /** Each row has a cell for every column; `rule` draws a line across. */
  readonly rows: readonly (readonly Cell[] | "rule")[];
}

const GAP = "  ";

/**
 * Lines of a table: a header where a column has a title, then the rows. Columns in which no row
 * has anything are left out. Styles colour after alignment, so colours never move a column.
 */
export function renderTable(table: Table, styles: Styles = PLAIN_STYLES): string[] {
  const rows = table.rows.filter((row) => row !== "rule");
  const shown = table.columns
    .map((column, index) =>
      renderColumn(
        column,
        rows.map((row) => row[index] ?? ""),
      ),
    )
    .filter((column) => !column.isEmpty);
  const width = shown.reduce((sum, column) => sum + column.width, GAP.length * (shown.length - 1));
  const rule = styles.dim("─".repeat(Math.max(0, width)));
  const hasHeader = shown.some(({ title }) => title.trim() !== "");
  const lines = hasHeader ? [styles.dim(join(shown.map(({ title }) => title)))] : [];
  let at = 0;
  for (const row of table.rows) {
    if (row === "rule") lines.push(rule);
    else lines.push(join(shown.map(({ cells }) => cells[at] ?? "")));
    if (row !== "rule") at += 1;
  }
  return lines;
}

interface RenderedColumn {
  readonly title: string;
  readonly cells: readonly string[];
  readonly width: number;
  readonly isEmpty: boolean;
}

function renderColumn(column: Column, cells: readonly Cell[]): RenderedColumn {
  const texts = cells.map((cell) => printable(typeof cell === "string" ? cell : cell.text));
  const aligned = column.align === "point" ? alignAtPoint(texts) : texts;
  const width = Math.max(columnsOf(column.title), ...aligned.map(columnsOf));
  const pad = column.align === "left" ? padEnd : padStart;
  const title = pad(column.title, width);
  const painted = aligned.map((text, index) => {
    const cell = cells[index];
    const style = typeof cell === "object" ? cell.style : unstyled;
    return paint(pad(text, width), texts[index] ?? "", style);
  });
  return { title, cells: painted, width, isEmpty: texts.every((text) => text === "") };
}

const unstyled: Style = (text) => text;

/** Colours the text inside its padding, which stays as it is. */
function paint(padded: string, text: string, style: Style): string {
  const at = padded.indexOf(text);
  return padded.slice(0, at) + style(text) + padded.slice(at + text.length);
}

function join(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - columnsOf(text)));
}

function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - columnsOf(text))) + text;
}
