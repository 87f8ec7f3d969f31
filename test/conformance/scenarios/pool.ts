/** T68, T90 to T92, T98 to T100: addresses, as an interface plugin hands them out. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { expectError, expectSilent, shown } from "../expect.ts";
import { expectReal } from "../kernel.ts";
import { pools, subnets } from "../pools.ts";
import { ipOf } from "../result-view.ts";
import { must, needs, type Scenario } from "../scenario.ts";

export const poolScenarios: readonly Scenario[] = [
  {
    id: "T68",
    title: "After a reboot DEL of an attachment from before succeeds and its address is free",
    applies: needs("pools", "data"),
    run: (context) => rebooted(context, true),
  },
  {
    id: "T99",
    title: "After a reboot the addresses of before are free without any DEL",
    applies: needs("pools", "data"),
    run: (context) => rebooted(context, false),
  },
  {
    id: "T90",
    title: "A /29 gives exactly five addresses, then an error that leaves nothing; after a DEL one more",
    applies: needs("pools"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.five);
      await context.warm({ config });
      const made = [];
      for (let count = 0; count < 5; count++) made.push(await context.attach({ config }));
      must(new Set(made.map(ipOf)).size === 5, `given twice: ${made.map(ipOf).join(", ")}`);
      const before = await context.snapshot();
      const outcome = await context.call("ADD", await context.key({ config }));
      must(outcome.exitCode !== 0, `a sixth address: ${shown(outcome)}`);
      expectError(context.subject, outcome, { codes: [11, "own"] });
      await context.unchanged(before, "after the ADD that failed");
      const [first] = made;
      if (first !== undefined) await context.detach(first);
      await context.attach({ config });
    },
  },
  {
    id: "T91",
    title:
      "An address asked for by CNI_ARGS is given when free; taken, gateway, broadcast and foreign ones are errors",
    applies: needs("pools"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.five);
      await context.warm({ config });
      const wish = (ip: string) => ({ config, args: `IgnoreUnknown=1;IP=${ip}` });
      const attachment = await context.attach(wish("10.73.0.5"));
      must(ipOf(attachment) === "10.73.0.5", `given ${ipOf(attachment)}`);
      const before = await context.snapshot();
      for (const ip of [
        "10.73.0.5",
        "10.73.0.1",
        "10.73.0.0",
        "10.73.0.7",
        "10.99.0.5",
        "fd00::5",
        "nonsense",
      ]) {
        const outcome = await context.call("ADD", await context.key(wish(ip)));
        must(outcome.exitCode !== 0, `${ip} was given: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [4, 7, "own"], names: [ip] });
        await context.unchanged(before, `after ${ip} was refused`);
      }
    },
  },
  {
    id: "T98",
    title: "A freed address is not given to the next container while the pool has others",
    applies: needs("pools"),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.five);
      const first = await context.attach({ config });
      await context.detach(first);
      const second = await context.attach({ config });
      must(ipOf(second) !== ipOf(first), `${ipOf(first)} was given again at once`);
    },
  },
  {
    id: "T100",
    title: "Of several wishes for an address runtimeConfig counts before args, args before CNI_ARGS",
    applies: needs("pools", "ips"),
    run: async (context) => {
      const config = {
        ...pools(context.subject.config, subnets.five),
        args: { cni: { ips: ["10.73.0.4"] } },
      };
      const args = "IgnoreUnknown=1;IP=10.73.0.3";
      const all = await context.attach({ config, args, runtimeConfig: { ips: ["10.73.0.5"] } });
      must(ipOf(all) === "10.73.0.5", `runtimeConfig asked for 10.73.0.5, given ${ipOf(all)}`);
      const two = await context.attach({ config, args });
      must(ipOf(two) === "10.73.0.4", `args asked for 10.73.0.4, given ${ipOf(two)}`);
    },
  },
];

/** A pool of one address, attached; then another boot: new host, new boot id, the same state folder. */
async function rebooted(context: Context, withDel: boolean): Promise<void> {
  const config = pools(context.subject.config, subnets.one);
  const attachment = await context.attach({ config });
  await context.reboot();
  const wrap = anotherBoot(context);
  if (withDel) {
    expectSilent("DEL", await context.call("DEL", attachment, { wrap }));
  }
  const next = await context.add(await context.key({ config }), { wrap });
  await expectReal(context.host, next);
}

/** Words before the plugin that show it another boot id. */
function anotherBoot(context: Context): readonly string[] {
  const file = join(mkdtempSync(join(context.host.dir, "boot-")), "id");
  writeFileSync(file, `${crypto.randomUUID()}\n`);
  const script = `mount --make-rprivate / && mount --bind '${file}' /proc/sys/kernel/random/boot_id && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, "sh"];
}
