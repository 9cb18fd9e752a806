import { loadBatch } from "./batch.ts";

loadBatch("edges");
