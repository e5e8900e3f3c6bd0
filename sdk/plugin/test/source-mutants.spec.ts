import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { runKit, type SourceServer, sourceKit } from '../src/conformance/index.js';
import {
  defineModelSource,
  type ModelSource,
  type ResolvedModel,
  SourceError,
  type SourceFile,
  z,
} from '../src/index.js';

const BYTES = Buffer.from('weights of a model');
const DIGEST = `sha256:${createHash('sha256').update(BYTES).digest('hex')}`;
const FORM = /^rig:[a-z]+(?:@1)?$/;

type Resolve = ModelSource['resolve'];
let url = '';

const sound: Resolve = async (ref, fetch) => {
  if (!FORM.test(ref)) throw new SourceError('malformed', `${ref} must have the form rig:name`);
  const call = { url: `${url}/${ref.slice(4).split('@')[0]}`, secretHeaders: { authorization: 'planted' } };
  const { status } = await fetch({ ...call, method: 'HEAD' });
  if (status === 401) throw new SourceError('denied', 'a key is missing');
  if (status !== 200) throw new SourceError('missing', `${ref} is not there`);
  const place = { type: 'remote', ask: () => call } as const;
  return {
    ...{ revision: '1', pinnedRef: 'rig:pond@1', registry: 'rig' },
    files: [{ path: 'a.gguf', sizeBytes: BYTES.length, digest: DIGEST, place }],
  };
};

async function startServer(): Promise<SourceServer> {
  let isLocked = false;
  const server = createServer(({ url: path, headers, method }, response) => {
    if (isLocked) return void response.writeHead(401).end();
    if (path !== '/pond') return void response.writeHead(404).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    const part = first === undefined ? BYTES : BYTES.subarray(Number(first), Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206).end(method === 'HEAD' ? '' : part);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    options: {},
    model: { ref: 'rig:pond', files: { 'a.gguf': BYTES }, revision: '1', registry: 'rig', tellsDigests: true },
    missingRef: 'rig:lake',
    malformedRefs: ['rig:', 'rig:UP'],
    calls: [],
    lock: () => void (isLocked = true),
    close: async () => void server.close(),
  };
}

async function failuresOf(resolve: Resolve, schemes: readonly string[] = ['rig']): Promise<string[]> {
  const plugin = defineModelSource({
    ...{ id: 'mutant', version: '1.0.0', apiVersion: '^1.0.0', options: z.strictObject({}) },
    create: () => ({ schemes, resolve }),
  });
  const results = await runKit(sourceKit(plugin, { startServer }));
  return results.filter(({ type }) => type === 'failed').map(({ name }) => name.slice(0, 5));
}

const telling =
  (change: (model: ResolvedModel) => Partial<ResolvedModel>): Resolve =>
  async (...args) => {
    const model = await sound(...args);
    return { ...model, ...change(model) };
  };
const withFile = (change: Partial<SourceFile>): Resolve =>
  telling(({ files }) => ({ files: files.map((file) => ({ ...file, ...change })) }));
const asking = (more: object): Resolve =>
  withFile({ place: { type: 'remote', ask: () => ({ url: `${url}/pond`, ...more }) } });

describe('the conformance kit of model sources (ORCH-4701)', () => {
  it('finds nothing wrong with a sound one', async () => expect(await failuresOf(sound)).toEqual([]));

  it('finds a scheme that is none', async () => expect(await failuresOf(sound, ['Rig:'])).toEqual(['MS-01']));

  it.each<readonly [string, Resolve, readonly string[]]>([
    ['leaves a file out', telling(() => ({ files: [] })), ['MS-02']],
    ['tells a wrong size', withFile({ sizeBytes: 1 }), ['MS-03']],
    ['tells a wrong digest', withFile({ digest: `sha256:${'0'.repeat(64)}` }), ['MS-03']],
    ['leads to other bytes', asking({ url: `${url}/` }), ['MS-04', 'MS-05']],
    ['asks for a range itself', asking({ secretHeaders: { range: 'bytes=0-2' } }), ['MS-04', 'MS-05']],
    ['pins nothing', telling(() => ({ pinnedRef: 'rig:lake' })), ['MS-06']],
    ['tells another revision', telling(() => ({ revision: '2' })), ['MS-07']],
    ['tells another registry', telling(() => ({ registry: 'elsewhere' })), ['MS-07']],
    [
      'looks before it reads the ref',
      async (ref, fetch, signal) => {
        await fetch({ url: `${url}/pond` });
        return sound(ref, fetch, signal);
      },
      ['MS-08'],
    ],
    [
      'takes a failure for a model',
      (...args) => sound(...args).catch(() => ({ pinnedRef: 'rig:pond@1', registry: 'rig', files: [] })),
      ['MS-08', 'MS-09', 'MS-10', 'MS-12'],
    ],
    [
      'shows its key',
      async (ref, fetch, signal) => {
        if (FORM.test(ref)) await fetch({ url: `${url}/pond`, headers: { Authorization: 'planted' } });
        return sound(ref, fetch, signal);
      },
      ['MS-11'],
    ],
  ])('finds one that %s', async (_what, resolve, checks) => expect(await failuresOf(resolve)).toEqual(checks));
});
