import { type PluginReport, type Problem } from '@llama-orch/client';
import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { answering, doing } from '../policy/modules.js';
import { eventually } from '../support/eventually.js';
import { PolicyApp } from '../support/policy-app.js';
import { completion, mockPool, startTestApp } from '../support/start-app.js';

let rig: PolicyApp;
beforeEach(() => void (rig = new PolicyApp()));
afterEach(() => rig.close());

const admission: Partial<PolicyManifest> = { name: 'gatekeeper', hooks: ['on_admission'] };
const denying = { decision: 'deny', code: 'TOO_LATE', reason: 'the office is closed', hint: 'come tomorrow' };
const relabelling = {
  decision: 'modify',
  patch: [
    { op: 'setPriority', value: 'batch' },
    { op: 'setLabel', name: 'lane', value: 'slow' },
  ],
};
/** The most that an operator may give: about a second of looping. */
const ENDLESS_FUEL = 1_000_000_000;
const looping = () => doing('(loop $again (br $again))', { manifest: admission });

/** An entry with a module that does this at admission. */
async function gatekeeper(answer: unknown, more: object = {}): Promise<object> {
  return { path: rig.put('gatekeeper', await answering(answer, admission)), ...more };
}

describe('a policy that refuses tasks', () => {
  it('answers 403 with code, reason, hint and the id of the decision (ORCH-4702, OC-POLICY-4020)', async () => {
    const app = await rig.start([await gatekeeper(denying)]);
    const { status, headers, body } = await app.post<Problem>(completion());
    expect(status).toBe(403);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({
      code: 'POLICY_DENIED',
      retriable: false,
      engine: 'mock',
      policy: { id: 'gatekeeper', version: '1.0.0', reason: 'the office is closed' },
      policy_code: 'TOO_LATE',
      hint: 'come tomorrow',
      decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      detail: 'policy gatekeeper does not let this task in: the office is closed; come tomorrow',
    });
    expect(await app.metric('tasks_rejected_total', { reason: 'POLICY_DENIED' })).toBe(1);
    expect(await app.metric('llama_orch_policy_calls_total', { plugin: 'gatekeeper', decision: 'deny' })).toBe(1);
    expect((await app.call<{ items: unknown[] }>('/v1/tasks')).body.items).toEqual([]);
  });

  it('lets no task of a crowd in: who was not asked is told to come again (ORCH-4702, OC-POLICY-4011)', async () => {
    const app = await rig.start([await gatekeeper(denying)]);
    const answers = await Promise.all(Array.from({ length: 300 }, () => app.post<Problem>(completion())));
    const told = new Set(answers.map(({ status, body }) => `${status} ${body.code} ${body.retriable}`));
    expect([...told].filter((one) => !/^(403 POLICY_DENIED false|429 ADMISSION_REJECT true)$/.test(one))).toEqual([]);
    expect(told).toContain('403 POLICY_DENIED false');
  });

  it('leaves a row in the audit, with what the decision was made from and without the prompt (ORCH-4704)', async () => {
    const app = await rig.start([await gatekeeper(denying)]);
    const { body } = await app.post<Problem>(completion('a very private prompt'), { 'x-correlation-id': 'corr-7' });
    const [row] = await eventually(() => {
      const rows = rig.auditRows('admission');
      expect(rows).toHaveLength(1);
      return rows;
    });
    expect(row).toMatchObject({
      ...{ actor: 'local', tenant: 'default', target: 'mock-model', decision: 'deny', plugin: 'gatekeeper' },
      ...{ version: '1.0.0', code: 'TOO_LATE', correlation_id: 'corr-7', decision_id: body.decision_id },
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      fuel: expect.any(Number),
      record: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(rig.auditText()).not.toContain('private prompt');
    expect(rig.auditText()).toContain('"promptBytes":21');
    expect(rig.auditRows('policy.load')).toMatchObject([{ target: 'gatekeeper', decision: 'ok', digest: row?.digest }]);
  });

  it('is asked after the model is known and before pools are chosen (ORCH-3014)', async () => {
    const app = await rig.start([await gatekeeper(denying)]);
    expect((await app.post<Problem>(completion('x', { model_ref: 'other' }))).body.code).toBe('NOT_FOUND');
    const unknownLabel = completion('x', { pool_labels: { zone: 'nowhere' } });
    expect((await app.post<Problem>(unknownLabel)).body.code).toBe('POLICY_DENIED');
  });
});

describe('a policy that changes tasks', () => {
  const pools = [
    mockPool({}, { id: 'fast', labels: { lane: 'fast' } }),
    mockPool({}, { id: 'slow', labels: { lane: 'slow' } }),
  ];

  it('moves them to another class and to the pools of a label (ORCH-4702)', async () => {
    const app = await rig.start([await gatekeeper(relabelling, { may_modify: true })], { pools });
    const { task_id, pool_id } = await app.submit(completion());
    expect(pool_id).toBe('slow');
    expect(await app.task(task_id)).toMatchObject({ priority: 'batch', pool_id: 'slow' });
    expect(await app.metric('tasks_enqueued_total', { priority: 'batch' })).toBe(1);
    await eventually(() =>
      expect(rig.auditRows('admission')).toMatchObject([{ decision: 'modify', plugin: 'gatekeeper' }]),
    );
  });

  it('has them wait behind those that they would have gone before (ORCH-4702, ORCH-3004)', async () => {
    const entry = await gatekeeper({ ...relabelling, patch: relabelling.patch.slice(0, 1) }, { may_modify: true });
    const app = await rig.start([entry], { pools: [mockPool({ token_ms: 20 }, { slots: 1 })] });
    await app.submit(completion('[[mock:tokens=500]]'));
    const relabelled = await app.submit(completion());
    rig.put('gatekeeper', await answering({ decision: 'allow' }, { ...admission, version: '2.0.0' }));
    await eventually(async () => expect(await app.metric('llama_orch_policy_swaps_total', { result: 'ok' })).toBe(1));
    const urgent = await app.submit(completion());
    expect([relabelled.queue_position, urgent.queue_position]).toEqual([0, 0]);
    expect(await app.task(relabelled.task_id)).toMatchObject({ priority: 'batch', queue_position: 1 });
  });

  it('needs the leave of the operator (ORCH-4702)', async () => {
    const app = await rig.start([await gatekeeper(relabelling, { on_error: 'deny' })], { pools });
    expect((await app.post<Problem>(completion())).body).toMatchObject({
      code: 'POLICY_DENIED',
      policy_code: 'POLICY_BAD_OUTPUT',
    });
  });
});

describe('a policy that fails', () => {
  it('lets tasks in, says so, and is in the audit (ORCH-4702)', async () => {
    const app = await rig.start([{ path: rig.put('gatekeeper', await looping()), limits: { fuel: 10_000 } }]);
    expect((await app.post(completion())).status).toBe(202);
    expect(app.lines).toContainEqual(
      expect.objectContaining({ event: 'policy', level: 'warn', policy: 'gatekeeper', code: 'POLICY_FUEL' }),
    );
    await eventually(() =>
      expect(rig.auditRows('admission')).toMatchObject([{ decision: 'allow', code: 'POLICY_FUEL' }]),
    );
  });

  it('keeps tasks out where the operator wants it (ORCH-4702)', async () => {
    const path = rig.put('gatekeeper', await looping());
    const app = await rig.start([{ path, limits: { fuel: 10_000 }, on_error: 'deny' }]);
    const { status, body } = await app.post<Problem>(completion());
    expect([status, body.policy_code]).toEqual([403, 'POLICY_FUEL']);
  });

  it('takes no more than its time from a task: it is let in while the policy still runs (ORCH-4702)', async () => {
    const path = rig.put('gatekeeper', await looping());
    const app = await rig.start([{ path, limits: { fuel: ENDLESS_FUEL } }], {
      policy: { admission_deadline_ms: 5, deadline_ms: 60_000 },
    });
    expect((await app.post(completion())).status).toBe(202);
    await eventually(() =>
      expect(rig.auditRows('admission')).toMatchObject([{ decision: 'allow', code: 'POLICY_DEADLINE' }]),
    );
  });
});

it('a policy in monitor mode is asked and recorded, and decides nothing (ORCH-4702)', async () => {
  const app = await rig.start([await gatekeeper(denying, { mode: 'monitor' })]);
  expect((await app.post(completion())).status).toBe(202);
  expect(await app.metric('llama_orch_policy_calls_total', { plugin: 'gatekeeper', decision: 'deny' })).toBe(1);
  await eventually(() => expect(rig.auditRows('admission')).toMatchObject([{ decision: 'allow', code: 'NO_POLICY' }]));
});

it('without an admission policy no task is asked about (ORCH-4702)', async () => {
  const path = rig.put('caller', await answering(denying, { name: 'caller' }));
  const app = await rig.start([{ path }]);
  expect((await app.post(completion())).status).toBe(202);
  expect(await app.metric('llama_orch_policy_calls_total', { plugin: 'caller' })).toBeUndefined();
  expect(rig.auditRows('admission')).toEqual([]);
});

it('a policy that cannot be loaded stops the start, named with the step (ORCH-4701, ORCH-4702)', async () => {
  const path = rig.put('broken', Buffer.from('no module'));
  const failure = await rig.start([{ path }]).then(
    () => undefined,
    (error: Error) => error.message,
  );
  expect(failure).toMatch(/^policy broken\.wasm: module: /);
  expect(failure).not.toContain(rig.folder);
});

it('GET /v1/plugins shows policies with version, digest, state and time (ORCH-4701, ORCH-4702)', async () => {
  const path = rig.put('gatekeeper', await answering(denying, { ...admission, version: '1.4.0' }));
  const app = await rig.start([{ builtin: 'allow-all' }, { path }]);
  const { body } = await app.call<PluginReport>('/v1/plugins');
  expect(body.items.filter(({ kind }) => kind === 'policy')).toEqual([
    expect.objectContaining({ id: 'allow-all', package: 'builtin:allow-all', state: 'loaded', mode: 'enforce' }),
    {
      ...{ kind: 'policy', id: 'gatekeeper', version: '1.4.0', package: 'gatekeeper.wasm', state: 'loaded' },
      ...{ mode: 'enforce', hooks: ['on_admission'], took_ms: expect.any(Number) },
      digest: expect.stringMatching(/^sha256:/),
    },
  ]);
  rig.put('gatekeeper', Buffer.from('half a modu'));
  await eventually(async () => {
    const { items } = (await app.call<PluginReport>('/v1/plugins')).body;
    expect(items.at(-1)).toMatchObject({
      state: 'loaded',
      version: '1.4.0',
      error: expect.stringMatching(/^module: /),
    });
  });
});

describe('without any policy', () => {
  const warning = expect.objectContaining({
    event: 'policy',
    level: 'warn',
    message: expect.stringContaining('no policy is configured'),
  });

  it('the start warns on loopback, where everything is allowed (ORCH-4702)', async () => {
    const { lines } = await startTestApp();
    expect(lines.filter(({ event, level }) => event === 'policy' && level === 'warn')).toEqual([warning]);
  });

  it('the start does not warn where calls need a policy (ORCH-4702)', async () => {
    const app = await startTestApp({ policy: { profile: 'production' } });
    expect(app.lines).not.toContainEqual(warning);
  });
});
