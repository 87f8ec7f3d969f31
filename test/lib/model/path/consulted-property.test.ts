import fc from "fast-check";
import { expect, test } from "vitest";
import type { Trace } from "../../../../lib/model/path/trace.ts";
import { tracePacket } from "../../../../lib/model/path/trace-packet.ts";
import { seed } from "../../seed.ts";
import { type RandomCase, randomCase } from "./random.ts";
import { fate, vary } from "./vary.ts";

/** RUNS=N for a longer search. */
const runs = Number(process.env.RUNS ?? 400);

const trace = ({ scene, start, probe, state }: RandomCase): Trace =>
  tracePacket(scene, start, probe, { state });

test("tracing never throws, and says the same of the same packet each time", () => {
  fc.assert(
    fc.property(randomCase, (one) => {
      expect(trace(one)).toEqual(trace(structuredClone(one)));
    }),
    { seed, numRuns: runs },
  );
}, 120_000);

test("a packet that differs only in fields that were not consulted, or within what was, fares the same", () => {
  fc.assert(
    fc.property(randomCase, fc.infiniteStream(fc.nat()), (one, numbers) => {
      const first = trace(one);
      for (let i = 0; i < 4; i++) {
        const other = vary(one, first, () => numbers.next().value ?? 0);
        expect({ other: other.probe, state: other.state, fate: fate(trace(other)) }).toEqual({
          other: other.probe,
          state: other.state,
          fate: fate(first),
        });
      }
    }),
    { seed, numRuns: runs },
  );
}, 120_000);
