import { describe, expect, it, test } from "vitest";
import { parseCniArgs } from "../../../lib/cni/args.ts";
import type { Issue, JsonObject } from "../../../lib/cni/read.ts";
import {
  readVnicConfig,
  requestedVnic,
  type VnicRequest,
  vnicAnnotation,
} from "../../../lib/planning/vnic-config.ts";
import type { VnicConfig } from "../../../lib/planning/vnic-keys.ts";

const plain = { type: "hostVnic", attach: "compartment", multiQueue: false, vnetHeader: true };

interface Said extends Omit<VnicRequest, "cniArgs" | "podAnnotations"> {
  readonly config?: JsonObject;
  readonly annotation?: unknown;
  /** CNI_ARGS. */
  readonly env?: string;
}

function read({ config = {}, annotation, env, ...rest }: Said) {
  const issues: Issue[] = [];
  const request: VnicRequest = {
    ...rest,
    ...(annotation === undefined ? {} : { podAnnotations: { [vnicAnnotation]: annotation } as JsonObject }),
    ...(env === undefined ? {} : { cniArgs: parseCniArgs(env) }),
  };
  return { read: readVnicConfig(config, request, issues), issues };
}

/** What was said of the vNIC, where nothing is wrong. */
function good(said: Said): VnicConfig {
  const { read: found, issues } = read(said);
  expect(issues).toEqual([]);
  return found;
}

describe("the vNIC that is asked for", () => {
  it("is a host vNIC where nobody says anything", () => {
    expect(good({})).toEqual(plain);
    expect(good({ capability: null, annotation: "", arg: "", env: "K8S_POD_NAME=web" })).toEqual(plain);
  });

  const whole = {
    vnic: "vmNic",
    vmNicAttach: "switch",
    tapName: "tap0",
    owner: 107,
    group: 36,
    multiQueue: true,
    vnetHeader: false,
  };
  const { vnic: type, vmNicAttach: attach, ...same } = whole;
  const wholeRead = { type, attach, ...same };

  test.each<[string, Said]>([
    ["the configuration", { config: whole }],
    ["the capability", { capability: whole }],
    ["args.cni", { arg: whole }],
  ])("may be told in full by %s", (_, said) => {
    expect(good(said)).toEqual(wholeRead);
  });

  const pods = { vnic: "vmNic", tapName: "tap0", multiQueue: true, vnetHeader: false };

  test.each([
    ["an annotation", JSON.stringify(pods)],
    ["an annotation with blanks before it", ` \n${JSON.stringify(pods)}`],
  ])("may be told by a pod as far as it is the pod's: %s", (_, annotation) => {
    const { vnic: _type, ...rest } = pods;
    expect(good({ annotation })).toEqual({ ...plain, type: "vmNic", ...rest });
  });

  test.each([
    ['{"vmNicAttach": "switch"}', "vmNicAttach"],
    ['{"vnic": "vmNic", "OWNER": 5}', "owner"],
    ['{"group": 5}', "group"],
  ])("leaves to the operator what appears on the host, and for whom: %s", (annotation, key) => {
    expect(() => read({ annotation })).toThrow(
      expect.objectContaining({
        code: 2,
        reason: "not-by-annotation",
        message: expect.stringContaining(`annotation vswitch-cni/vnic.${key} is not supported`),
      }),
    );
  });

  it("lets no pod name an interface of the host", () => {
    const annotation = '{"tapName": "wg0"}';
    expect(() => read({ annotation, config: { vmNicAttach: "switch" } })).toThrow(
      expect.objectContaining({ code: 2, reason: "not-by-annotation" }),
    );
    expect(good({ annotation, config: { vmNicAttach: "compartment" } }).tapName).toBe("wg0");
  });

  test.each<[string, Said]>([
    ["runtimeConfig.vnic", { capability: { tapNmae: "x" } }],
    ["annotation vswitch-cni/vnic", { annotation: '{"tapNmae": "x"}' }],
    ["args.cni.vnic", { arg: { vnic: "vmNic", tapNmae: "x" } }],
  ])("has no other keys in an object of its own: %s", (path, said) => {
    expect(() => read(said)).toThrow(
      expect.objectContaining({
        code: 2,
        reason: "unknown-key",
        message: expect.stringContaining(`${path}.tapNmae is not supported`),
      }),
    );
  });

  test.each<[string, Said]>([
    ["the configuration", { config: { vnic: "vmNic" } }],
    ["the capability", { capability: "vmNic" }],
    ["the annotation", { annotation: "vmNic" }],
    ["args.cni", { arg: "vmNic" }],
    ["CNI_ARGS", { env: "VNIC=vmNic" }],
  ])("may be told by its type alone: %s", (_, said) => {
    expect(good(said)).toEqual({ ...plain, type: "vmNic" });
  });

  test.each([
    ["our own names", "VNIC=vmNic;VMNIC_ATTACH=switch;TAP_NAME=tap0;TAP_OWNER=107;TAP_GROUP=36"],
    [
      "the names of tc-redirect-tap",
      "TC_REDIRECT_TAP_NAME=tap0;TC_REDIRECT_TAP_UID=107;TC_REDIRECT_TAP_GID=36;VNIC=vmNic;VMNIC_ATTACH=switch",
    ],
    [
      "both, of which our own count",
      "TAP_NAME=tap0;TAP_OWNER=107;TAP_GROUP=36;VNIC=vmNic;VMNIC_ATTACH=switch;" +
        "TC_REDIRECT_TAP_NAME=x;TC_REDIRECT_TAP_UID=1;TC_REDIRECT_TAP_GID=1",
    ],
  ])("is read from CNI_ARGS: %s", (_, env) => {
    const { multiQueue: _m, vnetHeader: _v, ...rest } = wholeRead;
    expect(good({ env })).toEqual({ ...plain, ...rest });
  });

  it("is that of the strongest word: capability, annotation, args.cni, CNI_ARGS, configuration", () => {
    const words: readonly (readonly [keyof Said, Said])[] = [
      ["capability", { capability: { tapName: "capability" } }],
      ["annotation", { annotation: '{"tapName": "annotation"}' }],
      ["arg", { arg: { tapName: "arg" } }],
      ["env", { env: "TAP_NAME=env" }],
      ["config", { config: { tapName: "config" } }],
    ];
    words.forEach(([name], i) => {
      const said = Object.assign({}, ...words.slice(i).map(([, one]) => one)) as Said;
      expect(good(said).tapName).toBe(name);
    });
  });

  it("takes from a weaker word what a stronger one leaves open", () => {
    const said = {
      capability: "vmNic",
      annotation: '{"multiQueue": true}',
      arg: { group: 6, owner: 7, multiQueue: false },
      env: "TAP_NAME=tap7;VNIC=hostVnic",
      config: { multiQueue: false, vnetHeader: false, tapName: "tap8" },
    };
    expect(good(said)).toEqual({
      type: "vmNic",
      attach: "compartment",
      owner: 7,
      group: 6,
      tapName: "tap7",
      multiQueue: true,
      vnetHeader: false,
    });
  });

  it("is turned back by a container on a network of guests", () => {
    expect(good({ config: { vnic: "vmNic" }, env: "VNIC=hostVnic" }).type).toBe("hostVnic");
    expect(good({ config: { multiQueue: true }, capability: { multiQueue: false } }).multiQueue).toBe(false);
    expect(good({ config: { owner: 5 }, capability: { owner: 0 } }).owner).toBe(0);
  });

  test.each<[string, Said, Partial<VnicConfig>]>([
    [
      "keys",
      { config: { VNIC: "vmNic", TapName: "t", MULTIQUEUE: true } },
      { tapName: "t", multiQueue: true },
    ],
    ["keys in a capability", { capability: { Vnic: "vmNic", VmNicAttach: "switch" } }, { attach: "switch" }],
    ["keys in an annotation", { annotation: '{"vNIC": "vmNic", "TAPNAME": "t"}' }, { tapName: "t" }],
    ["types", { config: { vnic: "VMNIC", vmNicAttach: "Switch" } }, { attach: "switch" }],
  ])("does not depend on the case of %s", (_, said, found) => {
    expect(good(said)).toEqual({ ...plain, type: "vmNic", ...found });
  });

  it("does not take a known key whose value is null for one", () => {
    expect(good({ capability: { vnic: null, tapName: null, owner: null } })).toEqual(plain);
  });

  test.each<[string, unknown, Partial<VnicConfig>]>([
    ["owner", "107", { owner: 107 }],
    ["owner", 0, { owner: 0 }],
    ["group", "4294967294", { group: 4294967294 }],
    ["multiQueue", "true", { multiQueue: true }],
    ["multiQueue", "1", { multiQueue: true }],
    ["vnetHeader", "false", { vnetHeader: false }],
    ["vnetHeader", "0", { vnetHeader: false }],
    ["tapName", "a-tap.of_15byte", { tapName: "a-tap.of_15byte" }],
    ["tapName", "ééééééé", { tapName: "ééééééé" }],
  ])("has %s %j", (key, value, found) => {
    expect(good({ config: { [key]: value } })).toEqual({ ...plain, ...found });
  });
});

const id = "a user or group number";
const name = "an interface name of at most 15 bytes";
const flag = "true or false";

describe("what is wrong with the vNIC that is asked for", () => {
  test.each<[keyof typeof expectedOf, unknown, string]>([
    ["vnic", "tap", '"tap"'],
    ["vnic", "", '""'],
    ["vnic", 1, "1"],
    ["vnic", ["vmNic"], "a list of 1"],
    ["vmNicAttach", "host", '"host"'],
    ["vmNicAttach", true, "true"],
    ["owner", -1, "-1"],
    ["owner", 0.5, "0.5"],
    ["owner", "root", '"root"'],
    ["owner", "", '""'],
    ["owner", "0x10", '"0x10"'],
    ["owner", " 1", '" 1"'],
    ["owner", "1\n", '"1\\n"'],
    ["owner", 0xffff_ffff, "4294967295"],
    ["owner", "99999999999", '"99999999999"'],
    ["group", {}, "an object"],
    ["group", true, "true"],
    ["multiQueue", "yes", '"yes"'],
    ["multiQueue", 1, "1"],
    ["vnetHeader", [], "a list of 0"],
    ["tapName", "", '""'],
    ["tapName", 7, "7"],
    ["tapName", "sixteen-bytes-16", '"sixteen-bytes-16"'],
    ["tapName", "éééééééé", '"éééééééé"'],
    ["tapName", "a b", '"a b"'],
    ["tapName", "a\n", '"a\\n"'],
    ["tapName", "../x", '"../x"'],
    ["tapName", "a:1", '"a:1"'],
    ["tapName", "tap%d", '"tap%d"'],
    ["tapName", ".", '"."'],
    ["tapName", "..", '".."'],
    ["tapName", "tap\0x", '"tap\\u0000x"'],
    ["tapName", "a\u0085", JSON.stringify("a\u0085")],
    ["tapName", "a\x1b[2J", '"a\\u001b[2J"'],
    // /proc/sys/net/*/conf/all and default are of every interface.
    ["tapName", "all", '"all"'],
    ["tapName", "default", '"default"'],
  ])("is told of %s %j, wherever it is said", (key, value, received) => {
    const expected = expectedOf[key];
    const at = (path: string) => [{ path, expected, received }];
    const given = { [key]: value };
    expect(read({ config: given }).issues).toEqual(at(key));
    expect(read({ capability: given }).issues).toEqual(at(`runtimeConfig.vnic.${key}`));
    expect(read({ arg: given }).issues).toEqual(at(`args.cni.vnic.${key}`));
    if (key in pods)
      expect(read({ annotation: JSON.stringify(given) }).issues).toEqual(
        at(`annotation vswitch-cni/vnic.${key}`),
      );
  });

  const pods = { vnic: "", tapName: "", multiQueue: "", vnetHeader: "" };
  const expectedOf = {
    vnic: "hostVnic or vmNic",
    vmNicAttach: "compartment or switch",
    owner: id,
    group: id,
    multiQueue: flag,
    vnetHeader: flag,
    tapName: name,
  } as const;

  test.each([
    ["VNIC=vm", "hostVnic or vmNic", '"vm"'],
    ["VNIC=", "hostVnic or vmNic", '""'],
    ["VMNIC_ATTACH=1", "compartment or switch", '"1"'],
    ["TAP_OWNER=me", id, '"me"'],
    ["TC_REDIRECT_TAP_GID=-1", id, '"-1"'],
    ["TAP_NAME=a/b", name, '"a/b"'],
  ])("is told of CNI_ARGS %s", (env, expected, received) => {
    expect(read({ env }).issues).toEqual([{ path: `CNI_ARGS ${env.split("=")[0]}`, expected, received }]);
  });

  test.each<[string, Said, string, string, string]>([
    ["a capability that is a number", { capability: 7 }, "runtimeConfig.vnic", "hostVnic or vmNic", "7"],
    ["a list in args.cni", { arg: [] }, "args.cni.vnic", "hostVnic or vmNic", "a list of 0"],
    ["an annotation", { annotation: "VM" }, "annotation vswitch-cni/vnic", "hostVnic or vmNic", '"VM"'],
    [
      "an annotation that is no JSON",
      { annotation: '{"vnic": vmNic}' },
      "annotation vswitch-cni/vnic",
      "a type of vNIC, or a JSON object",
      '"{\\"vnic\\": vmNic}"',
    ],
    [
      "an annotation of two objects",
      { annotation: "{}{}" },
      "annotation vswitch-cni/vnic",
      "a type of vNIC, or a JSON object",
      '"{}{}"',
    ],
  ])("is told of %s", (_, said, path, expected, received) => {
    expect(read(said).issues).toEqual([{ path, expected, received }]);
  });

  it("is all told at once", () => {
    const { issues } = read({
      capability: { vnic: "x", owner: "y" },
      env: "TAP_NAME=/",
      config: { group: -1, multiQueue: 2 },
    });
    expect(issues.map(({ path }) => path)).toEqual([
      "runtimeConfig.vnic.vnic",
      "runtimeConfig.vnic.owner",
      "CNI_ARGS TAP_NAME",
      "group",
      "multiQueue",
    ]);
  });

  it("reaches no prototype, whatever an annotation says", () => {
    const hostile = '{"__proto__": {"type": "vmNic"}, "constructor": {"prototype": {"attach": "switch"}}}';
    expect(() => read({ annotation: hostile })).toThrow(expect.objectContaining({ reason: "unknown-key" }));
    expect(good({})).toEqual(plain);
  });
});

test("what a runtime says of a container is found in the request of its ADD", () => {
  const config = {
    name: "net",
    runtimeConfig: { vnic: "vmNic", "io.kubernetes.cri.pod-annotations": { [vnicAnnotation]: "hostVnic" } },
    args: { cni: { vnic: { owner: 5 } } },
  };
  const args = parseCniArgs("TAP_NAME=t");
  const request = { config, args } as unknown as Parameters<typeof requestedVnic>[0];
  expect(requestedVnic(request)).toEqual({
    capability: "vmNic",
    podAnnotations: { [vnicAnnotation]: "hostVnic" },
    arg: { owner: 5 },
    cniArgs: args,
  });
});
