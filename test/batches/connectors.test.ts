import { loadBatch } from "./batch.ts";

loadBatch("connectors");
