import { describe, expect, it, test } from "vitest";
import { mac } from "../../../../lib/addr/mac.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { JsonObject } from "../../../../lib/cni/read.ts";
import { linuxTool } from "../../../../lib/linux/tool.ts";
import { diff } from "../../../../lib/model/diff.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import { beyondRepair } from "../../../../lib/model/repair.ts";
import { isStacked } from "../../../../lib/model/switch.ts";
import { joinedTap, linkName } from "../../../../lib/model/vm-nic.ts";
import type { Netlink } from "../../../../lib/netlink/connection.ts";
import { addAddress } from "../../../../lib/netlink/route/address.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import { deleteLink, getLink } from "../../../../lib/netlink/route/link.ts";
import { setLink } from "../../../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../../../lib/netlink/route/veth.ts";
import { deleteQdisc } from "../../../../lib/netlink/tc/qdisc.ts";
import { asGuest } from "../../../plugins/nat/guest.ts";
import { lab } from "../fake-host.ts";
import { lanLab } from "../fake-lan.ts";

const ips = ["10.88.0.5/16", "fd00::5/64"];
const key = "26026bd18b7c";
const path = "/run/netns/c1";

/** A host where the network is in use, and the plan of a guest's NIC. */
function onNat(config: JsonObject = {}) {
  const host = lab();
  host.apply(host.plan({ owner: { containerId: "before" }, ips: ["10.88.0.9/16", "fd00::9/64"] }));
  return { ...host, guest: host.plan(asGuest({ ips }, config)) };
}

function onLan(config: JsonObject = {}) {
  const host = lanLab();
  host.apply(host.plan({ owner: { containerId: "before" }, ips: [] }));
  return {
    ...host,
    guest: host.plan({ config: { dad: false, vnic: "vmNic", ...config }, ips: ["192.0.2.100/24"] }),
  };
}

interface Scene extends Pick<ReturnType<typeof lab>, "kernel" | "backend"> {
  readonly guest: Plan;
  apply(plan: Plan): void;
}

const places: readonly (readonly [string, () => Scene])[] = [
  ["in the compartment", () => onNat()],
  ["in the compartment under its own name", () => onNat({ tapName: "tap0" })],
  ["on the switch", () => onNat({ vmNicAttach: "switch" })],
  ["on the switch under its own name", () => onNat({ vmNicAttach: "switch", tapName: "tap0" })],
  ["behind a macvlan", () => onLan()],
];

/** What is in the compartment. */
function within({ kernel, guest }: Scene, act: (inside: Netlink) => void): void {
  const handle = kernel.openCompartment(guest.compartment.path);
  act(handle.netlink);
  handle.close();
}

const indexOf = (netlink: Netlink, name: string): number =>
  netlink.request(getLink(name)).map(decodeLink)[0]?.index ?? expect.fail(`no ${name}`);
const differences = ({ backend, guest }: Scene) => diff(guest, backend.observe(guest));

describe.each(places)("a guest's NIC %s", (_, make) => {
  it("is as planned after ADD, with nothing of the guest's on the host, and gone after DEL", () => {
    const scene = make();
    const { kernel, backend, guest } = scene;
    const before = kernel.dump();
    scene.apply(guest);
    expect(differences(scene)).toEqual([]);
    const made = kernel.dump();
    for (const address of guest.vnic.addresses)
      expect(made).not.toMatch(new RegExp(`^ +address ${address}`, "m"));
    expect(backend.isAttached({ key: guest.key, path, plan: guest })).toBe(true);
    backend.remove({ key: guest.key, plan: guest });
    expect(kernel.dump()).toBe(before);
    expect(backend.isAttached({ key: guest.key, path, plan: guest })).toBe(false);
    backend.remove({ key: guest.key, plan: guest });
    expect(kernel.dump()).toBe(before);
  });

  it("is removed by its marks where the state is lost, and once more without harm", () => {
    const scene = make();
    const { kernel, backend, guest } = scene;
    const before = kernel.dump();
    scene.apply(guest);
    for (let i = 0; i < 2; i++) {
      backend.remove({ key: guest.key, path });
      expect(kernel.dump()).toBe(before);
    }
  });

  it("is found by its marks on the host, as far as it is there, and attached to all who ask", () => {
    const scene = make();
    const { backend, guest } = scene;
    scene.apply(guest);
    if (isStacked(guest.switch)) return;
    const mark = backend.marks(guest.owner.network).endpoints.find((one) => one.key === guest.key);
    expect(mark).toMatchObject({ owner: guest.owner, addresses: guest.vnic.addresses });
    expect(backend.isAttached({ key: guest.key })).toBe(true);
  });

  it("is removed under whatever name somebody gave it", () => {
    const scene = make();
    const { kernel, backend, guest } = scene;
    const before = kernel.dump();
    scene.apply(guest);
    const rename = (netlink: Netlink, name: string) =>
      netlink.request(setLink(indexOf(netlink, name), { rename: "elsewhere" }));
    const tap = joinedTap(guest);
    if (tap === undefined) rename(kernel.host, guest.port.name);
    else within(scene, (inside) => rename(inside, tap.name));
    backend.remove({ key: guest.key, path, plan: guest });
    expect(kernel.dump()).toBe(before);
  });

  it("that is another's is left where it is", () => {
    const scene = make();
    const { kernel, backend, guest } = scene;
    scene.apply(guest);
    const foreign = `vswitch:endpoint ${"0".repeat(32)} - net/other/eth0`;
    const tap = joinedTap(guest)?.name ?? guest.port.name;
    const mark = (netlink: Netlink) => netlink.request(setLink(indexOf(netlink, tap), { alias: foreign }));
    if (joinedTap(guest) === undefined) mark(kernel.host);
    else within(scene, mark);
    backend.remove({ key: guest.key, path, plan: guest });
    expect(kernel.dump()).toMatch(new RegExp(`^ +link ${tap} .*other/eth0`, "m"));
  });

  it("is removed when its compartment is gone", () => {
    const scene = make();
    const { kernel, backend, guest } = scene;
    kernel.removeCompartment(path);
    const without = kernel.dump();
    kernel.addCompartment(path);
    scene.apply(guest);
    kernel.removeCompartment(path);
    for (const removal of [{ key: guest.key, plan: guest }, { key: guest.key, path }, { key: guest.key }]) {
      backend.remove(removal);
      expect(kernel.dump()).toBe(without);
    }
  });

  it("of which an ADD was killed at any moment goes by its plan, and by its key", () => {
    const calm = make();
    const start = calm.kernel.log.length;
    calm.apply(calm.guest);
    const count = calm.kernel.log.length - start;
    for (const known of [true, false]) {
      const scene = make();
      const { kernel, backend, guest } = scene;
      const before = kernel.dump();
      const again = kernel.save();
      for (let k = 1; k <= count; k++) {
        again();
        kernel.failAt(k, "EPERM", Number.POSITIVE_INFINITY);
        expect(() => scene.apply(guest)).toThrow();
        const title = kernel.log.at(-1);
        kernel.calm();
        backend.remove({ key: guest.key, path, ...(known ? { plan: guest } : {}) });
        // A macvlan has its own mark only after its name: without a plan nobody knows whose it is.
        if (known || !isStacked(guest.switch)) expect(kernel.dump(), title).toBe(before);
      }
    }
  });
});

type Damage = (scene: Scene) => void;
const inside =
  (act: (netlink: Netlink, names: { readonly link: string; readonly tap: string }) => void): Damage =>
  (scene) =>
    within(scene, (netlink) =>
      act(netlink, { link: linkName(scene.guest), tap: joinedTap(scene.guest)?.name ?? "none" }),
    );
const atPort =
  (changes: Parameters<typeof setLink>[1]): Damage =>
  ({ kernel, guest }) =>
    kernel.host.request(setLink(guest.port.name, changes));
const address = (netlink: Netlink, name: string) =>
  netlink.request(addAddress({ index: indexOf(netlink, name), address: prefix("10.88.0.5/16") }));

const damages: Readonly<Record<string, Damage>> = {
  "a link that is down": inside((netlink, { link }) => netlink.request(setLink(link, { up: false }))),
  "a tap that is down": inside((netlink, { tap }) => netlink.request(setLink(tap, { up: false }))),
  "an address on the link": inside((netlink, { link }) => address(netlink, link)),
  "an address on the tap": inside((netlink, { tap }) => address(netlink, tap)),
  "another MAC and MTU of what runtimes look at": inside((netlink) =>
    netlink.request(setLink("eth0", { mac: mac("02:00:00:00:00:99"), mtu: 1300 })),
  ),
  "no way to the guest": inside((netlink, { link }) =>
    netlink.request(deleteQdisc(indexOf(netlink, link), "ingress")),
  ),
  "no way from the guest": inside((netlink, { tap }) =>
    netlink.request(deleteQdisc(indexOf(netlink, tap), "ingress")),
  ),
};
const portDamages: Readonly<Record<string, Damage>> = {
  "a port that is down": atPort({ up: false }),
  "a port that left its switch": atPort({ master: 0 }),
  "a port with another MTU": atPort({ mtu: 1300 }),
  "an address on the port": ({ kernel, guest }) => void address(kernel.host, guest.port.name),
};

const mended: readonly (readonly [string, string, () => Scene, Damage])[] = places.flatMap(([place, make]) =>
  Object.entries({
    ...(place.includes("switch") ? {} : damages),
    ...(place.includes("macvlan") ? {} : portDamages),
  })
    // The host's end of a pair is no tap: what it has of addresses is for others to say.
    .filter(([what]) => place.includes("switch") || what !== "an address on the port")
    .map(([what, damage]) => [what, place, make, damage] as const),
);

describe("repair mends", () => {
  test.each(mended)("%s of a guest's NIC %s", (_, __, make, damage) => {
    const scene = make();
    const { kernel, backend, guest } = scene;
    scene.apply(guest);
    const whole = kernel.dump();
    damage(scene);
    expect(differences(scene)).not.toEqual([]);
    expect(beyondRepair(guest, backend.observe(guest))).toBeUndefined();
    repair(scene);
    expect(differences(scene)).toEqual([]);
    expect(kernel.dump()).toBe(whole);
  });

  test.each(places)("no tap %s that is gone: to its monitor a new one would be another", (_, make) => {
    const scene = make();
    const { kernel, backend, guest } = scene;
    const before = kernel.dump();
    scene.apply(guest);
    const tap = joinedTap(guest);
    if (tap === undefined) kernel.host.request(deleteLink(guest.port.name));
    else within(scene, (netlink) => netlink.request(deleteLink(tap.name)));
    const facts = backend.observe(guest);
    expect(
      diff(guest, facts)
        .map(({ what, found }) => `${what} ${found}`)
        .join(),
    ).toContain("tap");
    expect(beyondRepair(guest, facts)?.why).toMatch(/^its tap \S+ is gone/);
    backend.remove({ key: guest.key, plan: guest });
    expect(kernel.dump()).toBe(before);
  });
});

function repair({ kernel, guest }: Scene): void {
  const tool = linuxTool(undefined, kernel);
  const { after } = tool.repair(guest, { dryRun: false, exclusively: (fn) => fn(), others: () => [] });
  expect(after).toEqual([]);
}

describe("a name that is somebody's", () => {
  const refused = (scene: Scene) => {
    const before = scene.kernel.dump();
    let found: unknown;
    try {
      scene.apply(scene.guest);
    } catch (error) {
      found = error;
    }
    expect(scene.kernel.dump()).toBe(before);
    return found;
  };
  const link = (name: string) => createVeth({ name, peer: { name: "far" } });

  test.each<[string, JsonObject, string, string]>([
    ["CNI_IFNAME, which the tap shall have", {}, "eth0", `eth0 exists in ${path}`],
    ["CNI_IFNAME, which the link shall have", { tapName: "tap0" }, "eth0", `eth0 exists in ${path}`],
    ["the tap's own", { tapName: "tap0" }, "tap0", `tap0 exists in ${path}`],
    ["that of the link beside the tap", {}, `vj-${key}`, `vj-${key} exists in ${path}`],
  ])("in the compartment is told: %s", (_, config, name, text) => {
    const scene = onNat(config);
    within(scene, (netlink) => netlink.request(link(name)));
    expect(refused(scene)).toMatchObject({
      code: 101,
      reason: "interface-exists",
      message: expect.stringContaining(`interface ${text} already`),
    });
  });

  test.each<[JsonObject, string]>([
    [{ vmNicAttach: "switch", tapName: "tap0" }, "tap0"],
    [{ vmNicAttach: "switch" }, `vp-${key}`],
  ])("on the host is told: %j", (config, name) => {
    const scene = onNat(config);
    scene.kernel.host.request(link(name));
    expect(refused(scene)).toMatchObject({
      code: 101,
      reason: "interface-exists",
      message: expect.stringMatching(new RegExp(`${name} exists( on the host)? already`)),
    });
  });

  it("on the host does not matter to what is in a compartment", () => {
    const scene = onNat({ tapName: "tap0" });
    scene.kernel.host.request(link("tap0"));
    scene.apply(scene.guest);
    expect(differences(scene)).toEqual([]);
  });
});

test("a tap is told of as another by its user, group and queues, which repair leaves alone", () => {
  const scene = onNat({ owner: 107 });
  scene.apply(scene.guest);
  const wanted = { ...scene, guest: { ...scene.guest, vnic: { ...scene.guest.vnic } } as Plan };
  Object.assign(wanted.guest.vnic, {
    tap: { ...joinedTap(scene.guest), owner: 5, group: 6, multiQueue: true },
  });
  expect(differences(wanted).map(({ what }) => what)).toEqual([
    "owner of tap eth0",
    "group of tap eth0",
    "queues of tap eth0",
  ]);
});
