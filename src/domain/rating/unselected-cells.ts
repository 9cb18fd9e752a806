/**
 * Cells of a matrix that nothing is ever counted in, because the charge's own `where` leaves their
 * value out. Who gives `deploy` a price and selects `search` alone believes that deployments are
 * charged, and no bill ever says that they are not. Of what is sent; on record it stays as it is.
 */
import type { Problem } from "../errors.ts";
import type { ItemAt } from "./card-contradictions.ts";
import { joined } from "./document-place.ts";
import { labelOfDimension } from "./meter-fields.ts";
import { PAIR_SEPARATOR } from "./price-model.ts";
import type { Charge, MatrixDimension, RateCard, Where } from "./rate-card.ts";

const SHOWN_MAX_COUNT = 3;

/** Every such cell of a card's charges, with its path. */
export function unselectedCells({ charges }: Pick<RateCard, "charges">, itemAt: ItemAt): Problem[] {
  return charges.flatMap(({ key, meter, price }, at) => {
    if (price.model !== "matrix") return [];
    const cells = `${itemAt("charges", { key, at })}.price.cells`;
    const found = new Map(unselectedIn(price, meter.where).map((one) => [pathOf(cells, one), one]));
    return [...found].map(([field, { value, dimension, selected }]) => {
      const more = selected.length > SHOWN_MAX_COUNT ? ", …" : "";
      const names = selected.slice(0, SHOWN_MAX_COUNT).join(", ");
      const why = `the charge selects ${dimension} ${names}${more} alone`;
      const detail = `${JSON.stringify(value)} is never counted: ${why}; select it too`;
      return { code: "ratecard.invalid" as const, detail, field };
    });
  });
}

interface Unselected {
  /** The values of the cell, up to the one that is left out. */
  readonly values: readonly string[];
  readonly value: string;
  readonly dimension: MatrixDimension;
  readonly selected: readonly string[];
}

type Matrix = Charge["price"] & { readonly model: "matrix" };

function unselectedIn({ by, cells }: Matrix, where: Where): Unselected[] {
  const dimensions: readonly MatrixDimension[] = typeof by === "string" ? [by] : by;
  return Object.keys(cells).flatMap((cell) => {
    const values = typeof by === "string" ? [cell] : cell.split(PAIR_SEPARATOR);
    const at = values.findIndex((value, place) => {
      const dimension = dimensions[place];
      return dimension !== undefined && selectedBy(where, dimension)?.includes(value) === false;
    });
    const [value, dimension] = [values[at], dimensions[at]];
    if (value === undefined || dimension === undefined) return [];
    const selected = selectedBy(where, dimension) ?? [];
    return [{ values: values.slice(0, at + 1), value, dimension, selected }];
  });
}

/** The values of a dimension that a filter lets through; undefined: all. */
function selectedBy(where: Where, dimension: MatrixDimension): readonly string[] | undefined {
  const label = labelOfDimension(dimension);
  if (label === undefined) return where[dimension as keyof Omit<Where, "label" | "attempt">];
  const { label: labels = {} } = where;
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

function pathOf(cells: string, { values }: Unselected): string {
  return values.reduce(joined, cells);
}
