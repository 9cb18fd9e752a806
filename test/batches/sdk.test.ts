import { loadBatch } from "./batch.ts";

loadBatch("sdk");
