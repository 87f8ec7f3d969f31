import { describe, expect, test } from "vitest";
import { noNamespace, runJson, titled } from "./own-namespace.ts";

describe.skipIf(noNamespace !== undefined)(titled("a tap"), () => {
  // The kernel lets anybody open one that has neither.
  test("that is asked for nobody is root's", () => {
    expect(runJson("tap-in-kernel.ts")).toMatchObject([
      { ifname: "nobody", user: "root" },
      { ifname: "user", user: expect.anything() },
      { ifname: "group", group: expect.anything() },
    ]);
  });
});
