import { describe, expect, test } from "vitest";
import { writeStdout } from "../../../plugins/vswitch/write-stdout.ts";

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** Takes three bytes at a time; a failure stands for a call that takes none. */
function reader(...failures: (string | undefined)[]) {
  const taken: number[] = [];
  const write = (bytes: Uint8Array): number => {
    const code = failures.shift();
    if (code !== undefined) throw failure(code);
    taken.push(...bytes.subarray(0, 3));
    return Math.min(3, bytes.length);
  };
  return { write, text: () => new TextDecoder().decode(Uint8Array.from(taken)) };
}

describe("standard output", () => {
  test("gets all of it in order, from a pipe that is full now and then", () => {
    const { write, text } = reader("EAGAIN", undefined, "EAGAIN", "EAGAIN");
    expect(writeStdout("grüße, ganz", write)).toBe(true);
    expect(text()).toBe("grüße, ganz");
  });

  test("whose reader has enough ends it", () => {
    const { write, text } = reader(undefined, "EPIPE");
    expect(writeStdout("abcdef", write)).toBe(false);
    expect(text()).toBe("abc");
  });

  test("that fails otherwise is a failure", () => {
    expect(() => writeStdout("abc", reader("ENOSPC").write)).toThrow("ENOSPC");
  });
});
