/** T24 to T26, T34 to T37, T51, T112: what ADD returns and what is really there. */
import { hostPart } from "../address.ts";
import type { Attachment, Context } from "../context.ts";
import { expectError, expectResult, flat, shown } from "../expect.ts";
import { isObject, listOf, sameJson } from "../json.ts";
import { expectReal, hostEnd, kernelRoutes, linkOf } from "../kernel.ts";
import { pools, subnets } from "../pools.ts";
import { ipsOf, ownInterface, routesOf } from "../result-view.ts";
import { always, every, must, needs, type Scenario } from "../scenario.ts";
import { allVersions } from "../target.ts";

const since03 = allVersions.filter((version) => version >= "0.3.0");

export const resultScenarios: readonly Scenario[] = [
  {
    id: "T24",
    title:
      "ADD returns the result of the asked version; interface, addresses and routes are real; DEL takes them",
    applies: always,
    versions: allVersions,
    run: async (context) => {
      const before = await context.warm();
      const attachment = await context.attach();
      await expectReal(context.host, attachment);
      await expectHostInterfaces(context, attachment);
      await context.detach(attachment);
      must((await linkOf(context.host, attachment.ns, "eth0")) === undefined, "DEL left the interface");
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T25a",
    title: "With an IPv6 pool alone the address is usable when ADD returns and the default route is there",
    applies: needs("ipv6"),
    run: async (context) => {
      const attachment = await context.attach({ config: pools(context.subject.config, subnets.v6) });
      await expectReal(context.host, attachment);
      await expectDefaults(context, attachment, [6]);
      await context.detach(attachment);
    },
  },
  {
    id: "T25b",
    title:
      "With pools of both families both addresses are usable when ADD returns, both default routes are there",
    applies: needs("ipv6"),
    versions: ["0.2.0", "0.4.0", "1.0.0", "1.1.0"],
    run: async (context) => {
      const config = pools(context.subject.config, subnets.dual);
      const before = await context.warm({ config });
      const attachment = await context.attach({ config });
      must(ipsOf(attachment.result).length === 2, `not two addresses: ${JSON.stringify(attachment.result)}`);
      await expectReal(context.host, attachment);
      await expectDefaults(context, attachment, [4, 6]);
      await context.detach(attachment);
      await context.unchanged(before, "after DEL");
    },
  },
  {
    id: "T26",
    title: "Several addresses of a family are all set; before 0.3.0 the result holds the first",
    applies: needs("ipv6"),
    versions: ["0.2.0", "0.3.1", "1.0.0", "1.1.0"],
    run: async (context) => {
      const attachment = await context.attach({ config: pools(context.subject.config, subnets.three) });
      const expected = context.version < "0.3.0" ? 2 : 3;
      const found = ipsOf(attachment.result).length;
      must(
        found === expected,
        `${found} addresses instead of ${expected}: ${JSON.stringify(attachment.result)}`,
      );
      await expectReal(context.host, attachment);
      await context.detach(attachment);
    },
  },
  {
    id: "T34a",
    title: "`mtu` 0, 1280 and 1500 is what both ends have, and what a 1.1.0 result says; 0 means automatic",
    applies: needs("mtu"),
    run: async (context) => {
      for (const mtu of [0, 1280, 1500]) await expectMtu(context, mtu);
    },
  },
  {
    id: "T34b",
    title: "An impossible `mtu` (67, 65536) is an error, and ADD leaves nothing",
    applies: needs("mtu"),
    run: async (context) => {
      const before = await context.warm();
      for (const mtu of [67, 65536]) {
        const outcome = await context.call("ADD", await context.key({ config: { mtu } }));
        must(outcome.exitCode !== 0, `mtu ${mtu} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [7, "own"] });
        await context.unchanged(before, `after mtu ${mtu} was refused`);
      }
    },
  },
  {
    id: "T34d",
    title: "`mtu` 9000, more than the uplink has, is what both ends have, or an error that leaves nothing",
    applies: needs("mtu"),
    run: async (context) => {
      const before = await context.warm();
      const outcome = await context.call("ADD", await context.key({ config: { mtu: 9000 } }));
      if (outcome.exitCode === 0) {
        await expectMtu(context, 9000);
        return;
      }
      expectError(context.subject, outcome, { codes: [7, "own"], names: ["9000"] });
      await context.unchanged(before, "after mtu 9000 was refused");
    },
  },
  {
    id: "T35a",
    title: "A requested MAC is the container's; runtimeConfig goes before args, args before CNI_ARGS",
    applies: needs("mac"),
    run: async (context) => {
      const macs = { env: "02:00:00:00:00:01", args: "02:00:00:00:00:02", runtime: "02:00:00:00:00:03" };
      const all = {
        args: `IgnoreUnknown=1;MAC=${macs.env}`,
        config: { args: { cni: { mac: macs.args } } },
        runtimeConfig: { mac: macs.runtime },
      };
      const attachment = await context.attach(all);
      const link = await linkOf(context.host, attachment.ns, "eth0");
      must(link?.address === macs.runtime, `the interface has ${String(link?.address)}, not ${macs.runtime}`);
      await context.detach(attachment);
    },
  },
  {
    id: "T35b",
    title: "A MAC that is malformed, multicast or zero is an error, and ADD leaves nothing",
    applies: needs("mac"),
    run: async (context) => {
      const before = await context.warm();
      for (const mac of ["xx", "02:00:00:00:00", "01:00:5e:00:00:01", "00:00:00:00:00:00"]) {
        const outcome = await context.call("ADD", await context.key({ runtimeConfig: { mac } }));
        must(outcome.exitCode !== 0, `mac ${mac} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [4, 6, 7, "own"] });
        await context.unchanged(before, `after mac ${mac} was refused`);
      }
    },
  },
  {
    id: "T36",
    title: "A prevResult is in the result beside the plugin's own interfaces, and all indices are right",
    applies: always,
    versions: since03,
    run: async (context) => {
      const key = await context.key();
      const outcome = await context.call("ADD", key, { prevResult: foreignResult(context.version) });
      const attachment = { ...key, result: expectResult(outcome, key) };
      const interfaces = listOf(attachment.result, "interfaces");
      const kept = interfaces.findIndex((row) => row.name === "other0");
      must(kept >= 0, `other0 of prevResult is lost: ${flat(outcome.stdout)}`);
      const ip = listOf(attachment.result, "ips").find((row) => row.address === "198.51.100.7/24");
      must(ip?.interface === kept, `198.51.100.7/24 no longer belongs to other0: ${flat(outcome.stdout)}`);
      await expectOwnIndices(attachment);
      await context.detach(attachment);
    },
  },
  {
    id: "T37",
    title: "A prevResult of an unknown version, or that is none, is error 1, 6 or 7, and ADD leaves nothing",
    applies: always,
    run: async (context) => {
      const before = await context.warm();
      for (const prevResult of [{ cniVersion: "9.9.9" }, { cniVersion: context.version, ips: "x" }, "text"]) {
        const outcome = await context.call("ADD", await context.key(), { prevResult });
        must(outcome.exitCode !== 0, `${JSON.stringify(prevResult)} was accepted: ${shown(outcome)}`);
        expectError(context.subject, outcome, { codes: [1, 6, 7] });
      }
      await context.unchanged(before, "after ADDs that were refused");
    },
  },
  {
    id: "T112",
    title: "`dns` of the configuration is in the result",
    applies: every(needs("dns")),
    run: async (context) => {
      const dns = {
        nameservers: ["10.9.9.9"],
        domain: "d.example",
        search: ["s.example"],
        options: ["ndots:2"],
      };
      const attachment = await context.attach({ config: { dns } });
      must(
        sameJson(attachment.result.dns, dns),
        `dns in the result: ${JSON.stringify(attachment.result.dns)}`,
      );
      await context.detach(attachment);
    },
  },
];

/** What some plugin before this one may have returned. */
export function foreignResult(version: string) {
  return {
    cniVersion: version,
    interfaces: [{ name: "host7" }, { name: "other0", mac: "02:11:22:33:44:55" }],
    ips: [{ ...(version < "1.0.0" ? { version: "4" } : {}), address: "198.51.100.7/24", interface: 1 }],
  };
}

async function expectOwnIndices(attachment: Attachment): Promise<void> {
  const interfaces = listOf(attachment.result, "interfaces");
  const own = interfaces.findIndex(
    (row) => row.name === attachment.ifname && row.sandbox === attachment.netns,
  );
  must(own >= 0, `no interface ${attachment.ifname} with the sandbox in the result`);
  const ips = listOf(attachment.result, "ips").filter((row) => row.address !== "198.51.100.7/24");
  must(
    ips.every((row) => row.interface === undefined || row.interface === own),
    `addresses point at the wrong interface: ${JSON.stringify(attachment.result)}`,
  );
}

/** From 0.3.0 on every interface of the result is where it says, and the host's end is among them. */
async function expectHostInterfaces(context: Context, attachment: Attachment): Promise<void> {
  if (context.version < "0.3.0") return;
  must(ownInterface(attachment) !== undefined, "the container's interface is not in the result");
  const outside = listOf(attachment.result, "interfaces").filter((row) => (row.sandbox ?? "") === "");
  for (const row of outside) {
    const link = await linkOf(context.host, context.host.ns, String(row.name));
    must(link !== undefined, `${String(row.name)} of the result is not on the host`);
    must(
      row.mac === undefined || row.mac === link.address,
      `${String(row.name)} has another MAC than the result`,
    );
  }
  const end = await hostEnd(context.host, attachment);
  const named = end === undefined || outside.some((row) => row.name === end.ifname);
  must(named, `the host's end ${String(end?.ifname)} is not in the result`);
  for (const row of listOf(attachment.result, "ips")) {
    const at = listOf(attachment.result, "interfaces")[Number(row.interface)];
    must(
      at?.name === attachment.ifname,
      `${hostPart(String(row.address))} is not given to ${attachment.ifname}`,
    );
  }
}

async function expectDefaults(context: Context, attachment: Attachment, families: readonly (4 | 6)[]) {
  for (const family of families) {
    const found = await kernelRoutes(context.host, attachment.ns, family);
    const there = found.some((row) => row.dst === "default");
    must(there, `no IPv${family} default route: ${JSON.stringify(found)}`);
  }
  const { result } = attachment;
  must(isObject(result) && routesOf(result).length >= families.length, `routes: ${JSON.stringify(result)}`);
}

async function expectMtu(context: Context, mtu: number): Promise<void> {
  const attachment = await context.attach({ config: { mtu } });
  await expectReal(context.host, attachment);
  const inside = await linkOf(context.host, attachment.ns, "eth0");
  const end = await hostEnd(context.host, attachment);
  const expected = mtu === 0 ? inside?.mtu : mtu;
  must(inside?.mtu === expected, `mtu ${mtu}: the container has ${String(inside?.mtu)}`);
  must(end === undefined || end.mtu === expected, `mtu ${mtu}: the host's end has ${String(end?.mtu)}`);
  const said = ownInterface(attachment)?.mtu;
  const right = context.version < "1.1.0" || said === expected;
  must(right, `mtu ${mtu}: the result says ${String(said)}, the kernel ${String(expected)}`);
  await context.detach(attachment);
  await context.host.remove(attachment.ns);
}
