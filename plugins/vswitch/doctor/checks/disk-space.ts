/** Room for the state: without it no ADD succeeds. */
import type { Check } from "../check.ts";
import { error, warning } from "../finding.ts";

const least = 16 * 1024 * 1024;
const little = 128 * 1024 * 1024;

export const diskSpace: Check = {
  id: "disk-space",
  needs: [],
  fine: "the folder of the state has room",
  find({ state: { dataDir }, files }) {
    const space = files.space(dataDir);
    if (space === undefined) return [];
    const { freeBytes, freeInodes } = space;
    const free = `${Math.floor(freeBytes / 1024 / 1024)} MiB free`;
    const rest = { seen: [free], remedy: "free space on that file system", commands: [`df -h ${dataDir}`] };
    if (freeInodes !== undefined && freeInodes < 16)
      return [
        error(`the file system of ${dataDir} has no inodes left: ADD fails`, {
          ...rest,
          seen: [`${freeInodes} inodes free`],
        }),
      ];
    if (freeBytes < least) return [error(`the file system of ${dataDir} is full: ADD fails`, rest)];
    return freeBytes < little ? [warning(`the file system of ${dataDir} is nearly full`, rest)] : [];
  },
};
