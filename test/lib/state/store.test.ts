import { storeContract } from "../../contract/store.ts";
import { testFolder, testStore } from "./fixture.ts";
import { memoryState, memoryStore } from "./memory-store.ts";

storeContract("SQLite store", () => {
  const dataDir = testFolder();
  return (bootId = "boot-1", now = Date.now) => testStore({ dataDir, bootId, now });
});

storeContract("twin in memory", () => {
  const state = memoryState();
  return (bootId = "boot-1", now = Date.now) => memoryStore(state, bootId, now);
});
