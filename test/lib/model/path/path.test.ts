import { describe, expect, test } from "vitest";
import { dropReasons } from "../../../../lib/model/path/drop-reason.ts";
import { stageIds, type Trace } from "../../../../lib/model/path/trace.ts";
import { overlayModes } from "../../../../lib/model/switch.ts";
import { minimal } from "../../../../plugins/vswitch/trace/format-minimal.ts";
import { consultedWords, verdictWords } from "../../../../plugins/vswitch/trace/words.ts";
import { expectApproved } from "../../../approved.ts";
import { overlayStories, tellOverlay } from "./overlay-stories.ts";
import { stories } from "./stories.ts";
import { tell } from "./story.ts";

const all = Object.values(stories).flatMap((group) => Object.values(group));
const journeys = overlayModes.flatMap((mode) =>
  Object.values(overlayStories[mode]).map((story) => tellOverlay(mode, story)),
);
const traces = [
  ...all.map((story) => tell(story).trace),
  ...journeys.flatMap(({ trace, far }) => [trace, ...far.map((leg) => leg.trace)]),
];

describe("the path of a packet", () => {
  test.each(Object.keys(stories))("has these stages in stories of %s", (group) => {
    const told = Object.entries(stories[group] ?? {}).map(
      ([title, story]) => `# ${title}\n${tellAll(tell(story).trace)}`,
    );
    expectApproved(`traces/${group.replaceAll(" ", "-")}.txt`, told.join("\n\n"));
  });

  test.each(overlayModes)("goes from host to host in stories of overlay networks in the mode %s", (mode) => {
    const told = Object.entries(overlayStories[mode]).map(([title, story]) => {
      const { trace, far } = tellOverlay(mode, story);
      const legs = far.map((leg) => `on ${leg.host}\n${tellAll(leg.trace)}`);
      return [`# ${title}`, tellAll(trace), ...legs].join("\n");
    });
    expectApproved(`traces/overlay-${mode}.txt`, told.join("\n\n"));
  });

  test("is told in full: each stage, each reason of a drop and each verdict has a story", () => {
    const stages = new Set(traces.flatMap((trace) => trace.stages.map(({ id }) => id)));
    const verdicts = traces.map(({ verdict }) => verdict);
    const reasons = new Set(verdicts.flatMap((one) => (one.kind === "dropped" ? [one.reason] : [])));
    expect(stageIds.filter((id) => !stages.has(id))).toEqual([]);
    expect(Object.keys(dropReasons).filter((reason) => !reasons.has(reason as never))).toEqual([]);
    expect(new Set(verdicts.map(({ kind }) => kind)).size).toBe(5);
  });

  test("names its stages in the order in which a packet may meet them", () => {
    const order = new Map(stageIds.map((id, i) => [id, i]));
    for (const { stages } of traces) {
      const places = stages.map(({ id }) => order.get(id) ?? -1);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });

  test("ends each drop with a sentence that tells how to mend it", () => {
    for (const { verdict } of traces)
      if (verdict.kind === "dropped") expect(verdict.remedy).toMatch(/^[`A-Z"].*\.$/);
  });
});

/** The stages as they are approved, then what a person is told of the end. */
function tellAll(trace: Trace): string {
  const { headline, lines } = verdictWords(trace.verdict);
  const fields = trace.consulted.map(consultedWords).map(([name, value]) => `${name} ${value}`);
  return [
    ...minimal(trace),
    ...[headline, ...lines, ...trace.replies].map((line) => `  ${line}`),
    `  fields: ${fields.join(", ")}`,
  ].join("\n");
}
