/** T57, T60 to T62, T67, T69: DEL after something was changed or damaged. */
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { expectReal, linkOf } from "../kernel.ts";
import { pools, subnets } from "../pools.ts";
import { always, every, must, needs, type Scenario } from "../scenario.ts";
import { cleanAfter, emptyFolder } from "./clean-after.ts";

export const damagedDelScenarios: readonly Scenario[] = [
  {
    id: "T57a",
    title: "DEL after the interface was removed by hand succeeds and leaves nothing",
    applies: always,
    run: (context) => afterChange(context, (eth0) => `ip link delete ${eth0}`),
  },
  {
    id: "T57b",
    title: "DEL after the interface was renamed succeeds and leaves nothing",
    applies: always,
    run: (context) =>
      cleanAfter(context, async (attachment) => {
        const { ns, ifname } = attachment;
        const rename = `ip link set ${ifname} down && ip link set ${ifname} name other7`;
        await context.host.exec(ns, "sh", "-c", rename);
        await context.detach(attachment);
        const left = await linkOf(context.host, ns, "other7");
        must(left === undefined, "the interface lives on under its new name");
      }),
  },
  {
    id: "T57c",
    title: "DEL after the interface was moved to another compartment succeeds and leaves nothing",
    applies: needs("hostEnd"),
    run: async (context) => {
      const other = await context.host.compartment("other");
      await afterChange(context, (eth0) => `ip link set ${eth0} netns ${other.name} name eth9`);
      must(
        (await linkOf(context.host, other, "eth9")) === undefined,
        "the interface lives on where it was moved",
      );
    },
  },
  {
    id: "T60",
    title: "DEL with a configuration changed since ADD cleans what ADD made",
    applies: needs("pools"),
    run: async (context) => {
      const changed = {
        ...pools(context.subject.config, subnets.second),
        ...(typeof context.subject.config.bridge === "string" ? { bridge: "other-bridge" } : {}),
      };
      await cleanAfter(context, (attachment) => context.detach(attachment, { config: changed }));
    },
  },
  {
    id: "T61a",
    title: "DEL with its state removed succeeds and takes the interface",
    applies: needs("data"),
    run: (context) => withoutState(context, (folder) => emptyFolder(folder)),
  },
  {
    id: "T61b",
    title: "DEL with each state file overwritten by garbage succeeds and takes the interface",
    applies: needs("data"),
    run: (context) => withoutState(context, (folder) => overwriteFiles(folder)),
  },
  {
    id: "T62a",
    title: "DEL after all firewall rules were flushed succeeds and leaves nothing",
    applies: always,
    run: async (context) => {
      const attachment = await context.attach();
      await context.host.exec(context.host.ns, "nft", "flush", "ruleset");
      await context.detach(attachment);
      must((await linkOf(context.host, attachment.ns, "eth0")) === undefined, "the interface is still there");
    },
  },
  {
    id: "T62b",
    title: "DEL after the switch was deleted succeeds and takes the interface",
    applies: needs("switch"),
    run: async (context) => {
      const attachment = await context.attach();
      await context.host.exec(context.host.ns, "ip", "link", "delete", context.subject.switch ?? "");
      await context.detach(attachment);
      must((await linkOf(context.host, attachment.ns, "eth0")) === undefined, "the interface is still there");
    },
  },
  {
    id: "T67",
    title: "DEL with malformed CNI_ARGS succeeds and leaves nothing",
    applies: always,
    run: async (context) => {
      for (const CNI_ARGS of ["nonsense", "A=B=C", "IP=", "=;;="]) {
        await cleanAfter(context, (attachment) => context.detach(attachment, { env: { CNI_ARGS } }));
      }
    },
  },
  {
    id: "T69",
    title: "DEL with a range in the configuration that is no longer valid succeeds and frees the address",
    applies: every(needs("pools")),
    run: async (context) => {
      const config = pools(context.subject.config, subnets.one);
      const attachment = await context.attach({ config });
      const ipam = { ...(config.ipam as object), ranges: [[{ subnet: "300.1.2.0/77" }]] };
      await context.detach(attachment, { config: { ipam } });
      await context.attach({ config });
    },
  },
];

async function afterChange(context: Context, commandOn: (eth0: string) => string): Promise<void> {
  await cleanAfter(context, async (attachment) => {
    await context.host.exec(attachment.ns, "sh", "-c", commandOn(attachment.ifname));
    await context.detach(attachment);
  });
}

async function withoutState(context: Context, harm: (folder: string) => void): Promise<void> {
  const attachment = await context.attach();
  harm(context.data);
  await context.detach(attachment);
  must((await linkOf(context.host, attachment.ns, "eth0")) === undefined, "the interface is still there");
  const next = await context.attach();
  await expectReal(context.host, next);
}

function overwriteFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && statSync(path).size > 0) writeFileSync(path, "\u0000garbage\n".repeat(400));
  }
}
