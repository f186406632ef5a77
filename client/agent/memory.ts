import type { Disk } from "../files/disk.ts";
import type { CredentialRecord, Setback } from "./credential.ts";
import { writeState, type State } from "./state.ts";

/** The state of one run: changed in memory, put on disk by `save`. */
export type Memory = {
  readonly state: () => State;
  readonly change: (part: Partial<State>) => void;
  /** For leaving a part out. */
  readonly replace: (state: State) => void;
  readonly keepCredential: (record: CredentialRecord) => void;
  readonly forgetCredential: (grant: string) => void;
  /** `key` is a grant, or what {@link reloadKey} or {@link bundleKey} makes of one. */
  readonly keepSetback: (key: string, setback: Setback | undefined) => void;
  readonly save: () => void;
};

/** Under which a setback of the reload is kept, beside one of the credential itself. */
export const reloadKey = (grant: string): string => `${grant}#reload`;

/** Under which a setback of the bundles is kept. */
export const bundleKey = (grant: string): string => `${grant}#bundle`;

/** The grant that a setback belongs to. */
export const grantOf = (key: string): string => key.split("#")[0] ?? key;

/** Holds the state that was read. */
export function createMemory(disk: Disk, gid: number, read: State): Memory {
  let state = read;
  return {
    state: () => state,
    change: (part) => {
      state = { ...state, ...part };
    },
    replace: (next) => {
      state = next;
    },
    keepCredential: (record) => {
      state = { ...state, credentials: { ...state.credentials, [record.grant]: record } };
    },
    forgetCredential: (grant) => {
      state = { ...state, credentials: without(state.credentials, grant) };
    },
    keepSetback: (key, setback) => {
      const others = without(state.setbacks, key);
      state = {
        ...state,
        setbacks: setback === undefined ? others : { ...others, [key]: setback },
      };
    },
    save: () => writeState(disk, gid, state),
  };
}

const without = <T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
