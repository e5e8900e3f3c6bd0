import { requestEvent } from '../../test/policy/events.js';
import { answering, policyOf } from '../../test/policy/modules.js';
import { openPolicy, type OpenedPolicy, type OpenOptions } from './in-process.js';

const opened: OpenedPolicy[] = [];
afterEach(() => Promise.all(opened.splice(0).map((policy) => policy.close())));

async function open(bytes: Uint8Array, options?: OpenOptions): Promise<OpenedPolicy> {
  const policy = await openPolicy(bytes, options);
  opened.push(policy);
  return policy;
}

/** Says in its log which setting it has. */
const SETTING = {
  body: '(call $log_info (call $config_get (call $block %key))) (call $answer %yes)',
  texts: { key: 'who', yes: '{"decision":"allow"}' },
  manifest: { defaults: { who: 'the manifest' } },
};

describe('A policy that is opened in process', () => {
  it('decides like one in the pool, and says what it took', async () => {
    const policy = await open(await answering({ decision: 'deny', code: 'NO', reason: 'because' }));
    const outcome = await policy.decide('on_request', requestEvent());
    expect(outcome).toMatchObject({
      policy: 'fixture',
      version: '1.0.0',
      digest: policy.digest,
      hook: 'on_request',
      decision: { decision: 'deny', code: 'NO', reason: 'because' },
      error: undefined,
    });
    expect((await policy.decide('on_request', requestEvent())).fuel).toBe(outcome.fuel);
  });

  it.each([
    [undefined, {}, 'the manifest'],
    [undefined, { who: 'the event' }, 'the event'],
    [{ who: 'the caller' }, { who: 'the event' }, 'the caller'],
    [{}, { who: 'the event' }, 'the manifest'],
  ])(
    'has the settings of the caller %j, else of the event %j, over its defaults',
    async (config, ofEvent, expected) => {
      const policy = await open(await policyOf(SETTING), { config });
      const { logs } = await policy.decide('on_request', requestEvent({}, { config: ofEvent }));
      expect(logs).toEqual([{ level: 'info', text: expected }]);
    },
  );

  it('answers from a record without the bodies that it was made from', async () => {
    const policy = await open(
      await policyOf({
        body: '(call $log_info (call $body_read (i64.const 1) (i64.const 0) (i64.const 5))) (call $answer %yes)',
        texts: { yes: '{"decision":"allow"}' },
        imports: '(import "llama-orch:policy/v1" "body_read" (func $body_read (param i64 i64 i64) (result i64)))',
        manifest: { capabilities: ['body_read'] },
      }),
    );
    const live = await policy.decide('on_request', requestEvent(), new Map([[1, Buffer.from('hello world')]]));
    expect(live.logs).toEqual([{ level: 'info', text: 'hello' }]);
    const again = await policy.decide('on_request', requestEvent(), undefined, { replay: live.hostResults });
    expect([again.logs, again.fuel]).toEqual([live.logs, live.fuel]);
    const astray = await policy.decide('on_request', requestEvent(), undefined, { replay: [] });
    expect(astray.error?.message).toContain('the replay went astray');
  });

  it('answers describe, and names what an export does not give', async () => {
    const policy = await open(await answering({ decision: 'allow' }));
    expect(JSON.parse(await policy.answer('describe'))).toEqual(policy.manifest);
    await expect(policy.answer('validate_config', '{}')).rejects.toMatchObject({ code: 'POLICY_TRAP' });
  });

  it('keeps to the limits that it is given', async () => {
    const policy = await open(await answering({ decision: 'allow' }), { limits: { fuel: 100 }, engine: 'plain' });
    const { error, fuel } = await policy.decide('on_request', requestEvent());
    expect([error?.code, fuel]).toEqual(['POLICY_FUEL', 100]);
  });

  it('is not asked about an event that is too large', async () => {
    const policy = await open(await answering({ decision: 'allow' }), { limits: { eventBytes: 2_000 } });
    const headers = [['x-long', 'x'.repeat(2_000)]] as const;
    const { error, fuel } = await policy.decide('on_request', requestEvent({ headers }));
    expect([error?.code, fuel]).toEqual(['POLICY_UNAVAILABLE', 0]);
  });
});
