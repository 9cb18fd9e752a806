import { loadBatch } from "./batch.ts";

loadBatch("faults");
