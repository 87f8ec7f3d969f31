import { expect, test } from "vitest";
import { isSecretKey, redact, secretsOf } from "../../../lib/cni/secret.ts";

test.each(["psk", "a.privateKey", "Password", "x.apiToken", "clientSecret", "credentials"])(
  "%s is a secret",
  (path) => {
    expect(isSecretKey(path)).toBe(true);
  },
);

test.each(["name", "token.name", "subnet", "runtimeConfig.ips[0]"])("%s is none", (path) => {
  expect(isSecretKey(path)).toBe(false);
});

test("secrets are found at every depth, longest first, and short ones left alone", () => {
  const found = secretsOf({
    a: [{ psk: "abcdef" }],
    keys: ["abcdefgh", { x: "ijklmnop" }],
    token: "abc",
    name: "visible",
  });
  expect(found).toEqual(["abcdefgh", "ijklmnop", "abcdef"]);
  expect(redact("abcdefgh abcdef visible", found)).toBe("*** *** visible");
});
