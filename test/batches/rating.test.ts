import { loadBatch } from "./batch.ts";

loadBatch("rating");
