import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeArchive } from "./archive.ts";
import { runCommand } from "./command.ts";
import { debianArchitecture } from "./control.ts";
import { writeDebianPackage } from "./debian-package.ts";
import { assemble, withInstalled } from "./installation.ts";
import { describePackages } from "./packages.ts";

export type BuildOptions = {
  readonly checkout: string;
  /** Made when it is not there. */
  readonly out: string;
  readonly version: string;
  /** Seconds since 1970; with the same checkout and compiler, the same date gives the same bytes. */
  readonly date: number;
  readonly say: (line: string) => void;
};

/** Builds every package and the archive into `out` and gives their names. */
export async function buildPackages(options: BuildOptions): Promise<readonly string[]> {
  const { checkout, out, version, date, say } = options;
  const work = mkdtempSync(join(tmpdir(), "keysystem-"));
  try {
    mkdirSync(out, { recursive: true });
    say("bundling the programs");
    const installation = await assemble(checkout, version);
    const architecture = debianArchitecture(process.arch);
    const packages = withInstalled(installation, (installed) =>
      describePackages({ checkout, architecture, date, installation, installed }),
    );
    const scripts = join(checkout, "systemd/packages/scripts");
    const names = packages.map((described) => {
      say(`packing ${described.control.package}`);
      return writeDebianPackage(described, { scripts, work, out, date });
    });
    say("packing keyclient as an archive");
    return [...names, writeArchive({ checkout, installation, work, out, date })];
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** When the checkout's last commit was made, seconds since 1970. @throws Error where there is no history */
export function dateOfLastCommit(checkout: string): number {
  const said = runCommand(["git", "-C", checkout, "log", "-1", "--format=%ct"]);
  return Number(said.trim());
}
