import { loadBatch } from "./batch.ts";

loadBatch("domain");
