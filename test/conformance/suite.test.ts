import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { whyNoNamespaces } from "../system/namespaces.ts";
import { findPlugin } from "./chain.ts";
import { probe } from "./probe.ts";
import { jobsOf, type Report, runJobs } from "./runner.ts";
import { scenarios } from "./scenarios.ts";
import { countsOf } from "./scorecard.ts";
import type { Target } from "./target.ts";

const reason = whyNoNamespaces();
const bridge = findPlugin([], "bridge");
const data = ["$", "{DATA}"].join("");
const folder = mkdtempSync(join(tmpdir(), "conformance-suite-"));
const config = {
  type: "bridge",
  bridge: "cni0",
  isGateway: true,
  ipMasq: true,
  ipam: {
    type: "host-local",
    dataDir: data,
    ranges: [[{ subnet: "10.71.0.0/24" }]],
    routes: [{ dst: "0.0.0.0/0" }],
  },
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function judged(target: Target, only?: readonly string[]): Promise<readonly Report[]> {
  const subject = await probe(target);
  const chosen = scenarios.filter((scenario) => only === undefined || only.includes(scenario.id));
  return runJobs(subject, jobsOf(subject, chosen), 6, () => {});
}

function namesOf(reports: readonly Report[], kind: Report["verdict"]["kind"]): readonly string[] {
  return reports.filter((report) => report.verdict.kind === kind).map((report) => report.job.name);
}

/** A plugin that answers every ADD with a result that looks right and does nothing. */
function liar(): string {
  const path = join(folder, "liar");
  const versions = '["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]';
  const script = `#!/bin/sh
cat > /dev/null
case "$CNI_COMMAND" in
VERSION) echo '{"cniVersion":"1.1.0","supportedVersions":${versions}}' ;;
ADD) echo '{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","sandbox":"'$CNI_NETNS'"}],"ips":[{"address":"10.71.0.2/24","interface":0}]}' ;;
esac
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

describe("the table of scenarios", () => {
  it("has no number twice", () => {
    const ids = scenarios.map((scenario) => scenario.id);
    expect(ids).toEqual([...new Set(ids)]);
  });
});

describe.skipIf(reason !== undefined)(`the suite itself${reason === undefined ? "" : ` (${reason})`}`, () => {
  it("lets a program that does nothing pass only where nothing is asked for", {
    timeout: 60_000,
  }, async () => {
    const features = { check: true, ports: true, mac: true, ips: true, l2only: true, bandwidth: true };
    const target = { name: "nothing", plugin: "/bin/true", config, cniPath: ["/usr/lib/cni"], features };
    const reports = await judged(target);
    expect(namesOf(reports, "passed")).toEqual(["T55b"]);
    expect(countsOf(reports).failed).toBeGreaterThan(100);
  });

  it("does not believe a result that nothing in the kernel bears out", { timeout: 60_000 }, async () => {
    const only =
      "T24 T25a T25b T27 T28 T29 T34a T46 T50a T52a T52b T52c T66 T70 T71 T72a T78 T90 T117a".split(" ");
    const target = { name: "liar", plugin: liar(), config, cniPath: ["/usr/lib/cni"] };
    expect(namesOf(await judged(target, only), "passed")).toEqual([]);
  });

  it.skipIf(bridge === undefined)(
    `finds what is right and what is wrong in the reference bridge${bridge === undefined ? " (not installed)" : ""}`,
    { timeout: 60_000 },
    async () => {
      const target = {
        name: "bridge",
        plugin: bridge ?? "",
        config,
        cniPath: ["/usr/lib/cni"],
        acceptCodes: [999],
      };
      const right = ["T1", "T5a", "T24", "T28", "T52a", "T52c", "T54", "T70", "T98", "T115"];
      const passed = namesOf(await judged(target, right), "passed");
      for (const id of right) expect(passed.map((name) => name.split(" ", 1)[0])).toContain(id);
      const wrong = ["T29", "T36", "T39h", "T56a", "T59", "T90"];
      expect(namesOf(await judged(target, wrong), "passed")).toEqual([]);
    },
  );
});
