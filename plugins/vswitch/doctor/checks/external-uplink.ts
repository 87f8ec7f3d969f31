/** Uplinks of external switches: there, up, wide enough, and such as carry frames with the containers' own MACs. */
import type { SceneInterface, SceneNetwork } from "../../../../lib/model/scene.ts";
import { type AnyExternalSwitch, isExternal } from "../../../../lib/model/switch.ts";
import { plural } from "../../format.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, note, warning } from "../finding.ts";
import { macRefusal } from "../mac-refusal.ts";
import type { Patient } from "../patient.ts";

export const externalUplink: Check = {
  id: "external-uplink",
  needs: ["state", "network"],
  fine: "the uplink of each transparent network is there and carries its frames",
  find: (patient) => {
    const external = patient.scene.networks.filter(isExternalNetwork);
    const byUplink = Map.groupBy(external, ({ switch: { uplink } }) => uplink);
    return [...byUplink].flatMap(([uplink, networks]) => [
      ...ofLink(patient, uplink, networks),
      ...ofMacs(patient, uplink, networks),
    ]);
  },
};

type ExternalNetwork = SceneNetwork<AnyExternalSwitch>;

const isExternalNetwork = (network: SceneNetwork): network is ExternalNetwork => isExternal(network.switch);

function ofLink(
  { scene }: Patient,
  uplink: string,
  networks: readonly ExternalNetwork[],
): readonly Complaint[] {
  const names = networks.map(({ name }) => name);
  const found = scene.host.interfaces.find((one) => one.name === uplink);
  const used = scene.endpoints.some(({ owner }) => names.includes(owner.network));
  if (found === undefined)
    return [
      error(`the uplink ${uplink} of ${names.join(", ")} is gone`, {
        seen: ["no interface of the host has the name", ...(used ? ["the vNICs on it went with it"] : [])],
        remedy: `bring it back${used ? ", then start the containers anew" : ""}; or name another one by "uplink"`,
      }),
    ];
  if (!found.up)
    return [
      error(`the uplink ${uplink} of ${names.join(", ")} is down`, {
        remedy: "switch it on",
        commands: [`ip link set dev ${uplink} up`],
      }),
    ];
  return [...(found.carrier === false ? [noCarrier(names, uplink)] : []), ...ofMtu(found, networks)];
}

const noCarrier = (names: readonly string[], uplink: string): Complaint =>
  error(`the uplink ${uplink} of ${names.join(", ")} has no carrier`, {
    seen: ["it is on, and nothing answers at the other end of its cable"],
    remedy: "look at the cable, and at the port of the switch it leads to",
  });

function ofMtu(
  { name: uplink, mtu: carried }: SceneInterface,
  networks: readonly ExternalNetwork[],
): readonly Complaint[] {
  const larger = networks.filter((network) => network.switch.mtu > carried);
  if (larger.length === 0) return [];
  const names = larger.map(({ name }) => name).join(", ");
  const planned = Math.max(...larger.map((network) => network.switch.mtu));
  return [
    warning(`the uplink ${uplink} carries packets of ${carried} bytes, ${names} was made for ${planned}`, {
      seen: [`MTU of ${uplink} is ${carried}`],
      remedy: `raise it again if the wire carries it; else write "mtu": ${carried} into the configuration of ${names} and start its containers anew`,
      commands: [`ip link set dev ${uplink} mtu ${planned}`],
    }),
  ];
}

/** Whether the wire sees the MACs of the containers. */
const ownMacs: Readonly<Record<AnyExternalSwitch["kind"], boolean>> = {
  macvlan: true,
  ipvlan: false,
  routed: false,
  bridge: true,
};

/** As many as common network cards tell apart by themselves; with more they take in everything. */
const filterRoom = 32;

function ofMacs(
  patient: Patient,
  uplink: string,
  networks: readonly ExternalNetwork[],
): readonly Complaint[] {
  const concerned = networks.filter(({ switch: { kind } }) => ownMacs[kind]);
  const found = patient.scene.host.interfaces.find((one) => one.name === uplink);
  if (found === undefined || concerned.length === 0) return [];
  const names = concerned.map(({ name }) => name);
  const refusal = macRefusal(patient, found);
  const count = patient.scene.endpoints.filter(({ owner }) => names.includes(owner.network)).length;
  return [
    ...(refusal === undefined ? [] : [refusalOf(names.join(", "), uplink, refusal)]),
    ...(count > filterRoom && found.kind === undefined ? [crowded(uplink, count)] : []),
  ];
}

function refusalOf(
  names: string,
  uplink: string,
  { sure, seen, remedy }: NonNullable<ReturnType<typeof macRefusal>>,
): Complaint {
  const say = sure ? warning : note;
  const drops = sure ? "drops" : "may drop";
  return say(`what ${uplink} leads to ${drops} frames with the MACs of containers (${names})`, {
    seen: [seen],
    remedy,
  });
}

const crowded = (uplink: string, count: number): Complaint =>
  note(`${uplink} has ${plural(count, "MAC")} to listen for`, {
    seen: [
      `many network cards filter ${filterRoom} or fewer by themselves, and take in all frames beyond that`,
    ],
    remedy: "no frame is lost; the host looks at more of them. A card with a larger table spares it that",
  });
