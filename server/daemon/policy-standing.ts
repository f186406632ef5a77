import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { copyOf, hashPolicy } from "../../keys/signer/policy-file.ts";
import type { ServerPaths } from "../config/paths.ts";
import { readPolicyText } from "../config/policy-file.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";

/** A policy that was to come into force and did not: `apply` by an operator's edit, `reload` by the applied copy. */
export type Refusal = {
  readonly of: "apply" | "reload";
  /** Seconds since 1970. */
  readonly at: number;
  readonly by: string;
  readonly why: string;
};

/** How what stands on disk stands to the policy in force. */
export type PolicyStanding = {
  /** Whether the file that operators edit is, with what it includes, the policy in force. */
  readonly isFileInForce: () => boolean;
  /** Whether that file and the applied copy are the same. */
  readonly isFileApplied: () => boolean;
  /** The last refusal, until something was taken into force, or an edit that was refused is taken back. */
  readonly refusal: () => Refusal | undefined;
  readonly noteRefusal: (refusal: Refusal) => void;
  readonly noteSuccess: () => void;
};

export type PolicyStandingDeps = {
  readonly paths: Pick<ServerPaths, "policy" | "applied">;
  readonly active: () => ActivePolicy;
};

/** Looks at the files when it is asked, and reads them only where they were changed. */
export function createPolicyStanding({ paths, active }: PolicyStandingDeps): PolicyStanding {
  const edited = createDigest(paths.policy);
  const applied = createDigest(paths.applied);
  const isFileInForce = (): boolean => edited(active().includes) === active().hash;
  let last: Refusal | undefined;
  return {
    isFileInForce,
    isFileApplied: () => {
      const [one, other] = [edited(active().includes), applied(active().includes)];
      return one !== undefined && one === other;
    },
    refusal: () => (last?.of === "apply" && isFileInForce() ? undefined : last),
    noteRefusal(refusal) {
      last = refusal;
    },
    noteSuccess() {
      last = undefined;
    },
  };
}

/**
 * The hash of a policy by the names that it includes if it is the policy in force; another policy has another hash,
 * whatever it includes. Nothing is parsed, and anyone may cause it to be asked.
 */
function createDigest(file: string): (includes: readonly string[]) => string | undefined {
  let known: { readonly state: string; readonly hash: string | undefined } | undefined;
  return (includes) => {
    const copy = copyOf(file);
    const files = [copy, ...includes.map((name) => join(dirname(copy), name))];
    const state = files.map(stateOf).join("\n");
    if (known?.state !== state) known = { state, hash: hashFiles(files) };
    return known.hash;
  };
}

function stateOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined
    ? `${file} -`
    : `${file} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}

const isFile = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isFile() === true;

function hashFiles([policy = "", ...included]: readonly string[]): string | undefined {
  // A pipe would keep whoever reads it waiting.
  if (![policy, ...included].every(isFile)) return undefined;
  const texts = [policy, ...included].map((file) => readPolicyText(file));
  const [first, ...rest] = texts.filter((text) => typeof text === "string");
  if (first === undefined || rest.length !== included.length) return undefined;
  return hashPolicy(first, rest.join(""));
}
