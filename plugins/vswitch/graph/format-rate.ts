/** Rates for people: networks are sold in bits. */

/** `10 Mbit/s`, at most three digits. */
export function formatRate(bytesPerSecond: number): string {
  let value = bytesPerSecond * 8;
  for (const unit of ["bit/s", "kbit/s", "Mbit/s"]) {
    if (value < 1000) return `${threeDigits(value)} ${unit}`;
    value /= 1000;
  }
  return `${threeDigits(value)} Gbit/s`;
}

const threeDigits = (value: number): string =>
  value >= 1000 ? `${Math.round(value)}` : `${Number(value.toPrecision(3))}`;
