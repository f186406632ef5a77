import type { Place } from "../diagnostic.ts";
import type { SshHostGrant, SshUserGrant, Template } from "../model.ts";
import type { Tree } from "../source/tree.ts";
import type { Fields } from "./fields.ts";
import type { IssueHead } from "./grant-head.ts";
import type { GrantAt } from "./other-grants.ts";
import { readTemplates } from "./templates.ts";
import { refuseWildcards } from "./tls-grant.ts";
import { MAX_ENTRIES, readCount, readText, readWords } from "./values.ts";

/** Names of extensions that OpenSSH knows (PROTOCOL.certkeys §extensions). */
export const EXTENSIONS = [
  "permit-X11-forwarding",
  "permit-agent-forwarding",
  "permit-port-forwarding",
  "permit-pty",
  "permit-user-rc",
] as const;

/** What a person's certificate allows when the grant says nothing: a terminal. */
const DEFAULT_EXTENSIONS: readonly string[] = ["permit-pty"];

/** Reads what an SSH host certificate holds. */
export function readSshHost(
  fields: Fields<"names">,
  head: IssueHead | undefined,
  at: GrantAt,
): SshHostGrant | undefined {
  if (head === undefined) return undefined;
  const { constants, report } = at.declared;
  const tree = fields("names");
  if (tree === undefined) return fields.lacks("names") ? refuseNone(at, "names") : undefined;
  const setting = { field: "names", subject: head.to.kind, constants, report } as const;
  const names = readTemplates(tree, `names of grant "${at.name}"`, setting);
  if (names === undefined) return undefined;
  refuseWildcards(names, at);
  return { ...head, kind: "ssh-host", names };
}

type UserKey = "principals" | "may-choose" | "choose-at-most" | "extensions" | "force-command";

/** Reads what an SSH user certificate holds. */
export function readSshUser(
  fields: Fields<UserKey>,
  head: IssueHead | undefined,
  at: GrantAt,
): SshUserGrant | undefined {
  if (head === undefined) return undefined;
  const { constants, report } = at.declared;
  const what = `grant "${at.name}"`;
  const [principalsTree, chooseTree] = [fields("principals"), fields("may-choose")];
  const list = (tree: Tree | undefined, key: string, subject: "roles" | "people" | "nobody") =>
    tree
      ? readTemplates(tree, `${key} of ${what}`, {
          field: "principals",
          subject,
          constants,
          report,
        })
      : [];
  const principals = list(principalsTree, "principals", head.to.kind);
  const mayChoose = list(chooseTree, "may-choose", "nobody");
  const atMostTree = fields("choose-at-most");
  if (atMostTree && fields.lacks("may-choose")) refuseVainLimit(atMostTree, at);
  const chooseAtMost = readChooseAtMost(atMostTree, mayChoose ?? [], at);
  const extensions = readExtensions(fields("extensions"), what, at);
  const commandTree = fields("force-command");
  const command = commandTree && readCommand(commandTree, what, at);
  if (fields.lacks("principals")) return refuseNone(at, "principals");
  if (!principalsTree || !principals || !mayChoose || chooseAtMost === undefined || !extensions)
    return undefined;
  const forced = command === undefined ? {} : { forceCommand: command };
  return { ...head, kind: "ssh-user", principals, mayChoose, chooseAtMost, extensions, ...forced };
}

/** OpenSSH before 10.3 could read a certificate without principals as one for all of them. */
function refuseNone({ name, place, declared }: GrantAt, key: string): undefined {
  declared.report.error("E308", place, `SSH grant "${name}" has no "${key}"`, {
    label: "a certificate without principals could be good for every one",
    help: `add ${key}: [...]`,
  });
}

/** Where nothing can be chosen, the writer has something else in mind than the reader. */
function refuseVainLimit({ place }: Tree, { name, declared }: GrantAt): void {
  declared.report.error("E112", place, `grant "${name}" has "choose-at-most" and no "may-choose"`, {
    label: "nothing can be chosen",
    help: "say what: may-choose: [...]; or leave it out",
  });
}

function readChooseAtMost(
  tree: Tree | undefined,
  mayChoose: readonly Template[],
  at: GrantAt,
): number | undefined {
  if (tree === undefined) return mayChoose.length;
  const what = `choose-at-most of grant "${at.name}"`;
  return readCount(tree, what, MAX_ENTRIES, at.declared.report);
}

function readExtensions(
  tree: Tree | undefined,
  what: string,
  at: GrantAt,
): readonly string[] | undefined {
  if (tree === undefined) return DEFAULT_EXTENSIONS;
  return readWords(tree, `extensions of ${what}`, EXTENSIONS, at.declared.report)?.toSorted(
    compareBytes,
  );
}

/** Sorted as SSH wants them (PROTOCOL.certkeys): by bytes, not by a locale. */
const compareBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function readCommand(tree: Tree, what: string, { declared }: GrantAt): string | undefined {
  const written = readText(tree, `force-command of ${what}`, declared.report);
  if (written === undefined || !/\p{Cc}/u.test(written.text)) return written?.text;
  refuseControl(written.place, what, declared.report);
  return undefined;
}

const refuseControl = (place: Place, what: string, report: GrantAt["declared"]["report"]): void =>
  report.error("E302", place, `force-command of ${what} holds a control character`);
