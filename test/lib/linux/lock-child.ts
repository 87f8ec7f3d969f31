/** Counts up in a file under a lock: LOCK COUNTER ROUNDS, or holds the lock until it is killed: LOCK. */
import { readFileSync, writeFileSync } from "node:fs";
import { withFileLock } from "./file-lock.ts";

const [lock = "", counter, rounds = "0"] = process.argv.slice(2);
if (counter === undefined) {
  withFileLock(lock, 1000, () => {
    console.log("held");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
} else {
  for (let i = 0; i < Number(rounds); i++) {
    withFileLock(lock, 20_000, () =>
      writeFileSync(counter, String(Number(readFileSync(counter, "utf8")) + 1)),
    );
  }
}
