/** Configurations without what nobody else may read. Pure. */
import { isObject } from "../../../lib/cni/read.ts";
import { isSecretKey, redact, secretsOf } from "../../../lib/cni/secret.ts";

/** @param text of a file. @returns it without secrets; of what is no JSON only how much there is */
export function redactConf(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `${text.length} characters that are no JSON are left out\n`;
  }
  return `${redact(JSON.stringify(withoutSecrets(value), null, 2), secretsOf(value))}\n`;
}

/** Whatever stands below a key that names a secret, numbers and short texts too. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, isSecretKey(key) ? "***" : withoutSecrets(item)]),
  );
}
