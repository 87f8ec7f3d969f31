import { describe, expect, test } from "vitest";
import { formatDot } from "../../../../plugins/vswitch/graph/format-dot.ts";
import { formatMermaid } from "../../../../plugins/vswitch/graph/format-mermaid.ts";
import { formatRate } from "../../../../plugins/vswitch/graph/format-rate.ts";
import { graphOf } from "../../../../plugins/vswitch/graph/graph-of.ts";
import { formatSvg } from "../../../../plugins/vswitch/graph/svg/format-svg.ts";
import { expectApproved } from "../../../approved.ts";
import { example, examples } from "./examples.ts";

const approved = [
  "an empty host",
  "one container",
  "three networks",
  "an overlay network of two hosts",
  "names that are hard to bear",
];

describe("a graph in Mermaid and DOT", () => {
  test.each(approved)("of %s is as approved", (name) => {
    const graph = graphOf(example(name));
    const file = name.replaceAll(" ", "-");
    expectApproved(`plans/graph/${file}.mermaid.txt`, formatMermaid(graph));
    expectApproved(`plans/graph/${file}.dot.txt`, formatDot(graph));
  });

  test("bears a title only when one is given", () => {
    const graph = graphOf(example("one container"));
    expect(formatMermaid(graph, 'a "title"')).toMatch(/^---\ntitle: "a \\"title\\""\n---\nflowchart TB\n/);
    expect(formatDot(graph, 'a "title"')).toContain('label="a \\"title\\"";');
  });
});

describe("a graph in SVG", () => {
  test.each(Object.keys(examples))("of %s is self-contained, and every text in it is only text", (name) => {
    const svg = formatSvg(graphOf(example(name)));
    expect(svg).not.toMatch(/<script|<image|<foreignObject|href|@import|@font-face|javascript:/);
    expect([...svg.matchAll(/url\(([^)]*)\)/g)].filter(([, to]) => !to?.startsWith("#"))).toEqual([]);
    expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toContain("://");
  });

  test("bears host name and time only when asked to, so that the same host gives the same file", () => {
    const graph = graphOf(example("three networks"));
    expect(formatSvg(graph)).toBe(formatSvg(graphOf(example("three networks"))));
    expect(formatSvg(graph)).not.toContain("myhost");
    expect(formatSvg(graph, "myhost, now")).toContain(">myhost, now</text>");
  });

  test("says of hundreds of containers once what all their ports have in common", () => {
    const svg = formatSvg(graphOf(example("300 containers and 30")));
    expect(svg.match(/>each of its ports bears:</g)).toHaveLength(2);
    expect(svg.match(/class="small">guard</g)).toHaveLength(3);
  });
});

test("rates are given in bits, with three digits at most", () => {
  expect([0, 100, 1_250_000, 156_250_000, 3_333_333].map(formatRate)).toEqual([
    "0 bit/s",
    "800 bit/s",
    "10 Mbit/s",
    "1.25 Gbit/s",
    "26.7 Mbit/s",
  ]);
});
