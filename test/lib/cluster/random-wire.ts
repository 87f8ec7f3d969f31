/** Clients of a fake etcd whose calls wait for the test to say how each of them ends. */

import { EtcdError } from "../../../lib/etcd/error.ts";
import type { Etcd } from "../../../lib/etcd/etcd.ts";
import type { FakeEtcd } from "../../fake/etcd.ts";
import type { Random } from "./random.ts";

export interface RandomWire {
  /** @param isAlive whether who calls is still there to hear */
  client(isAlive: () => boolean): Etcd;
  /** How many calls wait. */
  readonly waiting: () => number;
  /**
   * One of the waiting calls goes on: it is done, its answer comes, it is lost, or it is done later.
   *
   * @param faults how many of them fail, from 0 to 1
   */
  step(random: Random, faults: number): void;
}

export function randomWire(store: FakeEtcd): RandomWire {
  /** Each is one thing that may happen next. */
  const pending: ((random: Random, faults: number) => void)[] = [];
  const failure = (doing: string, outcome: "none" | "unknown"): EtcdError =>
    new EtcdError({ kind: "timeout", endpoint: "http://fake:2379", doing, why: "no answer", outcome });
  return {
    client: (isAlive) =>
      store.client(
        ({ doing, writes, apply }) =>
          new Promise((resolve, reject) => {
            const answer = (fn: () => void) => pending.push(() => isAlive() && fn());
            pending.push((random, faults) => {
              if (!random.chance(faults)) {
                const result = apply();
                answer(() => resolve(result));
              } else if (!writes) answer(() => reject(failure(doing, "none")));
              else if (random.chance(0.25)) answer(() => reject(failure(doing, "none")));
              else if (random.chance(0.5)) {
                apply();
                answer(() => reject(failure(doing, "unknown")));
              } else {
                // On its way still, while its sender has given up.
                answer(() => reject(failure(doing, "unknown")));
                pending.push(() => void apply());
              }
            });
          }),
      ),
    waiting: () => pending.length,
    step(random, faults) {
      const [next] = pending.splice(random.below(pending.length), 1);
      next?.(random, faults);
    },
  };
}
