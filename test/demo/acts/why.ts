/** Why a packet arrives, or not: what the operator's tool says of the network that stands, and a picture of it. */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Family } from "../../../lib/addr/ip.ts";
import { operate, show } from "../operator.ts";
import type { Stage } from "../story.ts";

const picture = join(import.meta.dirname, "../../../dist/demo.svg");

/** Policies of the container `job`, as a pod's annotation asks for them: nobody but app may call it, on port 80. */
export const jobPolicies = (app: string) => [
  {
    Type: "ACL",
    Settings: { Action: "Allow", Direction: "In", Protocols: "6", LocalPorts: "80", RemoteAddresses: app },
  },
  { Type: "ACL", Settings: { Action: "Allow", Direction: "Out" } },
];

interface Called {
  readonly id: string;
  address(family: Family): string;
}

interface Cast {
  readonly web: Called;
  readonly app: Called;
  readonly job: Called;
}

export function tellWhy(stage: Stage, dataDir: string, { web, app, job }: Cast): void {
  const { report } = stage;
  report.scene("Why does a packet (not) arrive?", "job lets nobody in but app, and to port 80 only");
  const trace = (args: readonly string[], exitCode: number, holds: string) =>
    operate(stage, dataDir, { args: ["trace", ...args], exitCode, holds });
  trace(["--from", app.id, "--to", `${job.id}:80`], 0, "DELIVERED");
  show(report, trace(["--from", web.id, "--to", `${job.id}:80`], 3, "DROPPED"));
  const spoof = ["--from", app.id, "--to", job.id, "--spoof-source", web.address(4)];
  trace(spoof, 3, "spoofed");
  report.line("", "and the kernel? A real packet, watched on its way, must end where the model says:");
  trace(["--from", app.id, "--to", `${job.id}:80`, "--live"], 0, "Model and kernel agree.");
  trace(["--from", web.id, "--to", `${job.id}:80`, "--live"], 3, "Model and kernel agree.");
  report.scene("A picture of it all", "one file, opens in a browser");
  operate(stage, dataDir, { args: ["graph", "-o", picture], exitCode: 0, holds: "" });
  const drawn = existsSync(picture) ? readFileSync(picture, "utf8") : "";
  const names = [web, app, job].filter(({ id }) => !drawn.includes(id)).map(({ id }) => id);
  report.claim({
    subject: "graph",
    detail: relative(process.cwd(), picture),
    expected: "shows web, app and job",
    seen: names.length === 0 && drawn !== "" ? "shows web, app and job" : `lacks ${names.join(", ")}`,
  });
}
