/** A key of a configuration stands in three places: its schema, the shape by which its case is folded, and the README. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../lib/cni/read.ts";
import { parseIpamConfig } from "../../plugins/ipam/config.ts";
import { schema as poolSchema } from "../../plugins/ipam/pool/schema.ts";
import { schema as ipamSchema } from "../../plugins/ipam/schema.ts";
import { schema as natSchema } from "../../plugins/nat/schema.ts";
import { schema as overlaySchema } from "../../plugins/overlay/schema.ts";
import { schema as transparentSchema } from "../../plugins/transparent/schema.ts";
import { natConfig } from "./nat/fixture.ts";
import { least, overlayConfig } from "./overlay/fixture.ts";
import { transparentConfig } from "./transparent/fixture.ts";

interface Keys {
  readonly plugin: string;
  readonly schema: { readonly properties: JsonObject };
  readonly parse: (raw: JsonObject) => unknown;
}

/** The key alone, not the same key in small letters beside it. */
function withKey(base: JsonObject, raw: JsonObject): JsonObject {
  const given = Object.keys(raw).map((key) => key.toLowerCase());
  return {
    ...Object.fromEntries(Object.entries(base).filter(([key]) => !given.includes(key.toLowerCase()))),
    ...raw,
  };
}

const ipam = (raw: JsonObject) => parseIpamConfig({ ipam: { type: "ipam", raw } });
const cases: readonly Keys[] = [
  { plugin: "nat", schema: natSchema, parse: (raw) => natConfig(raw) },
  { plugin: "overlay", schema: overlaySchema, parse: (raw) => overlayConfig(withKey(least, raw)) },
  { plugin: "transparent", schema: transparentSchema, parse: (raw) => transparentConfig(raw) },
  { plugin: "ipam", schema: ipamSchema, parse: ipam },
  { plugin: "ipam", schema: poolSchema, parse: (raw) => ipam(withKey({ store: "etcd" }, raw)) },
];
/** No key takes both. */
const nonsense = [[[[]]], -1.5];

describe.each(cases)("the keys of $plugin", ({ plugin, schema, parse }) => {
  // What is another plugin's as well, or of use to it alone, stands in that one's README.
  const readmes = [
    plugin,
    ...(plugin === "overlay" ? ["nat"] : []),
    ...(plugin === "ipam" ? ["transparent"] : []),
  ];
  const text = readmes.map((name) =>
    readFileSync(join(import.meta.dirname, "../../plugins", name, "README.md"), "utf8"),
  );
  const named = new Set(
    [...text.join().matchAll(/`[^`\n]+`/g)].flatMap(([code]) => code.match(/[a-z]\w+/gi) ?? []),
  );

  it.each(Object.keys(schema.properties))(
    "%s is known in capitals, takes not everything, and is told of",
    (key) => {
      const refusals = nonsense.map((value) => {
        try {
          parse({ [key.toUpperCase()]: value });
          return "";
        } catch (error) {
          return `${(error as Error).message} ${(error as { details?: string }).details}`;
        }
      });
      expect(refusals.join("\n")).toContain(key);
      // Also as `"key": true`, and where keys of HCN's shape are told of.
      expect(named.has(key)).toBe(true);
    },
  );
});
