import { checkModel } from "./check/model.ts";
import type { Reading } from "./decision.ts";
import type { Model } from "./model.ts";
import { createReport, type Report } from "./report.ts";
import { readFields } from "./sections/fields.ts";
import { checkIndentation } from "./sections/indentation.ts";
import type { ReadOptions } from "./sections/inventory.ts";
import { POLICY_SHAPE, readSections } from "./sections/policy.ts";
import { readText } from "./sections/values.ts";
import { readDocument } from "./source/document.ts";
import type { Tree } from "./source/tree.ts";

/** The language that this reader knows. */
const VERSION = "policy/v1";

/** Reads and checks a policy: a checked model when nothing is wrong, and every message. Throws for no input. */
export function readPolicy(text: string, options: ReadOptions): Reading {
  const report = createReport();
  const model = readModel(text, options, report);
  const diagnostics = report.diagnostics();
  return model === undefined || report.hasErrors()
    ? { diagnostics }
    : { policy: model, diagnostics };
}

function readModel(text: string, options: ReadOptions, report: Report): Model | undefined {
  const tree = readDocument(text, options.file, report);
  if (tree === undefined || !checkIndentation(tree, Object.keys(POLICY_SHAPE), report))
    return undefined;
  const fields = readFields(tree, "policy", POLICY_SHAPE, report);
  if (fields === undefined || !isOurVersion(fields("keysystem"), report)) return undefined;
  const sections = readSections(fields, options, report);
  const cluster = sections?.cluster;
  if (sections === undefined || cluster === undefined || report.hasErrors()) return undefined;
  const model = { file: options.file, ...sections, cluster };
  checkModel(model, report);
  return model;
}

function isOurVersion(tree: Tree | undefined, report: Report): boolean {
  const written = tree && readText(tree, "keysystem", report);
  if (written === undefined) return true;
  if (written.text === VERSION) return true;
  report.error("E201", written.place, `unknown policy version "${written.text}"`, {
    label: `this program reads ${VERSION}`,
  });
  return false;
}
