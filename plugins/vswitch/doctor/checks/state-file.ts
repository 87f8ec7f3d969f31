/** The state file: who may read it, whether it was damaged, how large it is. */
import { stateFileName } from "../../../../lib/state/store.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, note, some, warning } from "../finding.ts";
import type { Patient } from "../patient.ts";

export const stateFile: Check = {
  id: "state-file",
  needs: [],
  fine: "the state file is whole, and only its owner may read it",
  find: (patient) => [
    ...patient.state.warnings.map((text) =>
      warning(text, { remedy: "see what vswitch check says of the attachments" }),
    ),
    ...permissions(patient),
    ...setAside(patient),
    ...size(patient),
  ],
};

const writableByOthers = 0o022;
const readableByOthers = 0o044;

function permissions({ state: { dataDir }, files, user }: Patient): readonly Complaint[] {
  const paths = [dataDir, `${dataDir}/${stateFileName}`];
  return paths.flatMap((path): Complaint[] => {
    const facts = files.stat(path);
    if (facts === undefined) return [];
    const mode = path === dataDir ? "0700" : "0600";
    const rest = {
      seen: [`owner ${facts.user}, mode 0${facts.permissions.toString(8)}`],
      remedy: "only the user who runs the plugins may write there, and nobody else need read it",
      commands: [`chmod ${mode} ${path}`],
    };
    if (facts.user !== user)
      return [warning(`${path} belongs to another user`, { ...rest, commands: [`chown ${user} ${path}`] })];
    if (facts.permissions & writableByOthers)
      return [error(`${path} may be written by others: plugins refuse it`, rest)];
    return facts.permissions & readableByOthers ? [warning(`${path} may be read by others`, rest)] : [];
  });
}

/** Copies of damaged files; they are kept for whoever wants to know why. */
function setAside({ state: { dataDir }, files }: Patient): readonly Complaint[] {
  const copies = files
    .list(dataDir)
    .filter((name) => name.startsWith(`${stateFileName}.corrupt-`) && !/-(wal|shm)$/.test(name));
  if (copies.length === 0) return [];
  return [
    note("the state file was damaged once, and rebuilt; the damaged copy is still there", {
      seen: some(copies),
      remedy: "when nobody wants to look into it any more, remove it; more than one speaks of a failing disk",
      commands: [`rm ${dataDir}/${stateFileName}.corrupt-*`],
    }),
  ];
}

const largestBytes = 512 * 1024 * 1024;

function size({ state: { dataDir }, files }: Patient): readonly Complaint[] {
  return ["", "-wal"].flatMap((suffix) => {
    const path = `${dataDir}/${stateFileName}${suffix}`;
    const bytes = files.stat(path)?.bytes ?? 0;
    if (bytes < largestBytes) return [];
    return [
      note(`${path} has ${Math.round(bytes / 1024 / 1024)} MiB`, {
        remedy: "released addresses of large pools take room; sqlite3 makes the file as small as it can be",
        commands: [`sqlite3 ${dataDir}/${stateFileName} VACUUM`],
      }),
    ];
  });
}
