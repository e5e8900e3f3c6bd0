import {
  type CallHttpTool,
  type AuditPage,
  type HttpToolAnswer,
  type HttpToolEnd,
  type HttpToolFailed,
  type HttpToolHead,
} from '@llama-orch/client';
import { outboundCall } from '../../../src/egress/attack/attack-rig.js';
import {
  type Door,
  type DoorCall,
  type DoorOptions,
  type DoorOutcome,
  networkOf,
} from '../../../src/egress/attack/door.js';
import { StageBefore } from '../../../src/egress/attack/scenario.js';
import { type TestNetwork } from '../../../src/egress/attack/test-network.js';
import { type ErrorCode } from '../../../src/kernel/errors.js';
import { type TestApp } from '../../support/start-app.js';
import { type AttackedApps, SECRETS } from './attacked-apps.js';

type Frame = Partial<HttpToolHead & HttpToolEnd & HttpToolFailed & { readonly text: string; readonly base64: string }>;

interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly errors?: readonly { readonly pointer: string }[];
}

/** `POST /v1/tools/http` of a daemon, as its callers see it. */
export class RouteDoor implements Door {
  readonly network: TestNetwork;
  private readonly correlations: string[] = [];

  constructor(
    private readonly options: DoorOptions,
    private readonly apps: AttackedApps,
    private readonly stream = false,
  ) {
    this.network = networkOf(options);
  }

  async call(members: DoorCall): Promise<DoorOutcome> {
    const app = await this.app();
    const body = { ...asked(members), stream: this.stream };
    const answer = await app.call<HttpToolAnswer | Problem | string>('/v1/tools/http', { method: 'POST', body });
    this.correlations.push(answer.headers.get('x-correlation-id')!);
    return outcomeOf(answer.status, typeof answer.body === 'string' ? joined(answer.body) : answer.body);
  }

  async decidedFor(): Promise<readonly string[]> {
    const app = await this.app();
    const { body } = await app.call<AuditPage>('/v1/audit?action=tool.request&limit=100');
    const own = body.items.filter(({ correlation_id: id }) => this.correlations.includes(id ?? ''));
    return own.map(({ target }) => target).reverse();
  }

  /** The daemon goes on, for other attacks: they meet no socket of this one. */
  close(): Promise<void> {
    return this.network.hangUp();
  }

  private app(): Promise<TestApp> {
    return this.apps.on(this.network, this.options);
  }
}

/** A stage for one attack on the route. */
export function beforeRoute(apps: AttackedApps, stream = false): StageBefore<RouteDoor> {
  return new StageBefore('route', (options) => new RouteDoor(options, apps, stream));
}

/** Each row once, in order. */
export function rowsOf(attacks: readonly { readonly row: number }[]): readonly number[] {
  return [...new Set(attacks.map(({ row }) => row))].toSorted((a, b) => a - b);
}

/** The call in the words of the route. @throws Error for what it has no words for */
function asked(members: DoorCall): CallHttpTool {
  const { url, method, headers, body, secretHeaders, maxBytes, timeoutMs, tool } = outboundCall(members);
  if (tool.name !== 'http.fetch') throw new Error(`a caller of this route cannot make a ${tool.name}`);
  return {
    ...{ url, headers: Object.fromEntries(headers), max_bytes: maxBytes, timeout_ms: timeoutMs },
    // What the contract does not know is what some attacks are about.
    method: method as NonNullable<CallHttpTool['method']>,
    secrets: secretHeaders.map(([name]) => SECRETS[name]!),
    ...(body === undefined ? {} : { body_base64: Buffer.from(body).toString('base64') }),
  };
}

/** The answer that the events of a stream make up. @throws Error for a stream that does not say how it ended */
function joined(text: string): HttpToolAnswer {
  const events = text.split('\n\n').filter((one) => one !== '');
  if (!/^event: (?:end|error)$/m.test(events.at(-1) ?? '')) throw new Error('the stream breaks off');
  const frames = events.map((one) => JSON.parse(one.slice(one.indexOf('data: ') + 6)) as Frame);
  const body = Buffer.concat(
    frames.map(({ text = '', base64 }) => (base64 ? Buffer.from(base64, 'base64') : Buffer.from(text))),
  );
  return { ...Object.assign({}, ...frames), body_base64: body.toString('base64') } as HttpToolAnswer;
}

function outcomeOf(status: number, body: HttpToolAnswer | Problem): DoorOutcome {
  if ('code' in body) return { type: 'refused', error: refusal(body) };
  if (status !== 200) throw new Error(`status ${status}`);
  if ('error' in body) return { type: 'failed', error: body.error };
  const { truncated, bytes, body: text = '', body_base64: base64 } = body;
  const read = base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64');
  return { type: 'answered', answer: { status: body.status, truncated, bytes, body: read } };
}

/** What an attack writes may be refused before the guard sees it: then the answer names that, and nothing else. */
function refusal({ code, message, ...members }: Problem) {
  const places = members.errors?.map(({ pointer }) => pointer) ?? [];
  const isOfAttack = places.length > 0 && places.every((place) => /^\/(?:url|method|headers\/.+)$/s.test(place));
  return { code: code === 'INVALID_PARAMS' && isOfAttack ? 'POLICY_DENIED' : code, message, members } as const;
}
