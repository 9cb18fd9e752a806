import { storeContract } from "../store-contract.ts";
import { MemoryStore } from "./memory-store.ts";

// A restart hands out the same store: memory has nothing else that could survive.
const store = new MemoryStore();

storeContract({
  name: "the store in memory",
  open: async () => store,
  skip: { "a restart loses nothing": "memory ends with its process" },
});
