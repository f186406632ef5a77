import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  below,
  commandLink,
  compress,
  documentTree,
  HOME,
  manualTree,
  unitTree,
} from "./contents.ts";
import { formatChangelog, type Control } from "./control.ts";
import type { Installation, Installed } from "./installation.ts";
import { formatCopyright } from "./licences.ts";
import { link, mergeTrees, text, type Tree } from "./tree.ts";

/** A Debian package before it is written. */
export type Package = {
  readonly control: Control;
  readonly tree: Tree;
};

export type PackagesDeps = {
  readonly checkout: string;
  readonly architecture: string;
  /** Seconds since 1970. */
  readonly date: number;
  readonly installation: Installation;
  readonly installed: Installed;
};

/** Everything that is packaged, the package that the others need first. */
export const describePackages = (deps: PackagesDeps): readonly Package[] => [
  describeCommon(deps),
  describeServer(deps),
  describeClient(deps),
  describeRequest(deps),
];

function describeCommon(deps: PackagesDeps): Package {
  const { installation, checkout, date } = deps;
  const { version, runtime, kerberos, notices, runtimeLicence } = installation;
  return {
    control: control(deps, {
      package: "keysystem-common",
      depends: deps.installed.librariesOf([
        "node_modules/kerberos/build/Release/kerberos.node",
        "node",
      ]),
      summary: "runtime and documentation of Keysystem",
      description: [
        "Keysystem is the authority of a bare-metal cluster: it hands out short-lived TLS and SSH certificates to machines and people, as one policy file says.",
        "This package holds the Node.js runtime that its programs run on, whatever the machine's own is, the module by which they speak Kerberos, and the documentation.",
      ],
    }),
    tree: mergeTrees([
      below(HOME, mergeTrees([runtime, kerberos])),
      documentTree(checkout),
      new Map([
        ["usr/share/doc/keysystem-common/copyright", text(formatCopyright(notices))],
        ["usr/share/doc/keysystem-common/node-licence.gz", text(compress(runtimeLicence))],
        [
          "usr/share/doc/keysystem-common/changelog.gz",
          text(compress(formatChangelog(version, date))),
        ],
        ["usr/share/lintian/overrides/keysystem-common", overrides(checkout)],
        ["var/cache/keysystem", { kind: "folder" }],
      ]),
    ]),
  };
}

function describeServer(deps: PackagesDeps): Package {
  const { programs, sqlite } = deps.installation;
  return {
    control: control(deps, {
      package: "keyserver",
      depends: [
        ...deps.installed.librariesOf(["node_modules/better-sqlite3/prebuilds/linux-x64.node"]),
        "libgssapi-krb5-2",
        "systemd | systemd-standalone-sysusers",
        "systemd | systemd-standalone-tmpfiles",
      ],
      summary: "authority of a cluster: short-lived TLS and SSH certificates",
      description: [
        "keyserver decides by one policy file what machines and people may prove to be, and records all of it; keysigner holds the authorities' keys, without a network, and signs by its own reading of the policy.",
        "For the master of a cluster; nodes need keyclient, people need keyreq.",
      ],
    }),
    tree: mergeTrees([
      below(HOME, mergeTrees([programs.keyserver, programs.keysigner, sqlite])),
      commandLink("keyserver"),
      manualTree("keyserver", 8, (args) => deps.installed.print("keyserver", args)),
      unitTree(deps.checkout, ["keyserver", "keysigner"]),
      sharedDoc("keyserver"),
    ]),
  };
}

function describeClient(deps: PackagesDeps): Package {
  return {
    control: control(deps, {
      package: "keyclient",
      depends: ["systemd | systemd-standalone-tmpfiles"],
      suggests: ["openssh-server"],
      summary: "keeps every certificate of a cluster's machine fresh",
      description: [
        "keyclient joins a machine to a cluster with a string that works once, and renews every certificate on it from then on: a timer runs it, it writes key and certificate together, reloads what uses them and looks whether the new one is what is served.",
      ],
    }),
    tree: mergeTrees([
      below(HOME, deps.installation.programs.keyclient),
      commandLink("keyclient"),
      manualTree("keyclient", 8, (args) => deps.installed.print("keyclient", args)),
      unitTree(deps.checkout, ["keyclient"]),
      sharedDoc("keyclient"),
    ]),
  };
}

function describeRequest(deps: PackagesDeps): Package {
  return {
    control: control(deps, {
      package: "keyreq",
      depends: ["libgssapi-krb5-2"],
      recommends: ["openssh-client", "krb5-user"],
      summary: "certificates of a cluster for people, by their Kerberos ticket",
      description: [
        "keyreq turns the Kerberos ticket, or where it is allowed the LDAP password, that a person has anyway into an SSH login, kubectl and etcdctl, or a join string for a machine. There is no login step.",
      ],
    }),
    tree: mergeTrees([
      below(HOME, deps.installation.programs.keyreq),
      commandLink("keyreq"),
      manualTree("keyreq", 1, (args) => deps.installed.print("keyreq", args)),
      sharedDoc("keyreq"),
    ]),
  };
}

type Particulars = Omit<Control, "version" | "architecture" | "section">;

function control({ installation, architecture }: PackagesDeps, own: Particulars): Control {
  const { version } = installation;
  const common = own.package === "keysystem-common" ? [] : [`keysystem-common (= ${version})`];
  return { ...own, version, architecture, section: "admin", depends: [...common, ...own.depends] };
}

/** Debian Policy §12.3: packages of one source that need each other may share their documentation. */
const sharedDoc = (name: string): Tree =>
  new Map([[`usr/share/doc/${name}`, link("keysystem-common")]]);

const overrides = (checkout: string) =>
  text(readFileSync(join(checkout, "systemd/packages/overrides/keysystem-common")));
