import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { noNamespace, runJson } from "../../linux/own-namespace.ts";

const noTool =
  spawnSync("conntrack", ["--version"]).status === 0 ? undefined : "the program conntrack is not installed";
const why = noNamespace ?? noTool;

test.skipIf(why)(
  `the real kernel finds and forgets exactly the flows asked for${why ? ` (skipped: ${why})` : ""}`,
  () => {
    expect(runJson("../netlink/ct/in-kernel.ts")).toEqual({
      found: {
        udp: ["10.0.0.2:53 -> 10.0.0.2:53", "10.0.0.2:5353 -> 10.9.0.9:53"],
        published: ["10.0.0.2:5353 -> 10.9.0.9:53"],
        container: ["10.0.0.2:5353 -> 10.9.0.9:53"],
        both: [],
        tcp: ["10.0.0.2:5353 -> 10.0.0.2:5353"],
        v6: ["fd00::2:5353 -> fd00::2:5353"],
        sctp: [],
      },
      counted: [1, 3, 4],
      deleted: ["ENOENT", "ok", "ENOENT"],
      left: ["17 10.0.0.2:53", "17 fd00::2:5353", "6 10.0.0.2:5353"],
    });
  },
);
