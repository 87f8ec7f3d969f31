import { expect, test } from "vitest";
import type { Check } from "../../../../plugins/vswitch/doctor/check.ts";
import { checks } from "../../../../plugins/vswitch/doctor/checks.ts";
import { diagnose, worstFirst } from "../../../../plugins/vswitch/doctor/diagnose.ts";
import { error, note, some } from "../../../../plugins/vswitch/doctor/finding.ts";
import { formatFindings } from "../../../../plugins/vswitch/doctor/format-findings.ts";
import { patient } from "./patients.ts";

const check = (id: string, find: Check["find"]): Check => ({
  id,
  needs: [],
  fine: `${id} is fine`,
  find,
});

test("each check has an id of its own, and says what is well", () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  expect(checks.filter(({ id, fine }) => !/^[a-z-]+$/.test(id) || fine === "")).toEqual([]);
});

test("a host that is well gets a short list of what is well", async () => {
  const text = formatFindings(
    await diagnose(
      patient(),
      checks.filter(({ id }) => id !== "plugin-folders"),
    ),
  );
  const lines = text.split("\n");
  expect(lines[0]).toBe("This host is well.");
  expect(lines.slice(2).every((line) => /^ok {7}.* \[[a-z-]+\]$/.test(line))).toBe(true);
  expect(lines).toHaveLength(checks.length + 1);
});

test("findings come worst first, each with its remedy, and what is well comes last", async () => {
  const findings = await diagnose(patient(), [
    check("small", () => [note("a note", { seen: ["a fact"] })]),
    check("good", () => []),
    check("large", async () => [
      error("an error", { remedy: "do something", commands: ["do it", "and that"] }),
    ]),
  ]);
  expect(formatFindings(worstFirst(findings)).split("\n")).toEqual([
    "1 error, 1 note:",
    "",
    "error    an error [large]",
    "         remedy: do something",
    "           do it",
    "           and that",
    "",
    "note     a note [small]",
    "         a fact",
    "",
    "ok       good is fine [good]",
  ]);
});

test("a check that fails is a finding, and the others go on", async () => {
  const failing = check("broken", () => {
    throw new Error("EPERM");
  });
  const findings = await diagnose(patient(), [failing, check("good", () => [])]);
  expect(findings).toMatchObject([
    { id: "broken", severity: "warning", title: "broken could not be checked", seen: ["EPERM"] },
    { id: "good", severity: "ok" },
  ]);
});

test("of many facts one reads the first, and how many more there are", () => {
  expect(some(["a", "b", "c"], 3)).toEqual(["a", "b", "c"]);
  expect(some(["a", "b", "c", "d"], 3)).toEqual(["a", "b", "and 2 more"]);
});

test("what could not be looked at is not called well", async () => {
  const unseen = ["kernel", "state"] as const;
  const ids = (await diagnose(patient({ unseen }))).map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["conntrack", "disk-space", "neighbours"]));
  expect(ids.filter((id) => ["kernel-features", "layout", "drift", "forwarding"].includes(id))).toEqual([]);
});
