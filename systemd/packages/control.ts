/** What a Debian package says of itself (Debian Policy §5.3). */
export type Control = {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
  readonly depends: readonly string[];
  readonly recommends?: readonly string[];
  readonly suggests?: readonly string[];
  readonly section: string;
  /** One line, then paragraphs. */
  readonly summary: string;
  readonly description: readonly string[];
};

const MAINTAINER = "Keysystem maintainers <maintainers@keysystem.invalid>";

/**
 * The file `control` of a binary package.
 *
 * @param installedKib what it takes on a disk, in units of 1024 bytes (Debian Policy §5.6.20)
 */
export function formatControl(control: Control, installedKib: number): string {
  const fields = {
    Package: control.package,
    Source: "keysystem",
    Version: control.version,
    Architecture: control.architecture,
    Maintainer: MAINTAINER,
    "Installed-Size": `${installedKib}`,
    Depends: control.depends.join(", "),
    Recommends: (control.recommends ?? []).join(", "),
    Suggests: (control.suggests ?? []).join(", "),
    Section: control.section,
    Priority: "optional",
    Description: formatDescription(control),
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** Debian Policy §5.6.13: a continuation begins with a space, an empty line is a dot. */
function formatDescription({ summary, description }: Control): string {
  const paragraphs = description.map((paragraph) => wrap(paragraph, 75));
  const lines = paragraphs.flatMap((paragraph, at) => (at === 0 ? paragraph : [".", ...paragraph]));
  return [summary, ...lines.map((line) => ` ${line}`)].join("\n");
}

function wrap(paragraph: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of paragraph.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Debian's name of a machine that Node.js names `arch`. @throws Error for one that nobody has built on */
export function debianArchitecture(arch: string): string {
  if (arch === "x64") return "amd64";
  if (arch === "arm64") return "arm64";
  throw new Error(`no packages for ${arch} machines: only x64 and arm64 have been thought of`);
}

/** `debian/changelog` of a release, the only entry (Debian Policy §4.4). @param date seconds since 1970 */
export function formatChangelog(version: string, date: number): string {
  const day = new Date(date * 1000).toUTCString().replace("GMT", "+0000");
  return [
    `keysystem (${version}) unstable; urgency=medium`,
    "",
    `  * Release ${version}; see /usr/share/doc/keysystem/README.md.`,
    "",
    ` -- ${MAINTAINER}  ${day}`,
    "",
  ].join("\n");
}
