import { expect, test } from "vitest";
import { stopping } from "../../../plugins/vswitch/stopping.ts";

test.each(["SIGINT", "SIGTERM"] as const)("%s asks a command to stop, until it has", (signal) => {
  const before = process.listenerCount(signal);
  let woken = 0;
  const stop = stopping(() => woken++);
  expect(stop.asked()).toBe(false);
  process.emit(signal);
  process.emit(signal);
  expect({ asked: stop.asked(), woken }).toEqual({ asked: true, woken: 2 });
  stop.end();
  expect(process.listenerCount(signal)).toBe(before);
});
