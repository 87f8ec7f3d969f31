/** Keeping secrets of a configuration (keys of an overlay, passwords) out of messages. */

/** Whether the last key of a path names something nobody may read in a log. */
export function isSecretKey(path: string): boolean {
  const last = path.slice(path.lastIndexOf(".") + 1);
  return /(key|secret|token|passw|psk|credential)/i.test(last);
}

/** Shorter values are left alone: replacing them would garble messages and hide nothing. */
const shortestSecret = 6;

/** Every string below a key that names a secret, longest first. */
export function secretsOf(value: unknown): readonly string[] {
  const found = new Set<string>();
  collect(value, false, found);
  return [...found].sort((a, b) => b.length - a.length);
}

function collect(value: unknown, secret: boolean, found: Set<string>): void {
  if (typeof value === "string") {
    if (secret && value.length >= shortestSecret) found.add(value);
  } else if (typeof value === "object" && value !== null) {
    const inList = Array.isArray(value);
    for (const [key, item] of Object.entries(value))
      collect(item, secret || (!inList && isSecretKey(key)), found);
  }
}

export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}
