const MIB = 2 ** 20;

/** Writes a number with one decimal if it is below 100, else with none: `97.8`, `230`. */
const short = (n: number): string => n.toFixed(n < 100 ? 1 : 0);

const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');

/** Returns bytes in mebibytes: `97.8 MiB`. */
export const mebibytes = (bytes: number): string => `${short(bytes / MIB)} MiB`;

/** Returns a count in thousands or millions: `25.6 M`, `61.7 k`, `7`. */
export const magnitude = (n: number): string =>
  n >= 1e6 ? `${short(n / 1e6)} M` : n >= 1e3 ? `${short(n / 1e3)} k` : String(n);

/** Returns seconds in their two largest units: `9 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 60
    ? `${Math.floor(minutes)} min ${two(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** Returns a fraction, 0 to 1, in per cent: `71.2 %`. */
export const percent = (fraction: number, digits = 1): string => `${(100 * fraction).toFixed(digits)} %`;
