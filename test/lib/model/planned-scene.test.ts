import { describe, expect, it } from "vitest";
import { traceAcross } from "../../../lib/model/path/trace-across.ts";
import { plannedScene } from "../../../lib/model/planned-scene.ts";
import { type OverlayMode, overlayModes } from "../../../lib/model/switch.ts";
import { addressesAt, overlayHost } from "./path/overlay-scene.ts";
import { usual } from "./path/story.ts";

/** From the first host to a container of another one, of which only the state is known. */
function across(mode: OverlayMode, last: number) {
  const here = overlayHost(1, mode);
  const { scene } = overlayHost(2, mode, { db: { aclDefault: { In: "Block", Out: "Allow" } } });
  const [address = ""] = addressesAt(2, mode, last);
  const destination = address.replace(/[/].*/, "") as never;
  const probe = { kind: "ip", destination, protocol: 6, destinationPort: 80, opens: true } as const;
  const start = { kind: "endpoint", key: here.web.key } as const;
  return traceAcross(here.scene, start, probe, {}, [plannedScene(scene.networks, scene.endpoints)]).far;
}

describe.each(overlayModes)("a host of an overlay network as it was planned (%s)", (mode) => {
  it("takes a packet as it would if it could be asked", () => {
    expect(across(mode, 2)).toMatchObject([
      { host: "host-2", trace: { verdict: { kind: "delivered", to: { owner: "blue/web/eth0" } } } },
    ]);
    expect(across(mode, 3)).toMatchObject([
      { trace: { verdict: { kind: "dropped", stage: "port.acl.in" } } },
    ]);
  });
});

describe("a host as it was planned", () => {
  it("has an interface for each switch and port, and none for what hangs on its uplink", () => {
    const { scene } = usual({ lan: {} });
    const names = plannedScene(scene.networks, scene.endpoints).host.interfaces.map(({ name }) => name);
    const ports = scene.endpoints.filter(({ switch: { kind } }) => kind === "internal");
    expect(names).toEqual(["lo", "vsw-nat", "vsw-other", ...ports.map(({ port }) => port.name)]);
  });
});
