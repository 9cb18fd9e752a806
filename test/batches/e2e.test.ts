import { loadBatch } from "./batch.ts";

loadBatch("e2e");
