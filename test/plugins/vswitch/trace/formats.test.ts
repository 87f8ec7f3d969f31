import { describe, expect, test } from "vitest";
import { traceIn } from "../../../../plugins/vswitch/trace/command.ts";
import { loadFormat, type TraceFormat, traceFormats } from "../../../../plugins/vswitch/trace/formats.ts";
import type { TraceView } from "../../../../plugins/vswitch/trace/view.ts";
import { exitCodeOf } from "../../../../plugins/vswitch/trace/words.ts";
import { expectApproved } from "../../../approved.ts";
import { overlayStories, tellOverlay } from "../../../lib/model/path/overlay-stories.ts";
import { endpoint } from "../../../lib/model/path/scene.ts";
import { stories } from "../../../lib/model/path/stories.ts";
import { type Story, tell, usual } from "../../../lib/model/path/story.ts";

const told: Readonly<Record<string, Story | undefined>> = {
  hairpin: stories.nat?.["a published port, from a container of the network: hairpin"],
  blocked: stories.acl?.["what no ACL allows"],
  perhaps: stories.foreign?.["a rule that is not understood"],
  asked: stories.nat?.["a destination port that the call does not tell"],
  group: stories.switch?.["multicast goes to all"],
};

const shown = async (story: Story | undefined, format: TraceFormat): Promise<string> => {
  if (story === undefined) throw new Error("no such story");
  return (await loadFormat[format]())({ trace: tell(story).trace, name: story.from });
};

/** Of two hosts: what an ACL of the other one blocks. */
const across = (there?: "unknown"): TraceView => {
  const story = overlayStories.routed["an ACL of the other host's container"];
  if (story === undefined) throw new Error("no such story");
  const { trace, far } = tellOverlay("routed", { ...story, ...(there === undefined ? {} : { there }) });
  return { trace, name: "blue/web/eth0", ...(far.length === 0 ? {} : { far }) };
};

describe("a trace across hosts as", () => {
  test.each(["text", "detailed", "minimal"] as const)("%s tells of both", async (format) => {
    expectApproved(`traces/formats/across.${format}.txt`, (await loadFormat[format]())(across()));
  });

  test("text says who has it where the other host is not known", async () => {
    expectApproved("traces/formats/handed.text.txt", (await loadFormat.text())(across("unknown")));
  });

  test("SVG is well formed, and red on the other host alone", async () => {
    const svg = (await loadFormat.svg())(across());
    expect(unclosed(svg)).toEqual([]);
    expect(svg.indexOf('<g class="warning">')).toBeGreaterThan(svg.indexOf("host-2: "));
  });

  test("JSON has the far hosts beside the trace", async () => {
    const { far } = JSON.parse((await loadFormat.json())(across()));
    expect(far).toMatchObject([{ host: "host-2", trace: { verdict: { reason: "acl-default" } } }]);
  });
});

describe("a trace as", () => {
  test.each(
    Object.keys(told).flatMap((name) =>
      (["text", "detailed"] as const).map((format) => [format, name] as const),
    ),
  )("%s tells what a person needs (%s)", async (format, name) => {
    expectApproved(`traces/formats/${name}.${format}.txt`, await shown(told[name], format));
  });

  test("JSON is the trace itself", async () => {
    const { trace, name } = JSON.parse(await shown(told.hairpin, "json"));
    expect({ trace, name }).toEqual({
      trace: JSON.parse(JSON.stringify(tell(told.hairpin as Story).trace)),
      name: "db",
    });
  });

  test.each(Object.keys(told))(
    "SVG is well formed, with nothing that runs or is loaded (%s)",
    async (name) => {
      const svg = await shown(told[name], "svg");
      expect(unclosed(svg)).toEqual([]);
      expect(svg).not.toMatch(/<script|<image|<use|<foreignObject|href|url\((?!#)|\bon\w+=|@import/i);
    },
  );

  test("SVG shows the drop in red, and nothing else", async () => {
    const red = (svg: string) => svg.match(/<g class="warning">/g)?.length ?? 0;
    expect([red(await shown(told.blocked, "svg")), red(await shown(told.hairpin, "svg"))]).toEqual([2, 0]);
  });

  test("any format has no unstable part", async () => {
    for (const format of traceFormats)
      expect(await shown(told.hairpin, format)).toBe(await shown(told.hairpin, format));
  });
});

describe("names that others chose", () => {
  const { networks, scene } = usual();
  const id = "0123456789abcdef".repeat(4);
  const long = { ...scene, endpoints: [...scene.endpoints, endpoint(networks.nat, id, ["10.1.0.9/24"])] };
  const rule = "comment \"<script>alert('x')</script> & more\" drop";
  const base = { type: "filter", hook: "forward", priority: 0, policy: "accept" } as const;
  const evil = {
    ...scene,
    host: {
      ...scene.host,
      foreign: [
        {
          table: "inet x",
          chain: "y",
          base,
          rules: [{ text: rule, conditions: [], verdict: { kind: "drop" } as const }],
        },
      ],
    },
  };

  test("are escaped in SVG", async () => {
    const view = traceIn(evil, { from: "web", to: "198.51.100.9", state: "new" });
    const svg = (await loadFormat.svg())(view);
    expect(svg).toContain("&lt;script&gt;");
    expect(svg).not.toContain("<script");
    expect(unclosed(svg)).toEqual([]);
  });

  test("are as short for people as elsewhere, and whole for programs", async () => {
    const view = traceIn(long, { from: id, to: "10.1.0.2", state: "new" });
    expect((await loadFormat.text())(view)).toContain("nat/0123456789ab/eth0");
    expect((await loadFormat.text())(view)).not.toContain(id);
    expect((await loadFormat.json())(view)).toContain(id);
  });
});

test("the exit code tells whether it arrives, is dropped, or is not sure", () => {
  const codeOf = (name: string) => exitCodeOf(tell(told[name] as Story).trace.verdict);
  expect(["hairpin", "group", "blocked", "perhaps", "asked"].map(codeOf)).toEqual([0, 0, 3, 4, 4]);
});

/** Elements that are opened and not closed, or closed and not opened. */
function unclosed(xml: string): readonly string[] {
  const open: string[] = [];
  for (const [, close, name = "", , self] of xml.matchAll(/<(\/?)([a-zA-Z]+)((?:"[^"]*"|[^>"])*?)(\/?)>/g)) {
    if (close === "/") {
      if (open.pop() !== name) return [...open, `/${name}`];
    } else if (self !== "/") open.push(name);
  }
  return open;
}
