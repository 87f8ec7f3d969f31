import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { localUid } from "../../../lib/cluster/local-uid.ts";
import { testFolder } from "../state/fixture.ts";

const machineId = "0123456789abcdef0123456789abcdef";

describe("the uid of a host", () => {
  const setUp = (): { folder: string; machine: string } => {
    const folder = testFolder();
    mkdirSync(folder, { recursive: true });
    const machine = join(folder, "machine-id");
    writeFileSync(machine, `${machineId}\n`);
    return { folder, machine };
  };

  it("follows from its machine-id and the folder of its state, whatever is in that", () => {
    const { folder, machine } = setUp();
    const uid = localUid(folder, machine);
    expect(uid).toMatch(/^[0-9a-f]{32}$/);
    expect(uid).not.toContain(machineId);
    writeFileSync(join(folder, "state.db"), "x");
    expect(localUid(`${folder}/`, machine)).toBe(uid);
    expect(localUid(`${folder}2`, machine)).not.toBe(uid);
  });

  it("is what an administrator wrote, where there are clones or there is no machine-id", () => {
    const { folder } = setUp();
    expect(() => localUid(folder, "/nowhere")).toThrow(
      expect.objectContaining({ code: 106, reason: "machine-id-missing" }),
    );
    writeFileSync(join(folder, "node-id"), "rack-7.node_3\n");
    expect(localUid(folder, "/nowhere")).toBe("rack-7.node_3");
    writeFileSync(join(folder, "node-id"), "a b");
    expect(() => localUid(folder, "/nowhere")).toThrow(
      expect.objectContaining({ reason: "node-id-invalid" }),
    );
  });
});
