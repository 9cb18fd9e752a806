import { loadBatch } from "./batch.ts";

loadBatch("stores");
