import { readFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../protocol/exit-codes.ts";
import { formatCount } from "../config/count.ts";
import { parseEndpoint } from "../config/endpoint.ts";
import { OperatorError } from "../config/operator-error.ts";
import { checkPolicyFile, type PolicyReport } from "../config/policy-report.ts";
import { findUser, isRoot } from "../config/user.ts";
import { isServerName } from "../../keys/signer/configuration.ts";
import { formatLeftovers, readSetupFile, type SetupFile } from "../config/setup-file.ts";
import { authorityKeyKind } from "../init/add-authority.ts";
import { firstPolicy } from "../init/first-policy.ts";
import { importAnswers } from "../init/import-answers.ts";
import { type InitPlan, initialise, refuseSecondInit, type ServerUsers } from "../init/init.ts";
import { answerQuestions, type InitAnswers, type InitFlags } from "../init/questions.ts";
import type { Context } from "./context.ts";
import { checkCluster } from "./policy-import.ts";

/** Flags of `keyserver init`. */
export type InitOptions = InitFlags & {
  readonly policy?: string;
  /** A Homeworld `setup.yaml`. */
  readonly import?: string;
  readonly name?: readonly string[];
  readonly authorityKey?: readonly string[];
  readonly serverUser?: string;
  readonly signerUser?: string;
};

/** Makes what the flags and the answers say. @throws OperatorError before anything is made */
export async function runInit(context: Context, options: InitOptions): Promise<void> {
  const { paths, terminal, now } = context;
  refuseSecondInit(paths);
  const imported = readImport(context, options);
  const answers = await answerQuestions(options, imported && importAnswers(imported));
  const plan = makePlan(context, options, answers, imported);
  const { pin, authorities } = await initialise({ ...plan, now });
  const { report } = plan;
  terminal.show({ pin: `sha256:${pin}`, root: paths.root, authorities }, () =>
    [
      `✓ ${authorities} authorities created in ${paths.authorities} (keys sealed, 0600)`,
      `✓ policy    ${paths.policy}: ${formatCount(report.nodes, "node")}, ${formatCount(report.grants, "grant")}, ${formatCount(report.tests.passed, "test")} pass`,
      `✓ ledger    ${paths.ledger}`,
      `✓ server    certificate for ${plan.names.join(", ")}`,
      `Pin  sha256:${pin}`,
      `Keep a copy of ${paths.sealSecret} in another place than the backups: the keys are worth nothing without it.`,
      ...(plan.policy.people.size > 0 && imported !== undefined ? [`Not done yet: ${KEYTAB}`] : []),
      paths.root === "/"
        ? "Next: systemctl enable --now keyserver      without systemd: keyserver run"
        : `Next: keyserver run --root ${paths.root}`,
    ].join("\n"),
  );
}

const KEYTAB = "people need kerberos: { keytab: … } in server.yaml; see docs/operations.md";

/** The setup.yaml of `--import`, and on stderr what it says in vain. @throws OperatorError */
function readImport({ paths, terminal }: Context, options: InitOptions): SetupFile | undefined {
  if (options.import === undefined) return undefined;
  const rivals = ["policy", "domain", "address"] as const;
  const rival = rivals.find((flag) => options[flag] !== undefined);
  if (rival !== undefined) {
    throw new OperatorError(`--${rival} and --import both say what the first policy is like`, {
      hint: `leave out --${rival}; the policy can be edited before anything joins`,
      exitCode: EXIT.usage,
    });
  }
  if (existsSync(paths.policy)) {
    throw new OperatorError(`${paths.policy} is there already, and --import would not use it`, {
      hint: `move it away; or compare:  keyserver policy import ${options.import}  and init without --import`,
      exitCode: EXIT.usage,
    });
  }
  const file = readSetupFile(options.import);
  terminal.err(formatLeftovers(options.import, file.left));
  return file;
}

function makePlan(
  { paths }: Context,
  options: InitOptions,
  answers: InitAnswers,
  imported: SetupFile | undefined,
): Omit<InitPlan, "now"> {
  const endpoint = parseEndpoint(answers.listen);
  if (endpoint === undefined) {
    throw new OperatorError(`--listen ${answers.listen} is not ADDRESS:PORT`, {
      hint: "for example --listen 10.18.60.11:20557",
      exitCode: EXIT.usage,
    });
  }
  const file = options.policy ?? existing(paths.policy);
  const report =
    file === undefined
      ? checkDraft(imported?.toPolicy(checkCluster(answers.cluster)) ?? firstPolicy(answers))
      : checkPolicyFile(file);
  const { policy } = report;
  if (policy === undefined || !report.passes) {
    throw new OperatorError(`the first policy does not pass its check\n${report.rendered}`, {
      hint:
        file === undefined
          ? "change --cluster, --domain, --node or --address; nothing was made"
          : `keyserver policy check ${file}`,
      // A policy that is made of the answers is as good as they are.
      exitCode: file === undefined ? EXIT.usage : EXIT.unhealthy,
    });
  }
  const names = options.name ?? [`${answers.node}.${answers.domain}`, answers.address];
  checkNames(names);
  const users = findUsers(options);
  return {
    paths,
    policy,
    report,
    listen: answers.listen,
    names,
    advertise: names.map((name) =>
      name.includes(":") ? `[${name}]:${endpoint.port}` : `${name}:${endpoint.port}`,
    ),
    keyKinds: readKeyKinds(policy, options.authorityKey ?? []),
    ...(users === undefined ? {} : { users }),
  };
}

/** @throws OperatorError for what cannot stand in keyserver's own certificate */
function checkNames(names: readonly string[]): void {
  const wrong = names.find((name) => !isServerName(name));
  if (wrong === undefined) return;
  throw new OperatorError(`--name ${JSON.stringify(wrong)} is neither a DNS name nor an address`, {
    hint: "give what nodes reach this machine by: --name m1.example.edu --name 10.18.60.11",
    exitCode: EXIT.usage,
  });
}

const existing = (file: string): string | undefined => (existsSync(file) ? file : undefined);

function checkDraft(text: string): PolicyReport {
  const folder = mkdtempSync(join(tmpdir(), "keyserver-init-"));
  try {
    const draft = join(folder, "policy.yaml");
    writeFileSync(draft, text);
    const report = checkPolicyFile(draft);
    // The draft is gone when this is read.
    return { ...report, rendered: report.rendered.replaceAll(draft, "policy.yaml") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readKeyKinds(policy: InitPlan["policy"], flags: readonly string[]): InitPlan["keyKinds"] {
  const kinds = flags.map((flag) => {
    const [, name = "", kind = ""] = /^([^=]+)=([^=]+)$/.exec(flag) ?? [];
    if (kind === "") {
      throw new OperatorError(`--authority-key ${flag} is not NAME=KIND`, {
        hint: "for example --authority-key services=rsa-3072",
        exitCode: EXIT.usage,
      });
    }
    const authority = policy.authorities.get(name);
    if (authority === undefined) {
      throw new OperatorError(
        `--authority-key ${flag}: the policy has no authority ${JSON.stringify(name)}`,
        {
          hint: `there are ${[...policy.authorities.keys()].join(", ")}`,
          exitCode: EXIT.usage,
        },
      );
    }
    return [name, authorityKeyKind(authority, kind)] as const;
  });
  return new Map(kinds);
}

/** The users named by flags, or keyserver and keysigner where root runs this and both are there. */
function findUsers({ serverUser, signerUser }: InitOptions): ServerUsers | undefined {
  const isAsked = serverUser !== undefined || signerUser !== undefined;
  if (!isRoot() && isAsked) throw notSeparated("only root can give files to other users");
  if (!isRoot()) return undefined;
  const there = readFileSync("/etc/passwd", "utf8");
  const usual = (name: string): string | undefined =>
    there.includes(`\n${name}:`) ? name : undefined;
  const server = serverUser ?? usual("keyserver");
  const signer = signerUser ?? usual("keysigner");
  if (server === undefined || signer === undefined) {
    const missing = server === undefined ? "keyserver" : "keysigner";
    if (isAsked) throw notSeparated(`there is no user ${missing} on this machine`);
    return undefined;
  }
  return {
    server: { name: server, ids: findUser(server) },
    signer: { name: signer, ids: findUser(signer) },
  };
}

/** Whoever names a user wants the separation, and is told when there would be none. */
const notSeparated = (why: string): OperatorError =>
  new OperatorError(`--server-user and --signer-user: ${why}`, {
    hint: "give both, as root; or neither, to run both as whoever starts them",
    exitCode: EXIT.usage,
  });
