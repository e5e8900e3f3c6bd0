import { createPlugin as createNextPlugin } from 'extism-next';
import { doing, policyOf, type PolicyText } from '../../../../test/policy/modules.js';
import { wasmOf } from '../../../../test/support/wat.js';
import { prepareModule } from '../../module/prepare.js';
import { type CallContext } from '../host/call-context.js';
import { prepareRules } from '../host/findings.js';
import { type CallReport, PolicyInstance } from '../instance/policy-instance.js';
import { type Engine, type GuestHost } from './engine.js';
import { ExtismEngine } from './extism-engine.js';
import { PlainEngine } from './plain-engine.js';

const NEXT = new ExtismEngine('extism 2.0.0-rc13', { createPlugin: createNextPlugin, hasWaitingFunctions: true });
const ENGINES: readonly Engine[] = [new ExtismEngine(), NEXT, new PlainEngine()];

const CONTEXT: CallContext = {
  config: { name: 'value', list: [1, 2], quota: 7 },
  bodies: new Map([[1, new TextEncoder().encode('{"user":{"email":"ann@example.com"},"n":[1,2]}')]]),
  counters: { calls: 3 },
  now: 1_763_660_000_000,
  seed: 'decision-1',
  tenant: 'acme',
  rules: prepareRules({ patterns: [{ class: 'email', source: '[\\w.]+@[\\w.]+' }], key: new Uint8Array(32).fill(7) }),
};

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const PARTS =
  '{"scheme":"http","host":"127.0.0.1","port":80,"path":"/a","query":[["b","c"]],"ipLiteral":true,"hadUserinfo":true}';

/** Copies the input to the output. */
const ECHO = `(local $block i64) (local $i i64)
  (local.set $block (call $alloc (call $input_length)))
  (block $done (loop $copy
    (br_if $done (i64.ge_u (local.get $i) (call $input_length)))
    (call $store_u8 (i64.add (local.get $block) (local.get $i)) (call $input_load_u8 (local.get $i)))
    (local.set $i (i64.add (local.get $i) (i64.const 1)))
    (br $copy)))
  (call $answer_block (local.get $block))`;

const opened: PolicyInstance[] = [];
afterEach(() => Promise.all(opened.splice(0).map((instance) => instance.close())));

async function openIn(engine: Engine, bytes: Uint8Array): Promise<PolicyInstance> {
  const instance = await PolicyInstance.open(prepareModule(bytes), engine);
  opened.push(instance);
  return instance;
}

function askedIn(engine: Engine) {
  return async (text: PolicyText, input = '', context = CONTEXT): Promise<CallReport> =>
    (await openIn(engine, await policyOf(text))).call('on_request', input, context);
}

describe.each(ENGINES)('Policies in $name', (engine) => {
  const asked = askedIn(engine);
  const instanceOf = (bytes: Uint8Array): Promise<PolicyInstance> => openIn(engine, bytes);

  it.each([
    ['of one byte', 'x'],
    ['of ten', 'ten bytes.'],
    ['beyond ASCII', 'ü€😀 and more'],
    ['of 20,000', 'long '.repeat(4_000)],
  ])('read their input to the byte: %s', async (_, input) => {
    const { output } = await asked({ body: ECHO }, input);
    expect(output?.length).toBe(input.length);
    expect(output === input).toBe(true);
  });

  it('see nothing beside their input, though a buffer of the host has more behind it', async () => {
    const beyond = await asked(
      { body: `(if (i32.eqz (call $input_load_u8 (i64.const 5))) (then unreachable))` },
      'short',
    );
    expect(beyond.failure?.code).toBe('POLICY_TRAP');
  });

  it('get blocks of zeros', async () => {
    const { output } = await asked({ body: '(call $output_set (call $alloc (i64.const 5)) (i64.const 5))' });
    expect(output).toBe('\0\0\0\0\0');
  });

  it('answer with as much of a block as they say', async () => {
    const { output } = await asked({
      body: '(call $output_set (call $block %text) (i64.const 4))',
      texts: { text: 'good and the rest' },
    });
    expect(output).toBe('good');
  });

  it('have blocks of the length that they asked for, and none after they gave one back', async () => {
    const length = '(call $length (local.get $block))';
    const body = `(local $block i64) (local.set $block (call $alloc (i64.const 48)))
      (if (i64.ne ${length} (i64.const 48)) (then unreachable))
      (call $free (local.get $block))
      (if (i64.ne ${length} (i64.const 0)) (then unreachable))`;
    const imports = '(import "extism:host/env" "free" (func $free (param i64)))';
    expect((await asked({ body, imports })).failure).toBeUndefined();
  });

  it('read and write words and bytes of a block in the same order', async () => {
    const imports = `(import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
      (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))`;
    const body = `(local $block i64) (local.set $block (call $alloc (i64.const 16)))
      (call $store_u64 (i64.add (local.get $block) (i64.const 8)) (i64.const 0x1122334455667788))
      (if (i32.ne (call $load_u8 (i64.add (local.get $block) (i64.const 8))) (i32.const 0x88)) (then unreachable))
      (call $store_u8 (i64.add (local.get $block) (i64.const 15)) (i32.const 0x99))
      (if (i64.ne (call $load_u64 (i64.add (local.get $block) (i64.const 8))) (i64.const 0x9922334455667788)) (then unreachable))`;
    expect((await asked({ body, imports })).failure).toBeUndefined();
  });

  it.each([
    ['name', 'value'],
    ['list', '[1,2]'],
    ['quota', '7'],
  ])('get a setting as text: %s', async (key, value) => {
    const { output } = await asked({
      body: '(call $answer_block (call $config_get (call $block %key)))',
      texts: { key },
    });
    expect(output).toBe(value);
  });

  it.each(['constructor', '__proto__', 'toString', 'other', ''])('get no setting that nobody set: %s', async (key) => {
    const body = '(if (i64.ne (call $config_get (call $block %key)) (i64.const 0)) (then unreachable))';
    expect((await asked({ body, texts: { key } })).failure).toBeUndefined();
  });

  it('begin each call with the state of the start: globals, memory and blocks (OC-POLICY-4001)', async () => {
    const state = `(i32.load (i32.const 16)) (global.get $kept)`;
    const instance = await instanceOf(
      await policyOf({
        body: `(if (i32.or ${state}) (then unreachable))
          (if (i64.ne (call $length (i64.add (i64.shl (i64.const 1) (i64.const 48)) (i64.const 65536))) (i64.const 0)) (then unreachable))
          (i32.store (i32.const 16) (i32.const 1)) (global.set $kept (i32.const 1)) (drop (call $alloc (i64.const 8)))`,
        more: '(global $kept (mut i32) (i32.const 0))',
      }),
    );
    for (let call = 0; call < 3; call += 1)
      expect((await instance.call('on_request', '', CONTEXT)).failure).toBeUndefined();
  });

  it('begin with what start section and warmup left, in this order', async () => {
    const instance = await instanceOf(
      await policyOf({
        body: '(if (i32.ne (i32.load (i32.const 16)) (i32.const 11)) (then unreachable)) (i32.store (i32.const 16) (i32.const 0))',
        more: `(func $begin (i32.store (i32.const 16) (i32.const 5))) (start $begin)
          (func (export "warmup") (result i32)
            (i32.store (i32.const 16) (i32.add (i32.mul (i32.load (i32.const 16)) (i32.const 2)) (i32.const 1))) (i32.const 0))`,
      }),
    );
    for (let call = 0; call < 3; call += 1)
      expect((await instance.call('on_request', '', CONTEXT)).failure).toBeUndefined();
  });

  it('whose memory grew get a new one for the next call', async () => {
    const body = `(if (i32.ne (memory.size) (i32.const 1)) (then unreachable)) (drop (memory.grow (i32.const 3)))`;
    const instance = await instanceOf(await policyOf({ body }));
    const reports = [];
    for (let call = 0; call < 3; call += 1) reports.push(await instance.call('on_request', '', CONTEXT));
    expect(reports.map(({ failure, memoryBytes }) => [failure, memoryBytes])).toEqual(
      Array(3).fill([undefined, 4 * 65_536]),
    );
  });

  it('that drop segments are made anew for each call', async () => {
    const instance = await instanceOf(
      await policyOf({
        body: '(memory.init $once (i32.const 0) (i32.const 0) (i32.const 4)) (data.drop $once)',
        more: '(data $once "once")',
      }),
    );
    for (let call = 0; call < 3; call += 1)
      expect((await instance.call('on_request', '', CONTEXT)).failure).toBeUndefined();
  });

  it('never run out of block addresses: 41,000 blocks over ten calls', async () => {
    const instance = await instanceOf(
      await policyOf({
        body: `(local $i i32) (loop $more (drop (call $alloc (i64.const 1)))
          (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $more (i32.lt_u (local.get $i) (i32.const 4090))))`,
      }),
    );
    for (let call = 0; call < 10; call += 1)
      expect((await instance.call('on_request', '', CONTEXT)).failure).toBeUndefined();
  });

  it('go on after a call that failed', async () => {
    const bytes = await policyOf({ body: '(if (i64.eqz (call $input_length)) (then unreachable))' });
    const instance = await instanceOf(bytes);
    expect((await instance.call('on_request', '', CONTEXT)).failure?.code).toBe('POLICY_TRAP');
    expect((await instance.call('no_such_export', '', CONTEXT)).failure?.code).toBe('POLICY_TRAP');
    expect((await instance.call('on_request', 'x', CONTEXT)).failure).toBeUndefined();
  });

  it('keep 64 lines and 8 KiB of log at most', async () => {
    const loop = (times: number): string => `(local $i i32) (local $line i64) (local.set $line (call $block %line))
      (loop $more (call $log_info (local.get $line))
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $more (i32.lt_u (local.get $i) (i32.const ${times}))))`;
    const short = await asked({ body: loop(100), texts: { line: 'seen' } });
    expect(short.logs).toEqual(Array(64).fill({ level: 'info', text: 'seen' }));
    const long = await asked({ body: loop(10), texts: { line: 'x'.repeat(3_000) } });
    expect(long.logs.map(({ text }) => text.length)).toEqual([3_000, 3_000, 2_192]);
  });

  it.each([
    ['ip_in', '(param i64 i64) (result i64)', ['10.1.2.3', '10.0.0.0/8'], 1],
    ['host_match', '(param i64 i64) (result i64)', ['a.example.com', '*.example.com'], 1],
    ['glob', '(param i64 i64) (result i64)', ['/v1/users/7', '/v1/*/?'], 1],
    ['counter', '(param i64) (result i64)', ['calls'], 3],
  ] as const)('ask %s and get a number', async (name, type, parameters, expected) => {
    const texts = Object.fromEntries(parameters.map((text, index) => [`p${'ab'.charAt(index)}`, text]));
    const call = `(call $ask ${parameters.map((_, index) => `(call $block %p${'ab'.charAt(index)})`).join(' ')})`;
    const report = await asked({
      body: `(if (i64.ne ${call} (i64.const ${expected})) (then unreachable))`,
      texts,
      imports: `(import "llama-orch:policy/v1" "${name}" (func $ask ${type}))`,
      manifest: { capabilities: [name] },
    });
    expect(report.failure).toBeUndefined();
    expect(report.hostResults).toEqual([[name, expect.any(Number), expected]]);
  });

  it.each([
    ['url_parse', '(param i64)', '(call $block %text)', 'http://u:p@127.1/a?b=c', PARTS],
    ['sha256', '(param i64)', '(call $block %text)', 'abc', ABC],
    ['pseudonym', '(param i64)', '(call $block %text)', 'ann@example.com', expect.stringMatching(/^[0-9a-f]{32}$/)],
    ['json_get', '(param i64 i64)', '(i64.const 1) (call $block %text)', '/user/email', '"ann@example.com"'],
    ['body_read', '(param i64 i64 i64)', '(i64.const 1) (i64.const 2) (i64.const 4)', '', 'user'],
    [
      'scan',
      '(param i64)',
      '(i64.const 1)',
      '',
      expect.stringMatching(/^\[\{"class":"email","at":"\/body\/user\/email"/),
    ],
  ])('ask %s and get a text, the same again in a replay', async (name, parameters, values, text, expected) => {
    const ask = {
      body: `(call $answer_block (call $ask ${values}))`,
      texts: { text },
      imports: `(import "llama-orch:policy/v1" "${name}" (func $ask ${parameters} (result i64)))`,
      manifest: { capabilities: [name] },
    };
    const report = await asked(ask);
    expect(report).toMatchObject({ failure: undefined, output: expected });
    const replayed = await asked(ask, '', { ...CONTEXT, bodies: new Map(), replay: report.hostResults });
    expect({ output: replayed.output, fuel: replayed.fuel }).toEqual({ output: report.output, fuel: report.fuel });
  });

  it('are stopped when a replay has another call than theirs', async () => {
    const report = await asked(
      {
        body: '(drop (call $ask (call $block %text)))',
        texts: { text: 'abc' },
        imports: '(import "llama-orch:policy/v1" "sha256" (func $ask (param i64) (result i64)))',
        manifest: { capabilities: ['sha256'] },
      },
      '',
      { ...CONTEXT, replay: [['counter', 1, 0]] },
    );
    expect(report.failure).toMatchObject({ code: 'POLICY_TRAP', message: expect.stringContaining('replay') });
  });

  it.each([
    ['http_request', '(param i64 i64) (result i64)', '(drop (call $it (i64.const 0) (i64.const 0)))'],
    ['http_status_code', '(result i32)', '(drop (call $it))'],
    ['var_get', '(param i64) (result i64)', '(drop (call $it (i64.const 0)))'],
    ['var_set', '(param i64 i64)', '(call $it (i64.const 0) (i64.const 0))'],
  ])('end when they call %s, even where the import was let through', async (name, type, call) => {
    const bytes = await wasmOf(
      `(module (import "extism:host/env" "${name}" (func $it ${type})) (func (export "run") ${call}))`,
    );
    const guest = await engine.open(new WebAssembly.Module(bytes), NO_HOST);
    // The next version puts its own http_request in the place of ours; without allowed hosts that one throws too.
    const says = engine === NEXT && name.startsWith('http') ? /./ : `${name}, which policies do not have`;
    await expect(guest.call('run', '')).rejects.toThrow(says);
    await guest.close();
  });
});

/** The next version links its own WASI, or none: there modules that import it do not start. */
describe.each(ENGINES.filter((engine) => engine !== NEXT))('WASI in $name', (engine) => {
  const asked = askedIn(engine);

  const WASI = (name: string, type: string): string =>
    `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`;

  it('read the clock of the event', async () => {
    const report = await asked({
      body: `(drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 16)))
        (if (i64.ne (i64.load (i32.const 16)) (i64.const 1763660000000000000)) (then unreachable))`,
      imports: WASI('clock_time_get', '(param i32 i64 i32) (result i32)'),
    });
    expect(report.failure).toBeUndefined();
  });

  it('pay for random bytes before they get them (OC-POLICY-4011)', async () => {
    const report = await asked({
      body: '(loop $again (drop (call $random_get (i32.const 0) (i32.const 65536))) (br $again))',
      imports: WASI('random_get', '(param i32 i32) (result i32)'),
    });
    expect(report.failure?.code).toBe('POLICY_FUEL');
  });

  it('get the same random bytes for the same decision, and others for another', async () => {
    const text = {
      body: `(drop (call $random_get (i32.const 16) (i32.const 8)))
        (i64.store (i32.const 16) (i64.or (i64.and (i64.load (i32.const 16)) (i64.const 0x0f0f0f0f0f0f0f0f)) (i64.const 0x4040404040404040)))
        (call $answer (i32.const 16) (i32.const 8))`,
      imports: WASI('random_get', '(param i32 i32) (result i32)'),
    };
    const [first, again, other] = [
      await asked(text),
      await asked(text),
      await asked(text, '', { ...CONTEXT, seed: 'decision-2' }),
    ];
    expect(again.output).toBe(first.output);
    expect(other.output).not.toBe(first.output);
  });

  it('write their output to the log, and nothing to other descriptors', async () => {
    const report = await asked({
      body: `(i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 5))
        (i64.store (i32.const 64) (i64.const 0x6f6c6c6568))
        (drop (call $fd_write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 24)))
        (if (i32.ne (i32.load (i32.const 24)) (i32.const 5)) (then unreachable))
        (if (i32.ne (call $fd_write (i32.const 3) (i32.const 16) (i32.const 1) (i32.const 24)) (i32.const 8)) (then unreachable))`,
      imports: WASI('fd_write', '(param i32 i32 i32 i32) (result i32)'),
    });
    expect(report).toMatchObject({ failure: undefined, logs: [{ level: 'error', text: 'hello' }] });
  });

  it('have no files, and trap when they end themselves', async () => {
    const files = await asked({
      body: `(if (i32.ne (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0)
        (i64.const 0) (i32.const 0) (i32.const 0)) (i32.const 52)) (then unreachable))`,
      imports: WASI('path_open', '(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)'),
    });
    expect(files.failure).toBeUndefined();
    const exit = await asked({ body: '(call $proc_exit (i32.const 0))', imports: WASI('proc_exit', '(param i32)') });
    expect(exit.failure?.code).toBe('POLICY_TRAP');
  });
});

describe('The engines', () => {
  it('take the same fuel for the same input (OC-POLICY-4001)', async () => {
    const prepared = prepareModule(await doing(ECHO));
    const fuel = [];
    for (const engine of ENGINES) {
      const instance = await PolicyInstance.open(prepared, engine);
      fuel.push((await instance.call('on_request', 'the same', CONTEXT)).fuel);
      await instance.close();
    }
    expect(new Set(fuel).size).toBe(1);
    expect(fuel[0]).toBeGreaterThan(0);
  });
});

const NO_HOST: GuestHost = {
  imports: {},
  onBlock: () => undefined,
  onLog: () => undefined,
  onOutput: () => undefined,
  onError: () => undefined,
  setting: () => undefined,
};
