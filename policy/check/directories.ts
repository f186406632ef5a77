import type { Grant, Model, PeopleGroup } from "../model.ts";
import { givenByGrant } from "../never/given.ts";
import type { Report } from "../report.ts";
import { firstVariable, partsText } from "../text/template.ts";

/** What nobody gets on the word of a directory that does not answer. */
const TOO_MUCH: ReadonlySet<string> = new Set(["principal root", "o system:masters"]);

/** `use-last` is refused where a group that relies on it could become root or cluster administrator. */
export function checkDirectories(model: Model, report: Report): void {
  for (const directory of model.directories.values()) {
    if (directory.useLast === 0) continue;
    const relying = [...model.people.values()].filter((group) => reliesOn(group, directory.name));
    for (const grant of model.grants.values()) {
      const group = relying.find(({ name }) => grant.to.names.some(({ text }) => text === name));
      if (group === undefined || !givesTooMuch(grant)) continue;
      report.error(
        "E401",
        directory.place,
        `directory "${directory.name}" may answer late for grant "${grant.name}"`,
        {
          label: "use-last is not allowed for groups that get root or system:masters",
          notes: [{ place: grant.place, message: `given to "${group.name}" here` }],
          help: "when-unreachable: deny",
        },
      );
    }
  }
}

const reliesOn = ({ from, alsoIn }: PeopleGroup, directory: string): boolean =>
  [...from, ...alsoIn].some(({ text }) => text.startsWith(`${directory}:`));

const givesTooMuch = (grant: Grant): boolean =>
  givenByGrant(grant, {}).some(
    (given) =>
      given.kind === "name" &&
      firstVariable(given.parts) === undefined &&
      TOO_MUCH.has(`${given.aspect} ${partsText(given.parts)}`),
  );
