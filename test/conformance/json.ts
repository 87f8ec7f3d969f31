/** JSON values as they come from a plugin: nothing is known of them yet. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The list under a key, empty when there is none. */
export function listOf(value: JsonObject, key: string): readonly JsonObject[] {
  const found = value[key];
  return Array.isArray(found) ? found.filter(isObject) : [];
}

/** The text under a key, or undefined. */
export function textOf(value: JsonObject | undefined, key: string): string | undefined {
  const found = value?.[key];
  return typeof found === "string" ? found : undefined;
}

/** Whether two JSON values mean the same; the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  return Bun.deepEquals(a, b);
}

/** A copy in which every text has its `${NAME}` placeholders replaced. */
export function fillIn<T>(value: T, values: Readonly<Record<string, string>>): T {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "string"
      ? part.replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
      : part,
  );
  return JSON.parse(text) as T;
}
