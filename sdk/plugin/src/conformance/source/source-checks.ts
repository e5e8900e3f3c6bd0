import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isSourceError, type ResolvedModel, type SourceCall, type SourceFile } from '../../contracts/source.js';
import { demand, within } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { bytesOf, kitFetch } from './far-side.js';
import { type SourceSubject } from './source-kit.js';

/** What was asked of the door. */
export interface FarSide {
  readonly calls: SourceCall[];
}

const PATIENCE_MS = 5_000;
const LIVE = new AbortController().signal;

/** What a source owes to the host, which believes it about places and nothing about bytes. */
export const sourceChecks: readonly Check<SourceSubject>[] = [
  {
    name: 'MS-01 names its schemes',
    run({ source: { schemes }, server }) {
      demand(schemes.length > 0, 'There are no schemes; name what its refs begin with.');
      for (const scheme of schemes)
        demand(/^[a-z][a-z0-9+.-]*$/.test(scheme), `The scheme "${scheme}" must be lower case, without the colon.`);
      const own = schemes.some((scheme) => server.model.ref.startsWith(`${scheme}:`));
      demand(own, 'The ref of the fixture begins with none of the schemes; correct one of them.');
    },
  },
  {
    name: 'MS-02 lists the files of a model, under plain relative paths',
    async run(subject) {
      const { files } = await resolve(subject);
      const expected = Object.keys(subject.server.model.files).sort();
      const actual = files.map(({ path }) => path).sort();
      const isSame = JSON.stringify(actual) === JSON.stringify(expected);
      demand(isSame, 'The files are not those of the model.', { actual, expected });
    },
  },
  {
    name: 'MS-03 tells true sizes and digests, and no others',
    async run(subject) {
      const { tellsDigests, files } = subject.server.model;
      for (const { path, sizeBytes, digest } of (await resolve(subject)).files) {
        const bytes = files[path]!;
        const wanted = digestOf(bytes);
        demand(
          sizeBytes === undefined || sizeBytes === bytes.length,
          `The size of ${path} is wrong; leave out what is not known.`,
        );
        demand(
          digest === undefined || digest === wanted,
          `The digest of ${path} is not that of its bytes; leave it out.`,
        );
        demand(digest !== undefined || !tellsDigests, `The far side tells the digest of ${path}; hand it on.`);
      }
    },
  },
  {
    name: 'MS-04 tells where the bytes are',
    async run(subject) {
      for (const file of (await resolve(subject)).files) {
        const actual = digestOf(await read(file));
        const expected = digestOf(subject.server.model.files[file.path]!);
        demand(actual === expected, `The place of ${file.path} leads to other bytes.`, { actual, expected });
      }
    },
  },
  {
    name: 'MS-05 leaves the range to the host',
    async run(subject) {
      const { files } = subject.server.model;
      for (const { path, place } of (await resolve(subject)).files) {
        if (place.type === 'local') return skip('its files are local');
        const call = await place.ask(kitFetch([]));
        const { status, body } = await bytesOf(call, [1, 4]);
        const isPart = status === 206 && Buffer.from(files[path]!.subarray(1, 5)).equals(body);
        demand(isPart, `A part of ${path} cannot be had with its call; sign no header that the host adds.`);
      }
      return undefined;
    },
  },
  {
    name: 'MS-06 gives a pinned ref that leads to the same model',
    async run(subject) {
      const first = await resolve(subject);
      const again = await resolve(subject, first.pinnedRef);
      demand(again.pinnedRef === first.pinnedRef, 'The pinned ref resolves to another pinned ref.');
      const actual = again.files.map(({ path, sizeBytes, digest }) => ({ path, sizeBytes, digest }));
      const expected = first.files.map(({ path, sizeBytes, digest }) => ({ path, sizeBytes, digest }));
      demand(JSON.stringify(actual) === JSON.stringify(expected), 'The pinned ref leads elsewhere.', {
        actual,
        expected,
      });
    },
  },
  {
    name: 'MS-07 tells the revision and the registry',
    async run(subject) {
      const { revision, registry } = await resolve(subject);
      const { model } = subject.server;
      demand(revision === model.revision, 'The revision is wrong.', { actual: revision, expected: model.revision });
      demand(registry === model.registry, 'The registry is wrong.', { actual: registry, expected: model.registry });
    },
  },
  {
    name: 'MS-08 says malformed of refs that are none, and asks nobody',
    async run(subject) {
      for (const ref of subject.server.malformedRefs) {
        const before = subject.farSide.calls.length;
        await fails(subject, ref, 'malformed');
        demand(subject.farSide.calls.length === before, `The malformed ref ${ref} was looked for; read it first.`);
      }
    },
  },
  {
    name: 'MS-09 says missing where nothing is',
    run: (subject) => fails(subject, subject.server.missingRef, 'missing'),
  },
  {
    name: 'MS-10 lets the refusal of the host pass',
    async run(subject) {
      if (subject.server.calls === undefined) return skip('it asks nobody');
      const refusal = new Error('refused by the host');
      const outcome = await subject.source
        .resolve(subject.server.model.ref, () => Promise.reject(refusal), LIVE)
        .catch((error: unknown) => error);
      const isTold = outcome instanceof Error && (outcome === refusal || outcome.cause === refusal);
      demand(isTold, 'The refusal was hidden; throw it on.');
      return undefined;
    },
  },
  {
    name: 'MS-11 shows secrets in secretHeaders alone',
    async run(subject) {
      const { calls } = subject.farSide;
      await resolve(subject);
      for (const { url, headers = {}, secretHeaders } of calls) {
        const open = Object.keys(headers).find((name) => /^(?:authorization|cookie|x-amz-security-token)$/i.test(name));
        demand(open === undefined, `The header ${open} is shown to policies and the audit; put it into secretHeaders.`);
        for (const secret of Object.values(secretHeaders ?? {}))
          demand(!url.includes(secret), 'A secret stands in a URL, which is written down.');
      }
    },
  },
  {
    name: 'MS-12 says denied when a key is missing, without showing one',
    async run(subject) {
      if (subject.server.lock === undefined) return skip('the far side has no keys');
      subject.server.lock();
      return fails(subject, subject.server.model.ref, 'denied');
    },
  },
];

function resolve({ source, server, farSide }: SourceSubject, ref = server.model.ref): Promise<ResolvedModel> {
  return within(source.resolve(ref, kitFetch(farSide.calls), LIVE), PATIENCE_MS, 'The source is stuck.');
}

async function fails(subject: SourceSubject, ref: string, kind: string): Promise<void> {
  const outcome: unknown = await resolve(subject, ref).catch((error: unknown) => error);
  demand(isSourceError(outcome), `${ref} must fail with a SourceError of kind ${kind}.`);
  demand(outcome.kind === kind, `${ref} fails as ${outcome.kind} (${outcome.message}), not as ${kind}.`);
  demand(outcome.message.length > 0, 'The error has no message; say what is wrong and what to do.');
}

async function read({ place }: SourceFile): Promise<Uint8Array> {
  if (place.type === 'local') return readFile(place.path);
  return (await bytesOf(await place.ask(kitFetch([])))).body;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
