import { describe, expect, test } from "vitest";
import { noNamespace, runJson, titled } from "./own-namespace.ts";

describe.skipIf(noNamespace !== undefined)(titled("tx checksums"), () => {
  test("are turned off and on for one link alone, and a link that is not there is named", () => {
    expect(runJson("offload-in-kernel.ts")).toEqual({
      absent: "absent",
      before: [true, true],
      off: [false, true],
      offAgain: [false, true],
      on: [true, true],
      refused: [
        expect.stringMatching(/turn tx checksums of nothing off.*ENODEV/),
        expect.stringMatching(/turn tx checksums of lo off.*EOPNOTSUPP/),
      ],
    });
  });
});
