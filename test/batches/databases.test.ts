import { loadBatch } from "./batch.ts";

loadBatch("databases");
