import { loadBatch } from "./batch.ts";

await loadBatch("sdk");
