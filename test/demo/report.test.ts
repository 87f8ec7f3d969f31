import { expect, it } from "vitest";
import { createReport } from "./report.ts";

function written(isTTY: boolean) {
  const lines: string[] = [];
  return { isTTY, lines, write: (text: string) => lines.push(text) };
}

it("counts a claim that does not hold, and shows what was expected and seen", () => {
  const output = written(false);
  const report = createReport(output);
  expect(report.claim({ subject: "a -> b", expected: "b sees a", seen: "b sees a" })).toBe(true);
  expect(report.claim({ subject: "b -> a", ms: 1.25, expected: "one\ntwo", seen: "refused" })).toBe(false);
  report.end(1500);
  expect(report.failures).toBe(1);
  expect(output.lines.join("")).toMatchInlineSnapshot(`
    "  ok  a -> b                                                      b sees a
    FAIL  b -> a                      1.3 ms
          expected  one
                    two
          seen      refused

    1 of 2 checks failed in 1.5 s.
    "
  `);
});

it("counts what ends the demo before its time", () => {
  const output = written(false);
  const report = createReport(output);
  report.broken(new Error("no world"));
  expect(report.failures).toBe(1);
  expect(output.lines.join("")).toContain("The demo cannot go on: no world");
});

it("paints on a terminal only", () => {
  const [terminal, file] = [written(true), written(false)];
  for (const output of [terminal, file]) createReport(output).title("title");
  expect(file.lines).toEqual(["title\n"]);
  expect(terminal.lines).toEqual(process.env.NO_COLOR ? ["title\n"] : ["\x1b[1mtitle\x1b[0m\n"]);
});
