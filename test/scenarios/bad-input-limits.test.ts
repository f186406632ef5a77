import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATHS } from "../../protocol/paths.ts";
import {
  CHECK_INTERVAL,
  HEADER_LIMIT,
  MOST_CONNECTIONS,
  TIMEOUTS,
} from "../../server/routes/limits.ts";
import { type Cluster, startCluster } from "../harness/cluster.ts";
import { askHttps, type Identity, joinByHand, nodesAnchor } from "../harness/test-node.ts";

/** Case 31, lightly: whoever is slow or idle holds nothing for long, and holds nobody up. */

let cluster: Cluster;
let identity: Identity;

beforeAll(async () => {
  cluster = await startCluster();
  identity = await joinByHand(cluster, "m1");
});
afterAll(async () => {
  await cluster.dispose();
});

describe("limits", () => {
  const host = "127.0.0.1";
  const portNumber = (): number => Number(cluster.address.split(":")[1]);
  const closedAfter = (open: () => NodeJS.EventEmitter): Promise<number> => {
    const begun = performance.now();
    const socket = open();
    return new Promise((resolve) => {
      socket.once("error", () => undefined);
      socket.once("close", () => resolve(performance.now() - begun));
    });
  };

  test("hold nobody for longer than half a minute, and not everybody", () => {
    expect(TIMEOUTS.handshake).toBeLessThanOrEqual(10_000);
    expect(TIMEOUTS.headers).toBeLessThanOrEqual(10_000);
    expect(TIMEOUTS.request).toBeLessThanOrEqual(30_000);
    expect(CHECK_INTERVAL).toBeLessThanOrEqual(5000);
    expect(HEADER_LIMIT).toBeLessThanOrEqual(16_384);
    expect(MOST_CONNECTIONS).toBeLessThanOrEqual(10_000);
  });

  test("cut a connection that begins no handshake, and one that sends a header byte by byte", async () => {
    const silent = closedAfter(() => connectTcp(portNumber(), host).resume());
    const slow = closedAfter(() => trickle(portNumber()));
    const [handshake, headers] = await Promise.all([silent, slow]);
    expect(handshake).toBeLessThan(TIMEOUTS.handshake + 5000);
    expect(headers).toBeLessThan(TIMEOUTS.headers + 5000);
    expect(Math.min(handshake, headers)).toBeGreaterThan(TIMEOUTS.headers / 2);
  });

  function trickle(to: number): NodeJS.EventEmitter {
    const socket = connectTls({ host, port: to, ca: nodesAnchor(cluster) }, () => {
      socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n");
    });
    const timer = setInterval(() => socket.write("x"), 200);
    socket.once("close", () => clearInterval(timer));
    return socket.resume();
  }

  test("let a node through beside 300 connections that do nothing", async () => {
    const idle = Array.from({ length: 300 }, () => connectTcp(portNumber(), host));
    for (const socket of idle) socket.on("error", () => undefined);
    const begun = performance.now();
    expect((await askHttps(cluster, PATHS.grants, { identity })).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(2000);
    for (const socket of idle) socket.destroy();
  });
});
