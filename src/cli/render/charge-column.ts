/** Charges of several customers, who may pay in different currencies. */
import { formatMoney } from "./money.ts";
import type { Cell, Column } from "./table.ts";

/** A charge with its currency; null: none is known, or it is a sum over several. */
interface Charged {
  readonly charge: string;
  readonly chargeCurrency: string | null;
}

interface ChargeColumn {
  readonly columns: readonly Column[];
  readonly cellsOf: (row: Charged) => readonly Cell[];
}

/**
 * The column of what rows are charged. Its title tells the currency where all have the same one;
 * else a second column does, and calls a sum over several what it is.
 */
export function chargeColumn(rows: readonly Charged[]): ChargeColumn {
  const currencies = new Set(rows.map(currencyText));
  const [only = ""] = currencies;
  if (currencies.size < 2 && only !== MIXED) {
    return {
      columns: [{ title: `charge ${only}`.trim(), align: "point" }],
      cellsOf: (row) => [formatMoney(row.charge, row.chargeCurrency)],
    };
  }
  return {
    columns: [
      { title: "charge", align: "point" },
      { title: "", align: "left" },
    ],
    cellsOf: (row) => [formatMoney(row.charge, row.chargeCurrency), currencyText(row)],
  };
}

const MIXED = "mixed";

function currencyText({ charge, chargeCurrency }: Charged): string {
  return chargeCurrency ?? (charge === "0" ? "" : MIXED);
}
