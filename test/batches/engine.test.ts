import { loadBatch } from "./batch.ts";

loadBatch("engine");
