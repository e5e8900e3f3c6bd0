import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, type TcpNetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type AttackPolicies } from '../../../src/egress/attack/attack-policies.js';
import { dialLimits, type DoorOptions } from '../../../src/egress/attack/door.js';
import { classifyTest, OWN, type TestNetwork } from '../../../src/egress/attack/test-network.js';
import { Network } from '../../../src/egress/guard/network.js';
import { Resolver } from '../../../src/egress/guard/resolver.js';
import { Policies, type PolicyStatus } from '../../../src/policy-host/policies.js';
import { type ChainCall, type ChainOutcome } from '../../../src/policy-host/sandbox/chain.js';
import { startTestApp, type TestApp } from '../../support/start-app.js';

/** Names of secrets by the headers that they are sent in. */
export const SECRETS: Readonly<Record<string, string>> = { 'x-secret': 'planted' };

interface Attacked {
  readonly app: TestApp;
  readonly around: SwitchedNetwork;
  readonly judges: SwitchedPolicies;
}

/** Daemons, one for each configuration that attacks ask for; attacks come one after the other. */
export class AttackedApps {
  private readonly folder = mkdtempSync(join(tmpdir(), 'llama-orch-attacked-'));
  private readonly started = new Map<string, Promise<Attacked>>();

  /** A daemon that is configured so, and has this network around it from now on. */
  async on(network: TestNetwork, options: DoorOptions): Promise<TestApp> {
    const { policies, ports: _listening, names: _names, ...configured } = options;
    const key = JSON.stringify({ ...configured, brings: policies !== undefined }, spelledOut);
    const starting = this.started.get(key) ?? this.start(options);
    this.started.set(key, starting);
    const { app, around, judges } = await starting;
    around.current = network;
    judges.current = policies;
    return app;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async start({ policies, ...options }: DoorOptions): Promise<Attacked> {
    const around = new SwitchedNetwork();
    const judges = new SwitchedPolicies();
    const own = policies === undefined ? undefined : judges;
    const network = new Network(around, classifyTest, around.openSocket, own);
    return { around, judges, app: await startTestApp(this.configOf(options), [], network) };
  }

  private configOf(options: DoorOptions) {
    const { rules = {}, trusted = [] } = options;
    const limits = dialLimits(options);
    const { enabled = true, allowPrivate = false, allowHosts = [], denyHosts = [], ports = [] } = rules;
    const value = join(this.folder, 'secret');
    writeFileSync(value, 's3cret-value');
    const planted = Object.entries(SECRETS).map(([header, name]) => [name, { file: value, header, hosts: ['*.test'] }]);
    return {
      server: { bind: '127.0.0.1:0', advertised_url: `http://${OWN}/` },
      egress: {
        ...{ enabled, allow_private: allowPrivate, allow_hosts: allowHosts, deny_hosts: denyHosts, ports: [...ports] },
        ...{ rate_per_s: 100_000, dns_timeout_ms: limits.dnsMs, connect_timeout_ms: limits.connectMs },
        ca_roots: trusted.map((pem) => this.fileWith(pem)),
      },
      tools: { max_bytes: 100 * 1024 * 1024, secrets: Object.fromEntries(planted) },
    };
  }

  private fileWith(pem: string): string {
    const file = join(this.folder, `root-${this.started.size}.pem`);
    writeFileSync(file, pem);
    return file;
  }
}

/** Leads to the network of the attack that is under way. */
class SwitchedNetwork extends Resolver {
  current: TestNetwork | undefined;

  override resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.network.resolve(host, signal);
  }

  readonly openSocket = (options: TcpNetConnectOpts): Socket => this.network.openSocket(options);

  private get network(): TestNetwork {
    if (this.current === undefined) throw new Error('no attack is under way');
    return this.current;
  }
}

/** Those of the attack that is under way. */
class SwitchedPolicies extends Policies {
  override readonly denyWithoutPolicy: boolean = false;
  current: AttackPolicies | undefined;

  override get revision(): number {
    return this.policies.revision;
  }

  override decide(call: ChainCall): Promise<ChainOutcome> {
    return this.policies.decide(call);
  }

  override has(hook: PolicyHook): boolean {
    return this.policies.has(hook);
  }

  override list(): readonly PolicyStatus[] {
    return this.policies.list();
  }

  override manifestOf(): undefined {
    return undefined;
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  private get policies(): AttackPolicies {
    if (this.current === undefined) throw new Error('no attack with policies is under way');
    return this.current;
  }
}

function spelledOut(_key: string, value: unknown): unknown {
  return value instanceof Set ? [...(value as ReadonlySet<unknown>)] : value;
}
