/** Whether frames with other MACs than the host's own are likely to be dropped beyond an uplink, as far as it can be seen. */

import type { SceneInterface } from "../../../lib/model/scene.ts";
import { cloudOf, type Firmware } from "../../../lib/model/uplink-nature.ts";
import type { Patient } from "./patient.ts";

export interface MacRefusal {
  /** It is so; else it may be. */
  readonly sure: boolean;
  readonly seen: string;
  readonly remedy: string;
}

/** Kinds that are something of this host, or stand on what is. */
const within: readonly string[] = ["veth", "bridge", "dummy"];

const otherKind =
  'take "switch": "routed", which needs the host\'s own MAC alone; a network of type nat; or another uplink';

/** @returns undefined where nothing speaks for it */
export function macRefusal({ files }: Patient, { name, kind }: SceneInterface): MacRefusal | undefined {
  if (kind !== undefined && within.includes(kind)) return undefined;
  const sys = `/sys/class/net/${name}`;
  if (files.text(`${sys}/phy80211/name`) !== undefined || files.list(`${sys}/wireless`).length > 0)
    return {
      sure: true,
      seen: `${name} is wireless: an access point takes frames of the one MAC that joined it`,
      remedy: otherKind,
    };
  const firmware = firmwareOf(files);
  const cloud = cloudOf(firmware);
  if (cloud !== undefined)
    return {
      sure: true,
      seen: `this host is a machine of ${cloud} (its firmware says so), whose network drops MACs it does not know`,
      remedy: otherKind,
    };
  if (!isVirtual(files)) return undefined;
  return {
    sure: false,
    seen: `this host is itself a virtual machine (${[firmware.vendor, firmware.product].filter(Boolean).join(" ") || "by its CPU"})`,
    remedy:
      "allow it at the hypervisor (VMware: forged transmits and promiscuous mode; Hyper-V: MAC address spoofing; libvirt: no clean-traffic filter): a machine of the LAN then gets an answer from a container",
  };
}

function firmwareOf(files: Patient["files"]): Firmware {
  const word = (file: string) => files.text(`/sys/class/dmi/id/${file}`)?.trim();
  return {
    vendor: word("sys_vendor"),
    product: word("product_name"),
    bios: word("bios_vendor"),
    chassisTag: word("chassis_asset_tag"),
  };
}

/** The flag by which a CPU says that it is not the whole machine. */
const isVirtual = (files: Patient["files"]): boolean =>
  /^flags\s*:.*\bhypervisor\b/m.test(files.text("/proc/cpuinfo") ?? "");
