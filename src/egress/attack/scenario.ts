import { type RequestListener } from 'node:http';
import { AttackRig, type Outcome, type RigOptions } from './attack-rig.js';
import { AttackServer } from './attack-server.js';

/** An attack that takes more than a URL. */
export interface Scenario {
  readonly row: number;
  readonly name: string;
  /** What {@link run} has to answer. */
  readonly expected: string;
  run(stage: Stage): Promise<string>;
}

/** Lends rigs and servers to one scenario and takes them back. */
export class Stage {
  private readonly rigs: AttackRig[] = [];
  private readonly servers: AttackServer[] = [];

  /** A server in the place of port 80 of all public addresses, and a rig that reaches it. */
  async web(listener: RequestListener, options: RigOptions = {}): Promise<{ rig: AttackRig; server: AttackServer }> {
    const server = await this.serve(AttackServer.http(listener));
    return { server, rig: this.rig({ ...options, ports: { 80: server.port, ...options.ports } }) };
  }

  rig(options: RigOptions = {}): AttackRig {
    const rig = new AttackRig(options);
    this.rigs.push(rig);
    return rig;
  }

  async serve(starting: Promise<AttackServer>): Promise<AttackServer> {
    const server = await starting;
    this.servers.push(server);
    return server;
  }

  async close(): Promise<void> {
    await Promise.all(this.rigs.map((rig) => rig.close()));
    await Promise.all(this.servers.map((server) => server.close()));
  }
}

/** In a word: `refused`, `failed: timeout`, `answered 200`, `cut at 5`. */
export function told(outcome: Outcome): string {
  if (outcome.type === 'refused') return outcome.error.code === 'POLICY_DENIED' ? 'refused' : outcome.error.code;
  if (outcome.type === 'failed') return `failed: ${outcome.error.kind}`;
  const { truncated, body, status } = outcome.answer;
  return truncated ? `cut at ${body.length}` : `answered ${status}`;
}
