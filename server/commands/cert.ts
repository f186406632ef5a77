import { type Command, Option } from "commander";
import type { CertificateView } from "../../protocol/admin-messages.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { OperatorError } from "../config/operator-error.ts";
import type { Context, WithContext } from "./context.ts";
import { formatTable, parseSpan, relativeTime } from "./terminal.ts";

type ListOptions = {
  readonly expiring?: string;
  readonly node?: string;
  readonly grant?: string;
  readonly limit: string;
};

/** `keyserver cert …`: what was issued, to whom, until when. */
export function certCommands(program: Command, contextOf: WithContext): void {
  const cert = program
    .command("cert")
    .description("list or show the certificates that were issued");
  cert
    .command("list")
    .description("list certificates, newest first")
    .option("--expiring <time>", "only those that end within this time: 7d, 12h")
    .option("--node <node>", "only those of this machine")
    .option("--grant <grant>", "only those of this grant")
    .addOption(new Option("--limit <n>", "rows, at most 1000").default("100"))
    .action(async (options: ListOptions, command: Command) => {
      await listCertificates(contextOf(command), options);
    });
  cert
    .command("show")
    .description("show all that is known of one certificate")
    .argument("<serial>", "as keyserver cert list prints it")
    .action(async (serial: string, _options, command: Command) => {
      const { client, terminal } = contextOf(command);
      const path = `${ADMIN_PATHS.certificates}/${encodeURIComponent(serial)}`;
      const view = await client.get("CertificateView", path);
      terminal.show(view, () => describeCertificate(view));
    });
}

async function listCertificates(
  { client, terminal, now }: Context,
  options: ListOptions,
): Promise<void> {
  const path = `${ADMIN_PATHS.certificates}?${readQuery(options).toString()}`;
  const { certificates } = await client.get("CertificateList", path);
  terminal.show({ certificates }, () =>
    formatTable(
      ["SERIAL", "SUBJECT", "GRANT", "ISSUED", "ENDS", "STATE"],
      certificates.map(({ serial, subject, grant, state, why, issuedAt, notAfter }) => [
        serial,
        subject,
        grant,
        relativeTime(issuedAt, now()),
        notAfter === undefined ? "–" : relativeTime(notAfter, now()),
        why === undefined ? state : `${state}: ${why}`,
      ]),
    ),
  );
}

function readQuery({ expiring, node, grant, limit }: ListOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > 1000)
    throw usage(`--limit ${limit} is not a whole number from 1 to 1000`, "--limit 100");
  query.set("limit", limit);
  if (node !== undefined) query.set("subject", `node:${node}`);
  if (grant !== undefined) query.set("grant", grant);
  if (expiring !== undefined) {
    const span = parseSpan(expiring);
    if (span === undefined) throw usage(`--expiring ${expiring} is not a time`, "--expiring 7d");
    query.set("expiring", String(span));
  }
  return query;
}

const usage = (message: string, example: string): OperatorError =>
  new OperatorError(message, { hint: `for example: ${example}`, exitCode: EXIT.usage });

function describeCertificate(view: CertificateView): string {
  const { certificate, ...facts } = view;
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(10)} ${value}`);
  return [...lines, ...(certificate === undefined ? [] : [certificate.trimEnd()])].join("\n");
}
