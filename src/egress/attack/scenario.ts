import { type RequestListener } from 'node:http';
import { AttackRig, type RigOptions } from './attack-rig.js';
import { AttackServer } from './attack-server.js';
import { type Door, type DoorName, type DoorOptions, type DoorOutcome } from './door.js';

/** An attack that takes more than a URL. */
export interface Scenario {
  readonly row: number;
  readonly name: string;
  /** What {@link run} has to answer. */
  readonly expected: string;
  /** Why no caller of a daemon can bring it about; absent: one can. */
  readonly notFromOutside?: string;
  run(stage: StageBefore): Promise<string>;
}

/** Lends doors and servers to one scenario and takes them back. */
export class StageBefore<Opened extends Door = Door, Options extends DoorOptions = DoorOptions> {
  private readonly doors: Opened[] = [];
  private readonly servers: AttackServer[] = [];

  constructor(
    readonly before: DoorName,
    private readonly open: (options: Options | DoorOptions) => Opened,
  ) {}

  /** A server in the place of port 80 of all public addresses, and a door that leads to it. */
  async web(
    listener: RequestListener,
    options: Options | DoorOptions = {},
  ): Promise<{ rig: Opened; server: AttackServer }> {
    const server = await this.serve(AttackServer.http(listener));
    return { server, rig: this.rig({ ...options, ports: { 80: server.port, ...options.ports } }) };
  }

  rig(options: Options | DoorOptions = {}): Opened {
    const door = this.open(options);
    this.doors.push(door);
    return door;
  }

  async serve(starting: Promise<AttackServer>): Promise<AttackServer> {
    const server = await starting;
    this.servers.push(server);
    return server;
  }

  async close(): Promise<void> {
    await Promise.all(this.doors.map((door) => door.close()));
    await Promise.all(this.servers.map((server) => server.close()));
  }
}

/** Before the class that every call passes. */
export class Stage extends StageBefore<AttackRig, RigOptions> {
  constructor() {
    super('outbound', (options) => new AttackRig(options));
  }
}

/** In a word: `refused`, `failed: timeout`, `answered 200`, `cut at 5`. */
export function told(outcome: DoorOutcome): string {
  if (outcome.type === 'refused') return outcome.error.code === 'POLICY_DENIED' ? 'refused' : outcome.error.code;
  if (outcome.type === 'failed') return `failed: ${outcome.error.kind}`;
  const { truncated, bytes, body, status } = outcome.answer;
  if (body.length > bytes) return `${body.length} bytes of ${bytes}`;
  return truncated ? `cut at ${bytes}` : `answered ${status}`;
}
