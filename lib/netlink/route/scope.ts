/** How far addresses and routes reach: RT_SCOPE_* of linux/rtnetlink.h. */
const scopes = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

export type Scope = keyof typeof scopes | number;

export function scopeNumber(scope: Scope): number {
  return typeof scope === "number" ? scope : scopes[scope];
}

/** A scope of the administrator's own stays a number. */
export function scopeName(number: number): Scope {
  for (const [name, value] of Object.entries(scopes)) if (value === number) return name as Scope;
  return number;
}
