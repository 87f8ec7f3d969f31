/** Whether frames with other MACs than the host's own are likely to be dropped beyond an uplink, as far as it can be seen. */
import type { SceneInterface } from "../../../lib/model/scene.ts";
import type { Patient } from "./patient.ts";

export interface MacRefusal {
  /** It is so; else it may be. */
  readonly sure: boolean;
  readonly seen: string;
  readonly remedy: string;
}

/** By /sys/class/dmi/id/sys_vendor: machines whose network knows each of its adapters by its MAC. */
const clouds: readonly (readonly [vendor: RegExp, name: string])[] = [
  [/^Amazon EC2/, "Amazon EC2"],
  [/^Google/, "Google Compute Engine"],
  [/^DigitalOcean/, "DigitalOcean"],
  [/^Hetzner/, "Hetzner Cloud"],
  [/^Alibaba Cloud/, "Alibaba Cloud"],
  [/^Oracle/, "Oracle Cloud"],
];

/** Kinds that are something of this host, or stand on what is. */
const within: readonly string[] = ["veth", "bridge", "dummy"];

const otherKind = "take another way to the network: a network of type nat, or another uplink";

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
  const vendor = files.text("/sys/class/dmi/id/sys_vendor")?.trim() ?? "";
  const product = files.text("/sys/class/dmi/id/product_name")?.trim() ?? "";
  const isAzure = vendor === "Microsoft Corporation" && product === "Virtual Machine" && isTagged(files);
  const cloud = isAzure ? "Azure" : clouds.find(([pattern]) => pattern.test(vendor))?.[1];
  if (cloud !== undefined)
    return {
      sure: true,
      seen: `this host is a machine of ${cloud} (sys_vendor: ${vendor}), whose network drops MACs it does not know`,
      remedy: otherKind,
    };
  if (!isVirtual(files)) return undefined;
  return {
    sure: false,
    seen: `this host is itself a virtual machine (${[vendor, product].filter(Boolean).join(" ") || "by its CPU"})`,
    remedy:
      "allow it at the hypervisor (VMware: forged transmits and promiscuous mode; Hyper-V: MAC address spoofing; libvirt: no clean-traffic filter): a machine of the LAN then gets an answer from a container",
  };
}

/** The chassis tag by which Azure's machines are told from others of Hyper-V. */
const isTagged = (files: Patient["files"]): boolean =>
  files.text("/sys/class/dmi/id/chassis_asset_tag")?.trim() === "7783-7084-3265-9085-8269-3286-77";

/** The flag by which a CPU says that it is not the whole machine. */
const isVirtual = (files: Patient["files"]): boolean =>
  /^flags\s*:.*\bhypervisor\b/m.test(files.text("/proc/cpuinfo") ?? "");
