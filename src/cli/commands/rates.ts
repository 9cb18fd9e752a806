import { DOCUMENT_MAX_BYTES } from "../../domain/limits.ts";
import { jsonTextUpTo } from "../file-text.ts";
import { renderTable } from "../render/table.ts";
import { commandOfVerbs, type Scene, told } from "../verbs.ts";

interface RateView {
  readonly from: string;
  readonly to: string;
  readonly rate: string;
  readonly effectiveFrom: string;
}

interface RatesView {
  readonly rates: readonly RateView[];
}

/** Dated rates between currencies. */
export const rates = commandOfVerbs({
  name: "rates",
  summary: "Import dated rates between currencies from a JSON file, list them",
  options: {},
  verbs: [
    { form: "list", run: async (scene) => show(scene, await scene.session.get("/v1/rates")) },
    {
      form: "import FILE",
      run: async (scene, [path = ""]) => {
        return show(
          scene,
          await scene.session.post("/v1/rates", await jsonTextUpTo(path, DOCUMENT_MAX_BYTES)),
        );
      },
    },
  ],
});

function show(scene: Scene, { rates: all }: RatesView): number {
  const rows = all.map((one) => [one.from, one.to, one.rate, one.effectiveFrom]);
  const titles = ["from", "to", "rate", "in force from"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  if (rows.length === 0) return told(scene, all, () => ["There are no rates."]);
  return told(scene, all, () => renderTable({ columns, rows }, scene.here.styles));
}
