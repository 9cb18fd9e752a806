import { loadBatch } from "./batch.ts";

loadBatch("nodes");
