import { loadBatch } from "./batch.ts";

await loadBatch("engine");
