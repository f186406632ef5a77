import type { Figures } from "../measure.ts";
import { measureOurs, type OurResult } from "./ours.ts";
import { measureStepCa, type PeerResult } from "./step-ca.ts";
import { findPeerTools } from "./tools.ts";

/**
 * Ours beside step-ca under the same load generator, and ours again, since rates differ from minute
 * to minute: the ratio is that of our slower pass.
 */
export async function comparePeer(
  folder: string,
  time: { readonly seconds: number; readonly warmSeconds: number },
): Promise<Figures> {
  const tools = findPeerTools(folder);
  const first = await measureOurs(tools, time);
  const theirs = await measureStepCa(tools, time);
  const second = await measureOurs(tools, time);
  return compare(first, theirs, second);
}

function compare(first: OurResult, theirs: PeerResult, second: OurResult): Figures {
  const figure = (name: keyof OurResult, size: number, peer: "kept" | "fresh") => {
    const passes = [first[name], second[name]];
    const rates = passes.map(({ rate }) => rate * size);
    const value = Math.min(...rates);
    const cpu = passes.map((pass) => ((pass.srv_cpu_ms_per_op ?? 0) / size).toFixed(3));
    return {
      value,
      unit: "certificates/s",
      ratio: value / theirs[peer].rate,
      of: `step-ca ${peer} renewals, ${Math.round(theirs[peer].rate)}/s`,
      detail: [
        `passes ${rates.map(Math.round).join(" and ")}`,
        `CPU a certificate ${cpu.join(" and ")} ms, theirs ${theirs[peer].srv_cpu_ms_per_op ?? 0} ms`,
      ].join("; "),
    };
  };
  return {
    "peer.kept.8": figure("kept8", 8, "kept"),
    "peer.storm.8": figure("storm8", 8, "fresh"),
    "peer.storm.1": figure("storm1", 1, "fresh"),
  };
}
