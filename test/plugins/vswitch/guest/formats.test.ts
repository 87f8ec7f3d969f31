import { describe, expect, test } from "vitest";
import { formatKinds, guestFormats } from "../../../../plugins/vswitch/guest/formats.ts";
import { keyGuid, pathGuid } from "../../../../plugins/vswitch/guest/guid.ts";
import { expectApproved } from "../../../approved.ts";
import { guests, lanGuest, natGuest, nicsOf } from "./fixture.ts";

describe("what a guest is told", () => {
  test.each(guestFormats)("is as approved in format %s", async (name) => {
    const format = await formatKinds[name].load();
    const parts = Object.entries(guests).map(([title, plans]) => {
      const { text, unsaid } = format(nicsOf(plans), []);
      return [`--- ${title}`, text, ...unsaid.map((one) => `(unsaid: ${one})`)].join("\n");
    });
    expectApproved(`plugins/vswitch/guest/${name}.txt`, parts.join("\n"));
  });
});

describe("a configuration of cloud-init", () => {
  test("is YAML as it stands", async () => {
    const format = await formatKinds["cloud-init"].load();
    for (const plans of Object.values(guests)) {
      const { text } = format(nicsOf(plans), []);
      const [comment, ...rest] = text.split("\n");
      expect(comment).toMatch(/^# /);
      expect(Bun.YAML.parse(text)).toEqual(JSON.parse(rest.join("\n")));
    }
  });

  test("gives the NICs the names that are asked for", async () => {
    const format = await formatKinds["cloud-init"].load();
    const { text } = format(nicsOf(guests["two NICs"] ?? []), ["ens3"]);
    expect(text).toContain('"set-name": "ens3"');
    expect(text).toContain('"set-name": "eth1"');
  });
});

describe("the kernel's ip=", () => {
  test("names the devices that are asked for", async () => {
    const format = await formatKinds["kernel-ip"].load();
    const { text } = format(nicsOf(guests["two NICs"] ?? []), ["enp1s0", "enp2s0"]);
    expect(text.split("\n").map((line) => line.split(":")[5])).toEqual(["enp1s0", "enp2s0"]);
  });

  test("has nothing for a guest of IPv6 alone, and says what is left out", async () => {
    const format = await formatKinds["kernel-ip"].load();
    const { text, unsaid } = format(nicsOf([natGuest({ ips: ["fd00::5/64 fd00::1"] })]), []);
    expect(text).toBe("");
    expect(unsaid).toEqual(["ip= cannot say of net/c1/eth0: address fd00::5/64, route ::/0 via fd00::1"]);
  });

  test("has no gateway that the kernel would refuse: one beyond the subnet", async () => {
    const format = await formatKinds["kernel-ip"].load();
    const { text, unsaid } = format(nicsOf([lanGuest({ ips: ["192.0.2.5/32 192.0.2.254"] })]), []);
    expect(text).toBe("ip=192.0.2.5:::255.255.255.255::eth0:off");
    expect(unsaid).toEqual(["ip= cannot say of lan/c1/eth0: route 0.0.0.0/0 via 192.0.2.254"]);
  });
});

describe("a GUID", () => {
  // python3 -c 'import uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, "file:///run/netns/web"))'
  test("of a compartment is what others make of its path", () => {
    expect(pathGuid("/run/netns/web")).toBe("aaefde50-3cdc-5704-b9ff-50031e28ccfb");
  });

  test("of an endpoint is its key, with the version of one's own making", () => {
    expect(keyGuid("0123456789abcdef0123456789abcdef")).toBe("01234567-89ab-8def-8123-456789abcdef");
  });
});
