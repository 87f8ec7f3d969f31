import { expect, test } from "vitest";
import { CniError } from "../../../lib/cni/error.ts";
import { type RunInput, run, type Verbs } from "../../../lib/cni/run.ts";
import { runOn } from "../../../lib/cni/run-on.ts";

const env = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_IFNAME: "eth0",
  CNI_NETNS: "/run/netns/c1",
  CNI_PATH: "/opt/cni/bin",
};
const stdin = JSON.stringify({ cniVersion: "1.1.0", name: "net", type: "x" });
const done = { interfaces: [], ips: [], routes: [], dns: {} };
const lacking = () => new CniError(11, "lacking", { reason: "lacking" });

function input(verbs: Partial<Verbs>, command = "ADD"): RunInput {
  const whole: Verbs = { add: () => done, del: () => undefined, check: () => {}, ...verbs };
  return { env: { ...env, CNI_COMMAND: command }, stdin, verbs: whole, about: { type: "x", version: "0" } };
}

const play = (given: RunInput) => runOn(given, run(given));

test("an ADD that lacks something is called again for as long as there is a remedy, and only its end is told", async () => {
  let left = 2;
  const outcome = await play(
    input({
      add: () => {
        if (left > 0) throw lacking();
        return done;
      },
      remedy: () => async (log) => {
        left--;
        log.warn(`${left} left`);
      },
    }),
  );
  expect(outcome).toMatchObject({ exitCode: 0, stderr: "x: 1 left\nx: 0 left\n" });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ cniVersion: "1.1.0" });
});

test("what a remedy throws is the outcome", async () => {
  const remedy = () => async () => {
    throw new CniError(102, "no block is free", { reason: "blocks-exhausted" });
  };
  const add = () => {
    throw lacking();
  };
  const { stdout, exitCode, stderr } = await play(input({ add, remedy }));
  expect([JSON.parse(stdout), exitCode]).toMatchObject([{ code: 102, msg: "no block is free" }, 1]);
  expect(stderr).toBe("x: ADD failed: no block is free\n");
});

test("a failure without a remedy stays what it is, and other verbs have none", () => {
  const fail = (): never => {
    throw lacking();
  };
  const remedy = () => async () => {};
  expect(run(input({ add: fail }))).not.toHaveProperty("remedy");
  expect(run(input({ check: fail, remedy }, "GC"))).not.toHaveProperty("remedy");
});

test("what follows a DEL is done before the process ends, and a failure of it is only said", async () => {
  const seen: string[] = [];
  const after = input({ del: () => async () => void seen.push("given back") }, "DEL");
  expect(await play(after)).toMatchObject({ stdout: "", exitCode: 0 });
  expect(seen).toEqual(["given back"]);
  const failing = input(
    {
      del: () => async () => {
        throw new Error("later");
      },
    },
    "DEL",
  );
  expect(await play(failing)).toMatchObject({ stdout: "", exitCode: 0, stderr: "x: later\n" });
});
