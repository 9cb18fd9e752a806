/** The rate cards that the demo applies: files that anyone can edit and apply again. */
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { CardView } from "../render/rate-card.ts";

const FOLDER = fileURLToPath(new URL("../../../examples/cards/", import.meta.url));

/** A card with the path of its file, as one would type it from the current folder. */
export interface CardFile {
  readonly card: CardView;
  readonly path: string;
}

/** The card in force first. */
export const FIRST_CARD = "support-2026.json";
/** What replaces it, under the same key. */
export const SECOND_CARD = "support-2026-v2.json";

/** The path of a card, from the current folder where the file is below it. */
export function cardPath(name: string): string {
  const path = join(FOLDER, name);
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}

/** Reads a card of examples/cards by its file name. */
export async function readCard(name: string): Promise<CardFile> {
  const card = JSON.parse(await readFile(join(FOLDER, name), "utf8")) as CardView;
  return { card, path: cardPath(name) };
}
