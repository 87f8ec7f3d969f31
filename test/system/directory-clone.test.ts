/** A host made from another's disk: it has that one's name in the directory. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createDirectoryLab } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";
import { until } from "./until.ts";

const why = whyNoNat() ?? whyNoEtcd();

it.skipIf(why)(
  `two hosts with one uid: the second is told so, and the first is not harmed${why ? `: ${why}` : ""}`,
  async () => {
    await using lab = await createDirectoryLab();
    const [first, second] = lab.hosts as [OverlayHost, OverlayHost];
    const identify = ({ dataDir }: OverlayHost, uid: string): void => {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      writeFileSync(join(dataDir, "node-id"), uid);
    };
    for (const host of lab.hosts) identify(host, "golden-image");
    const boot = join(second.dataDir, "boot-id");
    writeFileSync(boot, "00000000-0000-4000-8000-000000000002\n");
    const a = await first.add();
    await lab.agent(first);
    const b = await second.add();
    const clone = await lab.agent(second, { bootId: boot });
    const { directories, degraded } = await lab.says(second, "own-record-differs", "store-refused");
    expect(degraded).toBe(true);
    expect(directories[0]?.complaints).toMatchObject([
      {
        text: expect.stringMatching(/not the only one with uid golden-image: host1 at 192\.0\.2\.1 is alive/),
        remedy: expect.stringMatching(/node-id/),
      },
    ]);
    await lab.says(first);

    identify(second, "second");
    process.kill(clone.pid, "SIGTERM");
    await clone.ended;
    await lab.agent(second, { bootId: boot });
    await until(() => first.host.answersPing(a.ns, b.ip4), Boolean, "an answer");
    await Promise.all([lab.says(first), lab.says(second)]);
  },
);
