import { expect, it } from "vitest";
import { edit, leafOf, leavesOf } from "../../../lib/directory/tree.ts";

const tables = {
  a: new Map([["x", 1]]),
  b: new Map([
    ["p", new Map([["q", 2]])],
    ["r", new Map([["s", 3]])],
  ]),
};

it("a change copies the maps on its way, and shares all others", () => {
  const editor = edit(tables);
  editor.put(["b", "p", "t"], 4);
  const after = editor.tables();
  expect(leafOf(after, ["b", "p", "t"])).toBe(4);
  expect(leafOf(tables, ["b", "p", "t"])).toBeUndefined();
  expect(after.a).toBe(tables.a);
  expect(after.b.get("r")).toBe(tables.b.get("r"));
});

it("many changes copy a map once", () => {
  const editor = edit(tables);
  editor.put(["a", "y", ...([] as string[])], 2);
  const once = editor.tables().a;
  editor.put(["a", "z"], 3);
  expect(editor.tables().a).toBe(once);
});

it("maps that become empty are gone, and nothing of it is nothing done", () => {
  const editor = edit(tables);
  editor.remove(["b", "p", "none"]);
  editor.remove(["b", "none", "q"]);
  expect(editor.tables()).toBe(tables);
  editor.remove(["b", "p", "q"]);
  expect([...editor.tables().b.keys()]).toEqual(["r"]);
});

it("leaves are found with their paths", () => {
  expect([...leavesOf(tables)]).toEqual([
    [["a", "x"], 1],
    [["b", "p", "q"], 2],
    [["b", "r", "s"], 3],
  ]);
});
