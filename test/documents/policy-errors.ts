import { CODES, listCodes, type Code } from "../../policy/codes/codes.ts";
import { DEMO } from "./demo-policy.ts";

const HEAD = `# What \`keyserver policy check\` says

Every message has a code; \`keyserver policy check --explain E401\` prints its page. Errors (E) keep a policy from
being applied; warnings (W) are said where there is no error, and count with \`--strict\`. A code is never renamed
and never reused. How to read a message, and the language itself: [policy.md](policy.md).

Written by \`npm run documents\` from \`policy/codes/\`. Each example is a part of the policy at the end of this page.
`;

/** `docs/policy-errors.md`, whole: a table of the codes and a section for each. */
export const formatPolicyErrors = (): string =>
  [HEAD, formatTable(), ...listCodes().map(formatSection), formatDemo()].join("\n");

const formatTable = (): string =>
  `| code | what is wrong |\n| --- | --- |\n${listCodes()
    .map((code) => `| [${code}](#${code.toLowerCase()}) | ${CODES[code].title} |\n`)
    .join("")}`;

function formatSection(code: Code): string {
  const { title, meaning, wrong, right } = CODES[code];
  return `## ${code}

**${title[0]?.toUpperCase() ?? ""}${title.slice(1)}.** ${meaning}

\`\`\`yaml
# wrong
${wrong}\`\`\`

\`\`\`yaml
# right
${right}\`\`\`
`;
}

const formatDemo = (): string =>
  `## The policy of the examples\n\n\`\`\`yaml\n${DEMO}\`\`\`\n\nThe examples of tests and never rules add their sections to it.\n`;
