import type { LoadOutcome } from "../load/run-load.ts";
import { batchSize, type Context, type Figure, type LoadName, type Measure } from "../measure.ts";

const CEILING = "OpenSSL's P-256 bound of one core";

/** `issue.kept.*`: over kept connections, against OpenSSL's bound of one core. */
export const issueKept = (name: "kept.8" | "kept.1"): Measure =>
  issueMeasure(name, async (context, { rate }) => {
    const ceiling = await context.ceiling();
    return { ratio: (rate * batchSize(name)) / ceiling, of: CEILING };
  });

/** `issue.storm.*`: a new connection for each request, against as many bare handshakes. */
export const issueStorm = (name: "storm.8" | "storm.1"): Measure =>
  issueMeasure(name, async (context, { rate }) => {
    const handshakes = await context.handshakes();
    return {
      ratio: rate / handshakes,
      of: `${Math.round(handshakes)} bare mutual-TLS handshakes/s`,
    };
  });

/** `issue.ssh.8`: SSH host certificates, against as many TLS ones. */
export const issueSsh: Measure = issueMeasure("ssh.8", async (context, { rate }) => {
  const { rate: tls } = await context.load("kept.8");
  return { ratio: rate / tls, of: "issue.kept.8" };
});

type Compare = (
  context: Context,
  outcome: LoadOutcome,
) => Promise<Required<Pick<Figure, "ratio" | "of">>>;

function issueMeasure(name: LoadName, compare: Compare): Measure {
  const size = batchSize(name);
  return {
    names: [`issue.${name}`],
    async run(context) {
      const outcome = await context.load(name);
      const { rate, serverCpu, loadCpu } = outcome;
      const milliseconds = (seconds: number): string => ((seconds * 1000) / size).toFixed(3);
      const detail = `CPU a certificate: ${milliseconds(serverCpu)} ms servers, ${milliseconds(loadCpu)} ms load`;
      const figure = { value: rate * size, unit: "certificates/s", detail };
      return { [`issue.${name}`]: { ...figure, ...(await compare(context, outcome)) } };
    },
  };
}
