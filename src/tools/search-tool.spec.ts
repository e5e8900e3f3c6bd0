import { type SearchCall, type SearchProvider } from '@llama-orch/plugin-sdk';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { FakeEgress, outboundAnswer, TOOL_CALLER } from '../../test/support/fake-egress.js';
import { EgressFailure } from '../egress/egress.js';
import { AppError } from '../kernel/errors.js';
import { SearchTool } from './search-tool.js';
import { SecretHosts } from './secret-hosts.js';
import { Secrets } from './secrets.js';
import { CallUsage } from './call-usage.js';

const { signal } = new AbortController();
/** Plugins are not ours: they reject with whatever they like. */
const NO_ERROR = 'planted-1234' as unknown as Error;
const RESULT = { title: 'Pond', url: 'https://a.example/pond', snippet: 'A frog.' };

function rig(search: SearchProvider['search'] | undefined, egress = new FakeEgress()) {
  const clock = new FakeClock();
  const settings = { env: 'KEY', header: 'x-key', prefix: '', hosts: ['a.example'] };
  const tool = new SearchTool({
    limits: { enabled: true, max_bytes: 1_000, timeout_ms: 5_000, allowed_mime_types: [], denied_mime_types: [] },
    provider: search === undefined ? undefined : { search },
    ...{ egress, clock, usage: new CallUsage() },
    secrets: Secrets.read(
      { mine: settings },
      { env: { KEY: 'planted-1234' }, baseFolder: '.', learn: () => undefined },
    ),
    secretHosts: new SecretHosts({ append: () => Promise.resolve(1) }, () => 'decision-2'),
    redactor: { text: (text: string) => text.replaceAll('planted-1234', '[redacted]') } as never,
  });
  return { clock, egress, search: (body = { query: 'old pond' }) => tool.search(body, TOOL_CALLER, signal) };
}

const asking =
  (call: SearchCall): SearchProvider['search'] =>
  async (_query, _limit, _signal, fetch) => {
    const { text } = await fetch(call);
    return [{ ...RESULT, snippet: text }];
  };

describe('a search (OC-POLICY-4030)', () => {
  it('reaches the network through egress alone, as the tool search', async () => {
    const { search, egress } = rig(asking({ url: 'https://a.example/q', headers: { 'x-a': '1' }, secrets: ['mine'] }));
    expect(await search()).toEqual({ results: [{ ...RESULT, snippet: 'old pond' }] });
    expect(egress.calls).toEqual([
      expect.objectContaining({
        ...{
          tool: { name: 'search', version: '1.0.0' },
          method: 'GET',
          url: 'https://a.example/q',
          headers: [['x-a', '1']],
        },
        ...{ secretHeaders: [['x-key', 'planted-1234']], maxBytes: 1_000, timeoutMs: 5_000 },
      }),
    ]);
  });

  it('gives at most what was asked for, by default ten, within the bounds of a result', async () => {
    const many = Array.from({ length: 60 }, () => ({ ...RESULT, title: 'x'.repeat(1_000), more: 1 }));
    const { search } = rig(() => Promise.resolve(many));
    const found = await search();
    expect(found).toEqual({ results: Array.from({ length: 10 }, () => ({ ...RESULT, title: 'x'.repeat(500) })) });
    expect(await search({ query: 'a', limit: 2 } as never)).toMatchObject({ results: { length: 2 } });
  });

  it.each<readonly [string, SearchProvider['search'], { kind?: string; message: RegExp }]>([
    [
      'throws',
      () => Promise.reject(new Error('no licence planted-1234')),
      { kind: 'provider', message: /no licence \[redacted\]/ },
    ],
    [
      'throws at once',
      () => {
        throw new Error('boom');
      },
      { kind: 'provider', message: /boom/ },
    ],
    ['throws something that is no error', () => Promise.reject(NO_ERROR), { message: /it failed/ }],
    ['gives no list', () => Promise.resolve({} as never), { kind: 'provider', message: /no list/ }],
    ['gives a result without a title', () => Promise.resolve([{ url: 'a' }] as never), { message: /without title/ }],
    [
      'names a secret that is not there',
      asking({ url: 'https://a.example/', secrets: ['nope'] }),
      { kind: 'provider', message: /tools\.secrets/ },
    ],
  ])(
    'says so when the provider %s',
    async (_what, provider, { kind = 'provider', message }: { kind?: string; message: RegExp }) => {
      expect(await rig(provider).search()).toEqual({ error: { kind, message: expect.stringMatching(message) } });
    },
  );

  it('tells a failed call of the provider as what it was, whatever the provider made of it', async () => {
    const egress = new FakeEgress(() => Promise.reject(new EgressFailure('dns', 'a.example has no address', 3)));
    const hiding: SearchProvider['search'] = async (_query, _limit, _signal, fetch) => {
      await fetch({ url: 'https://a.example/' }).catch(() => undefined);
      throw new Error('something');
    };
    expect(await rig(hiding, egress).search()).toEqual({ error: { kind: 'dns', message: 'a.example has no address' } });
  });

  it('is refused when a call of the provider is refused, and when a secret would leave its hosts (ORCH-3080)', async () => {
    const denied = new AppError('POLICY_DENIED', 'no');
    const egress = new FakeEgress(() => Promise.reject(denied));
    await expect(rig(asking({ url: 'https://a.example/' }), egress).search()).rejects.toBe(denied);
    const elsewhere = rig(asking({ url: 'https://b.example/', secrets: ['mine'] }));
    await expect(elsewhere.search()).rejects.toMatchObject({
      code: 'POLICY_DENIED',
      members: { policy_code: 'SECRET_HOST' },
    });
    expect(elsewhere.egress.calls).toEqual([]);
  });

  it('does not wait for a provider for ever, calls off what it still calls, and leaves no timer', async () => {
    const egress = new FakeEgress(() => new Promise(() => undefined));
    let seen: AbortSignal | undefined;
    const { search, clock } = rig(async (_query, _limit, within, fetch) => {
      seen = within;
      return [{ ...RESULT, snippet: (await fetch({ url: 'https://a.example/' })).text }];
    }, egress);
    const answer = search();
    await settle();
    clock.leap(5_000);
    expect(await answer).toEqual({ error: { kind: 'timeout', message: expect.stringContaining('5000 ms') } });
    expect(seen?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('is not found without a provider', async () => {
    await expect(rig(undefined).search()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('tools.search'),
    });
  });

  it('decodes what the provider gets, and tells it when it was cut', async () => {
    const egress = new FakeEgress(() => outboundAnswer({ truncated: true, headers: [['X-A', '1']], status: 418 }));
    let reply: unknown;
    await rig(async (_query, _limit, _signal, fetch) => {
      reply = await fetch({ method: 'POST', url: 'https://a.example/', body: 'x' });
      return [];
    }, egress).search();
    expect(reply).toEqual({ status: 418, headers: { 'x-a': '1' }, text: 'old pond', truncated: true });
    expect(egress.calls[0]).toMatchObject({ method: 'POST', body: new TextEncoder().encode('x') });
  });
});
