import type { Written } from "../model.ts";
import { readList } from "../sections/values.ts";
import type { Tree } from "../source/tree.ts";
import { isValueOf } from "../text/template.ts";
import type { Findings } from "./take-fields.ts";

/** What stands before an admin's principal in the longest cn that has it; RFC 5280 appendix A.1 allows 64 characters. */
export const ETCD_ADMIN_PREFIX = "temporary-etcd-grant-";
const LONGEST = 64 - ETCD_ADMIN_PREFIX.length;

/**
 * Reads `root-admins:`. None at all is what Homeworld took for a cluster without Kerberos: listed,
 * since nobody but root on the master can do anything there.
 */
export function readAdmins(tree: Tree, { report, left }: Findings): readonly Written[] | undefined {
  if (tree.kind === "list" && tree.items.length === 0) {
    left.push({
      place: tree.place,
      key: "root-admins",
      value: "",
      why: "the list is empty, which in Homeworld meant a cluster without Kerberos",
      instead: "root on the master admits nodes; add people: and their grants once there are some",
    });
    return [];
  }
  if (tree.kind === "map") {
    report.error("E111", tree.place, "root-admins must be a list", {
      label: "one Kerberos principal in each entry",
    });
    return undefined;
  }
  const admins = readList(tree, "root-admins", report);
  if (admins === undefined) return undefined;
  for (const { text, place } of admins) {
    if (!isValueOf("principal", text)) {
      report.error("E302", place, `root admin "${text}" is no Kerberos principal`, {
        label: "primary[/instance]@REALM, compared exactly",
        help: "for example cela/root@EXAMPLE.EDU",
      });
    } else if (text.length > LONGEST) {
      report.error("E303", place, `root admin "${text}" has ${text.length} characters`, {
        label: `the limit is ${LONGEST}: the cn of grant etcd-admin begins with "${ETCD_ADMIN_PREFIX}" and has 64`,
        help: "give this admin a shorter principal",
      });
    }
  }
  return admins;
}
