/** The formats of a guest's configuration by their names; their code is loaded when one is asked for. */
import type { GuestNic, GuestText } from "./guest-nic.ts";

export const guestFormats = ["json", "kernel-ip", "cloud-init", "hcn"] as const;
export type GuestFormat = (typeof guestFormats)[number];

/** @param devices names that the guest shall have or has for its NICs, in their order; may be fewer */
export type FormatGuest = (nics: readonly GuestNic[], devices: readonly string[]) => GuestText;

export interface GuestFormatKind {
  /** It has a place for names of the guest's devices. */
  readonly namesDevices: boolean;
  readonly load: () => Promise<FormatGuest>;
}

export const formatKinds: Readonly<Record<GuestFormat, GuestFormatKind>> = {
  json: { namesDevices: false, load: async () => (await import("./format-json.ts")).formatJson },
  "kernel-ip": {
    namesDevices: true,
    load: async () => (await import("./format-kernel-ip.ts")).formatKernelIp,
  },
  "cloud-init": {
    namesDevices: true,
    load: async () => (await import("./format-cloud-init.ts")).formatCloudInit,
  },
  hcn: { namesDevices: false, load: async () => (await import("./format-hcn.ts")).formatHcn },
};
