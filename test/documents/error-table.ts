import { ERRORS } from "../../protocol/problems.ts";

const HEAD = `# Errors

Every problem that the server answers with (RFC 9457). \`type\` is \`urn:keysystem:error:\` and the code;
\`detail\` says what was wrong with this very request. A code is API: it is never renamed and never reused.
Status 503 and 429 mean that the same request may succeed later.

Written by \`npm run documents\` from \`protocol/problems.ts\`.

| code | status | title |
| --- | --- | --- |
`;

/** `docs/errors.md`, whole: the table of codes as a page. */
export const formatErrorDocument = (): string =>
  HEAD +
  Object.entries(ERRORS)
    .map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |\n`)
    .join("");
