import type { Command } from "commander";
import type { AuthorityView } from "../../protocol/admin-messages.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { Context, WithContext } from "./context.ts";
import { formatTable, relativeTime } from "./terminal.ts";

type ExportOptions = {
  readonly pem?: boolean;
  readonly ssh?: boolean;
  readonly knownHosts?: boolean;
};

/** `keyserver authority …`: the CAs, their public parts and the pin. */
export function authorityCommands(program: Command, contextOf: WithContext): void {
  const authority = program
    .command("authority")
    .description("list, show, export or create the authorities, or print their pin");
  authority
    .command("list")
    .description("list every authority with its kind, its key and the time it has left")
    .action(async (_options, command: Command) => {
      const { terminal, now, ...context } = contextOf(command);
      const authorities = await readAll(context);
      terminal.show({ authorities }, () => formatAuthorities(authorities, now()));
    });
  authority
    .command("show")
    .description("show one authority with its anchor")
    .argument("<authority>", "its name in the policy")
    .action(async (name: string, _options, command: Command) => {
      const { terminal, ...context } = contextOf(command);
      const view = await readOne(context, name);
      terminal.show(view, () => describeAuthority(view));
    });
  authority
    .command("export")
    .description("print the anchor as consumers read it")
    .argument("<authority>", "its name in the policy")
    .option("--pem", "a certificate in PEM")
    .option("--ssh", "a public key line, as for TrustedUserCAKeys")
    .option("--known-hosts", "an @cert-authority line")
    .action(async (name: string, options: ExportOptions, command: Command) => {
      const { terminal, ...context } = contextOf(command);
      const text = await exportAnchor(context, name, options);
      terminal.show({ authority: name, text }, () => text.trimEnd());
    });
  authority
    .command("pin")
    .description("print the pin by which a joining machine checks the server")
    .action(async (_options, command: Command) => {
      const { terminal, ...context } = contextOf(command);
      const { fingerprint } = await readOne(context, "nodes");
      terminal.show({ pin: `sha256:${fingerprint}` }, () => `sha256:${fingerprint}`);
    });
  authority
    .command("create")
    .description("make the key of an authority that policy.yaml has gained")
    .argument("<authority>", "its name in the policy")
    .option(
      "--key <kind>",
      "ecdsa-p256, ecdsa-p384, ed25519 or rsa-3072; SSH: ed25519 or ecdsa-p256",
    )
    .action(async (name: string, options: { readonly key?: string }, command: Command) => {
      const { terminal, paths, now } = contextOf(command);
      const { addAuthority } = await import("../init/add-authority.ts");
      const made = await addAuthority({ paths, now, name, key: options.key });
      terminal.show(
        made,
        () =>
          `authority ${name} has a key (${made.key}); next: start keyserver anew, since keysigner reads keys at its start; then: keyserver policy apply`,
      );
    });
}

type Asking = Pick<Context, "client">;

const readAll = async ({ client }: Asking): Promise<readonly AuthorityView[]> =>
  (await client.get("AuthorityList", ADMIN_PATHS.authorities)).authorities;

async function readOne(context: Asking, name: string): Promise<AuthorityView> {
  const all = await readAll(context);
  const found = all.find((view) => view.name === name);
  if (found !== undefined) return found;
  const names = all.map((view) => view.name).join(", ");
  throw new OperatorError(`no authority ${name}`, {
    hint: `there are ${names}`,
    exitCode: EXIT.usage,
  });
}

/** The table of authorities, for `authority list` and `status`. */
export const formatAuthorities = (authorities: readonly AuthorityView[], now: number): string =>
  formatTable(
    ["AUTHORITY", "KIND", "KEY", "ENDS", "ISSUED 24 H", "FINGERPRINT"],
    authorities.map(({ name, kind, key, notAfter, issued, fingerprint }) => [
      name,
      kind,
      key,
      notAfter === undefined ? "–" : relativeTime(notAfter, now),
      String(issued),
      kind === "tls" ? `sha256:${fingerprint.slice(0, 16)}…` : sshFingerprint(fingerprint),
    ]),
  );

/** As `ssh-keygen -l` writes it. */
const sshFingerprint = (hex: string): string =>
  `SHA256:${Buffer.from(hex, "hex").toString("base64").replace(/=+$/, "")}`;

function describeAuthority(view: AuthorityView): string {
  const { anchor, ...facts } = view;
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(12)} ${String(value)}`);
  return [...lines, anchor.trimEnd()].join("\n");
}

async function exportAnchor(
  context: Asking,
  name: string,
  { pem = false, ssh = false, knownHosts = false }: ExportOptions,
): Promise<string> {
  const { kind, anchor } = await readOne(context, name);
  const wrong = kind === "tls" ? ssh || knownHosts : pem;
  if (wrong) {
    const hint =
      kind === "tls" ? "leave the flag out, or give --pem" : "use --ssh or --known-hosts";
    throw new OperatorError(`authority ${name} is of kind ${kind}`, { hint, exitCode: EXIT.usage });
  }
  if (!knownHosts) return anchor;
  if (kind !== "ssh-host") {
    const hint = "hosts are signed by an authority of kind ssh-host: see keyserver authority list";
    throw new OperatorError(`authority ${name} signs ${kind}`, { hint, exitCode: EXIT.usage });
  }
  const { domain } = await context.client.get("Status", ADMIN_PATHS.status);
  return `@cert-authority *.${domain} ${anchor}`;
}
