// Decides many varied calls with a chain of three policies in TypeScript, keeps them in an audit, and decides them again
// from there: `node test/policy/replay-many.mjs [calls]`. Every answer and its fuel has to be the same. Needs a build.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPolicy } from '@llama-orch/policy-sdk/build';
import { fillEvent } from '@llama-orch/policy-sdk/test';
import { parseConfig } from '../../dist/config/index.js';
import { SystemClock } from '../../dist/kernel/clock.js';
import { Logger } from '../../dist/observability/logger.js';
import { Metrics } from '../../dist/observability/metrics.js';
import { SecretRedactor } from '../../dist/observability/redaction/secret-redactor.js';
import { newAuditFiles } from '../../dist/persistence/audit/new-audit-files.js';
import { careForPolicies } from '../../dist/policy.js';
import { recordOf } from '../../dist/policy-host/decision-record.js';
import { ModuleArchive } from '../../dist/policy-host/loading/module-archive.js';
import { PolicyHost } from '../../dist/policy-host/loading/policy-host.js';
import { WorkerPreparer } from '../../dist/policy-host/loading/preparation.js';
import { PolicyNews } from '../../dist/policy-host/policy-news.js';
import { PolicyTelemetry } from '../../dist/policy-host/policy-telemetry.js';
import { SandboxPool } from '../../dist/policy-host/sandbox/pool/sandbox-pool.js';

const BATCH = 16;
/** Two: one more within a minute, and the policy would be quarantined. */
const ENDLESS = 2;

/** Patches, reads the clock, asks the host, throws, and now and then does not end. */
const shaping = (version) => `
import { allow, definePolicy, deny, host, modify, patch } from '@llama-orch/policy-sdk';
export default definePolicy({
  name: 'shape',
  version: '${version}',
  capabilities: ['counter', 'json_get', 'sha256'],
  request: ({ url, body, now, usage }) => {
    if (url.path === '/endless') for (;;);
    if (url.path.includes('%')) throw new Error('an odd path');
    if (host.counter('calls_in_task') > 40) return deny('TOO_MANY', String(usage.callsInTask));
    const stamp = host.sha256(url.path + new Date(now).toISOString() + String(body.get('/user/name')));
    return modify(
      patch.setHeader('x-stamp', stamp.slice(0, ${version === '1.0.0' ? 16 : 8})),
      ...(body.json === undefined || url.port !== 443 ? [] : [patch.json({ op: 'add', path: '/stamped', value: true })]),
    );
  },
  response: ({ body, status }) => (status > 500 ? deny('BROKEN', String(status)) : allow().label('bytes', String(body.bytes))),
});`;

class Silence extends Logger {
  log() {}
  flush() {
    return Promise.resolve(true);
  }
}

/** Answers what `policy replay` says of so many decisions. */
async function replayMany(count) {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-replay-'));
  try {
    const decided = await decideMany(folder, count);
    const started = performance.now();
    const { document, ok } = await careForPolicies(replayOf(folder));
    return { ...document, ok, ...decided, replay_s: Number(((performance.now() - started) / 1_000).toFixed(1)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function decideMany(folder, count) {
  const [clock, logger, metrics] = [new SystemClock(), new Silence(), new Metrics()];
  const redactor = new SecretRedactor({ secrets: ['a-secret-of-the-operator'], patterns: [], pii: false });
  await shape(folder, '1.0.0');
  const audit = await newAuditFiles(folder, parseConfig({}).audit, { clock, logger, metrics, redactor });
  const host = await hostOf(folder, { clock, logger, metrics });
  const seen = {};
  const started = performance.now();
  for (let at = 0; at < count; at += BATCH) {
    if (at >= count / 2 && at < count / 2 + BATCH) await swap(folder, host);
    const batch = Array.from({ length: Math.min(BATCH, count - at) }, (_, index) => at + index);
    for (const code of await Promise.all(batch.map((number) => decideOne(number, host, audit, redactor))))
      seen[code] = (seen[code] ?? 0) + 1;
  }
  await host.close();
  await audit.close();
  return { decided: seen, decide_s: Number(((performance.now() - started) / 1_000).toFixed(1)) };
}

async function decideOne(number, host, audit, redactor) {
  const call = callOf(number, redactor);
  const outcome = await host.decide(call);
  const { decision, code, reason } = outcome;
  const { hook, event } = call;
  const action = hook === 'on_request' ? 'tool.request' : 'tool.response';
  const frame = { actor: 'agent', tenant: 'default', action, target: event.request.url.host, correlation_id: 'many' };
  await audit.append({ ...frame, decision, code, reason, decision_id: `d-${number}` }, recordOf(call, outcome));
  return code;
}

/** Call by number: no two are alike. Policies see it redacted, as those of a daemon do. */
function callOf(number, redactor) {
  const pick = (list) => list[number % list.length];
  const hook = number % 5 === 4 ? 'on_response' : 'on_request';
  const url = `${pick(['https', 'http'])}://${pick(HOSTS)}${pick(['', ':8443', ''])}${pathOf(number)}`;
  const body = pick(BODIES);
  const part = {
    url,
    headers: { accept: '*/*', 'x-number': String(number), ...pick(HEADERS) },
    findings: pick(FINDINGS),
  };
  const frame = { now: 1_763_660_000_000 + number * 977, decisionId: `decision-${number}` };
  const usage = { callsInTask: number % 50, bytesOut: number };
  const whole =
    hook === 'on_request'
      ? { ...frame, usage, request: { ...part, method: pick(METHODS), ...body } }
      : {
          ...frame,
          usage,
          request: { url },
          response: { status: pick([200, 404, 502]), headers: part.headers, ...body },
        };
  return {
    hook,
    counters: { calls_in_task: usage.callsInTask, bytes_out: number },
    ...fillEvent(hook, redactor.value(whole)),
  };
}

const HOSTS = [
  'api.example.com',
  'a.example.org',
  'b.c.example.org',
  'evil.example',
  '203.0.113.9',
  '[2001:db8::1]',
  'x.example.com',
];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
const FINDINGS = [[], [], ['secret.bearer'], ['email'], ['card', 'secret.aws_key'], [], []];
const HEADERS = [
  {},
  { authorization: 'Bearer abc' },
  { cookie: 'a=1' },
  { 'content-type': 'application/json' },
  {},
  {},
];
const BODIES = [
  {},
  { json: { user: { name: 'Ann', email: 'ann@example.com' }, list: [1, 2.5, -0, null, true] } },
  { text: 'plain ü — 😀 \u2028 text' },
  { json: { note: 'a-secret-of-the-operator', token: 'abcdef' } },
  { json: [{ a: 1 }, 'x', { '': { '~': '/' } }] },
  { text: 'x'.repeat(20_000) },
  {},
  { json: { much: Array.from({ length: 200 }, (_, index) => ({ index, text: `part ${index}` })) } },
];

function pathOf(number) {
  if (number < ENDLESS * 10 && number % 10 === 0) return '/endless';
  return ['/v1/x', `/v1/${number}?q=${number}&token=hidden`, '/a%20b', '/', `/deep/${'d/'.repeat(number % 9)}`][
    number % 5 === 4 ? 0 : (number >> 2) % 5
  ];
}

async function hostOf(folder, { clock, logger, metrics }) {
  const news = new PolicyNews();
  const { policies } = parseConfig({
    policies: [
      {
        builtin: 'allow-hosts',
        settings: { hosts: ['api.example.com', '*.example.org', '203.0.113.9', '2001:db8::1'] },
      },
      { path: join(folder, 'shape.wasm'), may_modify: true, limits: { fuel: 20_000_000 } },
      { builtin: 'redact-secrets' },
    ],
  });
  return PolicyHost.open({
    entries: policies,
    baseFolder: folder,
    denyWithoutPolicy: false,
    watch: true,
    trust: { requireSignature: false, keys: [] },
    preparer: new WorkerPreparer(clock),
    // A busy machine takes longer than a policy may; what took too long cannot be decided again.
    sandbox: () => new SandboxPool({ clock, deadlineMs: 20_000 }),
    archive: new ModuleArchive(join(folder, 'policies')),
    clock,
    telemetry: new PolicyTelemetry(metrics, logger),
    news,
  });
}

/** Half of the calls are decided by another version. */
async function swap(folder, host) {
  await shape(folder, '1.1.0');
  const isThere = () => host.list().some(({ id, version }) => id === 'shape' && version === '1.1.0');
  while (!isThere()) await pause();
}

const pause = () => new Promise((done) => setTimeout(done, 20));

async function shape(folder, version) {
  const entry = join(folder, 'shape.ts');
  writeFileSync(entry, shaping(version));
  await buildPolicy({ entry, outfile: join(folder, 'shape.part') });
  renameSync(join(folder, 'shape.part'), join(folder, 'shape.wasm'));
}

function replayOf(dir) {
  return {
    ...{ action: 'replay', decision: undefined, limit: undefined, file: undefined, dir, modules: undefined },
    ...{ cwd: dir, env: {}, say: () => {}, daemon: { url: 'http://127.0.0.1:9', token: undefined } },
    signal: new AbortController().signal,
  };
}

// Timers of the daemon's clock hold no process.
const alive = setInterval(() => {}, 1_000);
const result = await replayMany(Number(process.argv[2] ?? 10_000));
clearInterval(alive);
console.log(JSON.stringify(result, null, 2));
process.exitCode = result.ok && result.left_out === 0 ? 0 : 1;
