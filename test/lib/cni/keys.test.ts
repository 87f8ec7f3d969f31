import { expect, test } from "vitest";
import { anyShape, flatShape, foldKeys, listShape, mapShape, objectShape } from "../../../lib/cni/keys.ts";

const ports = listShape(flatShape("hostPort", "hostIP"));
const shape = objectShape({ name: anyShape, portMappings: ports, limits: mapShape(flatShape("rate")) });
const fold = (text: string) => foldKeys(JSON.parse(text), shape);

test("known keys take their spelling at every depth, as Go would read them", () => {
  expect(fold('{"NAME":"n","PortMappings":[{"HostPort":80,"HOSTIP":"::"}]}')).toEqual({
    name: "n",
    portMappings: [{ hostPort: 80, hostIP: "::" }],
  });
});

test("unknown keys and their insides stay as they are", () => {
  expect(fold('{"Subnet":{"Name":1},"name":"n"}')).toEqual({ Subnet: { Name: 1 }, name: "n" });
});

test("the keys of a map are data, the keys of its values are not", () => {
  expect(fold('{"limits":{"Eth0":{"RATE":1}}}')).toEqual({ limits: { Eth0: { rate: 1 } } });
});

test.each([
  '{"NAME":"a","name":"b"}',
  '{"name":"b","NAME":"a"}',
  '{"Name":"x","name":"a","NAME":"c","name":"b"}',
])("an exact key wins over a folded one wherever it stands: %s", (text) =>
  expect(fold(text)).toEqual({ name: "b" }),
);

test("of several folded or repeated keys the last wins", () => {
  expect(fold('{"NAME":"a","Name":"b"}')).toEqual({ name: "b" });
  expect(fold('{"name":"a","name":"b"}')).toEqual({ name: "b" });
});

test("null is absent, a null list is empty, null under an unknown key stays", () => {
  expect(fold('{"name":null,"portMappings":null,"other":null}')).toEqual({ portMappings: [], other: null });
  expect(fold('{"NAME":"a","name":null}')).toEqual({ name: "a" });
});

test("values of another type than the shape says are left for the reader to judge", () => {
  expect(fold('{"portMappings":{"HostPort":1},"limits":[1]}')).toEqual({
    portMappings: { HostPort: 1 },
    limits: [1],
  });
  expect(fold("[1]")).toEqual([1]);
});

test("a key named __proto__ stays a key", () => {
  const folded = fold('{"__proto__":{"polluted":true},"NAME":"n"}');
  expect(Object.getPrototypeOf(folded)).toBe(Object.prototype);
  expect(Object.keys(folded as object).sort()).toEqual(["__proto__", "name"]);
});

test("keys of every object (constructor, toString) are not mistaken for known ones", () => {
  expect(Object.keys(fold('{"constructor":1,"toString":2}') as object)).toEqual(["constructor", "toString"]);
});

test("Go's folding of the Kelvin sign and the long s is kept", () => {
  expect(foldKeys({ "\u212aey": 1, cla\u017fs: 2 }, flatShape("key", "class"))).toEqual({ key: 1, class: 2 });
});
