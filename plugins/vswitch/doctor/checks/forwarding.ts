/** Forwarding: without it nothing leaves a switch, and no published port is reached. */
import type { Family } from "../../../../lib/addr/ip.ts";
import type { SceneNetwork } from "../../../../lib/model/scene.ts";
import type { Check } from "../check.ts";
import { type Complaint, error } from "../finding.ts";
import { type Patient, sysctl } from "../patient.ts";
import { uplinkOf } from "../uplinks.ts";

export const forwarding: Check = {
  id: "forwarding",
  needs: ["state", "network"],
  fine: "the host forwards all that its networks need",
  find: (patient) => ([4, 6] as const).flatMap((family) => ofFamily(patient, family)),
};

const keys = { 4: "ipv4.ip_forward", 6: "ipv6.conf.all.forwarding" } as const;

function ofFamily(patient: Patient, family: Family): readonly Complaint[] {
  const needing = patient.scene.networks.filter((network) => network.switch.forwarding.includes(family));
  if (needing.length === 0) return [];
  if (!patient.scene.host.forwarding[family]) return [switchedOff(family, needing)];
  return family === 4 ? interfacesThatDoNot(patient, needing) : [];
}

function switchedOff(family: Family, needing: readonly SceneNetwork[]): Complaint {
  const key = `net.${keys[family]}`;
  return error(
    `IPv${family} forwarding is off: no IPv${family} packet leaves ${needing.map(({ name }) => name).join(", ")}`,
    {
      seen: [`${key} = 0`],
      remedy: `switch it on, and look in /etc/sysctl.conf and /etc/sysctl.d for who switches it off; ADD switches it on too`,
      commands: [`sysctl -w ${key}=1`],
    },
  );
}

/** IPv4 has a switch for each interface beside the one for all. */
function interfacesThatDoNot(patient: Patient, needing: readonly SceneNetwork[]): readonly Complaint[] {
  const uplink = uplinkOf(patient.scene, 4)?.interface.name;
  const names = [...needing.map((network) => network.switch.name), ...(uplink === undefined ? [] : [uplink])];
  const off = names.filter((name) => sysctl(patient, `ipv4/conf/${name}/forwarding`) === "0");
  if (off.length === 0) return [];
  return [
    error(`IPv4 forwarding is off at ${off.join(", ")}: what comes in there is not passed on`, {
      seen: off.map((name) => `net.ipv4.conf.${name}.forwarding = 0`),
      remedy: "switch it on there too",
      // Dots are part of some interfaces' names, so levels are divided by slashes.
      commands: off.map((name) => `sysctl -w net/ipv4/conf/${name}/forwarding=1`),
    }),
  ];
}
