import { X509Certificate } from 'node:crypto';
import { issue, newKeys } from '../../../test/support/certificates.js';
import { sha256, signWithCertificate, signWithKey, type Bundle } from '../../../test/support/model-signer.js';
import { SeededRandom } from '../../kernel/random.js';
import { NO_ANCHORS } from './anchors.js';
import { digestOf } from './digest.js';
import { TRUST_REASONS } from './reasons.js';
import { checkSbom } from './sbom/check-sbom.js';
import { bomOf } from './sbom/write-bom.js';
import { checkSignature } from './signature/check-signature.js';

const RUNS = Number(process.env['LLORCH_FUZZ_RUNS'] ?? 2_000);
const SEED = Number(process.env['LLORCH_FUZZ_SEED'] ?? 29);
const LIMIT_MS = 60_000;
const NOW = Date.parse('2030-01-01');

const keys = newKeys();
const root = issue({ name: 'root', isAuthority: true });
const middle = issue({ name: 'middle', issuer: root, isAuthority: true });
const signer = issue({ name: 'signer', issuer: middle });
const anchors = { ...NO_ANCHORS, keys: [keys.publicKey], certificates: [new X509Certificate(root.pem)] };

const SIGNED = ['config.json', 'docs/card.md', 'model.gguf'].map((name) => ({ name, digest: sha256(name) }));
const FILES = SIGNED.map(({ name, digest }) => ({ path: name, digest: `sha256:${digest}`, sizeBytes: 4 }));
const BUNDLES = [signWithKey(SIGNED, keys), signWithCertificate(SIGNED, signer, [middle])];
const SBOM = JSON.stringify(
  bomOf({ id: 'm', version: '1', digest: digestOf(FILES), sourceUrl: 'hf:a/b', files: FILES }),
);

/** What a stranger may put in place of a value. */
const ODD: readonly unknown[] = [
  ...[null, true, 0, -1, 1e308, '', 'x', [], {}, [[]], '../x', '/x', '.', 'a\0b', '\ud800', '__proto__'],
  ...['application/json', 'sha256', 'shards', sha256('x'), 'AAAA', 'MAYCAQECAQE=', { rawBytes: 'AAAA' }],
];

const random = new SeededRandom(SEED);
const upTo = (limit: number): number => Math.floor(random.next() * limit);
const oneOf = <Value>(values: readonly Value[]): Value => values[upTo(values.length)] as Value;

/** A copy with one member, at any depth, left out, replaced, doubled or put in place of another. */
function bent(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || random.next() < 0.15) return oneOf(ODD);
  const names = Object.keys(value);
  if (names.length === 0) return oneOf(ODD);
  const name = oneOf(names);
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
  const kind = random.next();
  if (kind < 0.15) delete copy[name];
  else if (kind < 0.25) copy[oneOf(names)] = copy[name];
  else if (kind < 0.3 && Array.isArray(copy)) copy.push(copy[Number(name)]);
  else copy[name] = bent(copy[name]);
  return copy;
}

/** A copy of a text with one to three characters changed, removed or added. */
function scratched(text: string): string {
  let bytes = Buffer.from(text);
  for (let times = 1 + upTo(3); times > 0; times -= 1) {
    const at = upTo(bytes.length);
    const kind = random.next();
    const rest = bytes.subarray(kind < 0.9 ? at + 1 : at + upTo(200));
    const put = kind < 0.6 ? [upTo(256)] : kind < 0.8 ? [] : [oneOf([0x22, 0x5b, 0x7b, 0x5c, 0x30])];
    bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), rest]);
  }
  return bytes.toString('latin1');
}

const statementOf = (bundle: Bundle): unknown =>
  JSON.parse(Buffer.from(String(bundle.dsseEnvelope['payload']), 'base64').toString());

/** What of a bundle is signed; undefined when it is none at all. */
function signedPart(text: string): unknown {
  try {
    const { dsseEnvelope } = JSON.parse(text) as Bundle;
    return [dsseEnvelope['payloadType'], dsseEnvelope['payload']];
  } catch {
    return undefined;
  }
}

describe(`${RUNS} mutations of what strangers send`, () => {
  it(
    'make no bundle pass whose signed part is another one, and throw nothing (ORCH-3061)',
    async () => {
      let passed = 0;
      for (let run = 0; run < RUNS; run += 1) {
        const bundle = BUNDLES[run % BUNDLES.length]!;
        const text = run % 4 < 2 ? JSON.stringify(bent(bundle)) : scratched(JSON.stringify(bundle));
        const checked = await checkSignature(text, { files: FILES, anchors, nowMs: NOW });
        if (checked.verified) expect(signedPart(text)).toEqual(signedPart(JSON.stringify(bundle)));
        else expect(TRUST_REASONS).toContain(checked.reason.code);
        passed += checked.verified ? 1 : 0;
      }
      // Some change what proves nothing, such as the fingerprint of the key; most do not.
      expect(passed).toBeLessThan(RUNS / 4);
    },
    LIMIT_MS,
  );

  it(
    'make no certificate of a chain pass',
    async () => {
      const bundle = JSON.stringify(BUNDLES[1]);
      for (let run = 0; run < RUNS / 4; run += 1) {
        const { certificate } = oneOf([signer, middle]);
        const flipped = Buffer.from(certificate);
        flipped[upTo(flipped.length)]! ^= 1 << upTo(8);
        const text = bundle.replace(certificate.toString('base64'), flipped.toString('base64'));
        const checked = await checkSignature(text, { files: FILES, anchors, nowMs: NOW });
        expect(checked).toMatchObject({
          verified: false,
          reason: { code: expect.stringMatching(/certificate|bundle/) },
        });
      }
    },
    LIMIT_MS,
  );

  it(
    'make no signed statement pass that does not list exactly the files of the model',
    async () => {
      const genuine = JSON.stringify(filesIn(statementOf(BUNDLES[0]!)));
      for (let run = 0; run < RUNS; run += 1) {
        const statement = bent(statementOf(BUNDLES[0]!));
        const text = JSON.stringify(signWithKey([], keys, { tampered: () => Buffer.from(JSON.stringify(statement)) }));
        const signed = signWithKey([], keys, { statement });
        const unsigned = await checkSignature(text, { files: FILES, anchors, nowMs: NOW });
        expect(unsigned.verified).toBe(false);
        const checked = await checkSignature(JSON.stringify(signed), { files: FILES, anchors, nowMs: NOW });
        if (checked.verified) expect(JSON.stringify(filesIn(statement))).toBe(genuine);
      }
    },
    LIMIT_MS,
  );

  it(
    'make no list of files pass that differs from what was signed',
    async () => {
      for (let run = 0; run < RUNS / 4; run += 1) {
        const files = FILES.map((file) => ({ ...file }));
        const file = oneOf(files);
        const kind = random.next();
        if (kind < 0.3) file.digest = `sha256:${sha256(String(run))}`;
        else if (kind < 0.6) files.splice(upTo(files.length), 1);
        else if (kind < 0.8) file.path = `${file.path}${oneOf(['x', '/', ' ', '\0', '.GGUF'])}`;
        else files.push({ ...file, path: oneOf(['x.bin', 'a/.git', 'model.GGUF', '../model.gguf']) });
        const checked = await checkSignature(JSON.stringify(BUNDLES[run % 2]), { files, anchors, nowMs: NOW });
        expect(checked.verified).toBe(false);
      }
    },
    LIMIT_MS,
  );

  it(
    'make no SBOM agree that has lost the hashes, and throw nothing (ORCH-3065)',
    () => {
      const model = { files: FILES, digest: digestOf(FILES) };
      const hashes = [model, ...FILES].map(({ digest }) => digest.slice('sha256:'.length));
      for (let run = 0; run < RUNS; run += 1) {
        const text = run % 2 === 0 ? JSON.stringify(bent(JSON.parse(SBOM))) : scratched(SBOM);
        const checked = checkSbom(text, model);
        if (checked.type === 'refused') expect(TRUST_REASONS).toContain(checked.reason.code);
        if (checked.type === 'agrees') expect(hashes.some((hash) => text.toLowerCase().includes(hash))).toBe(true);
        expect(checkSbom(text, { ...model, sbomDigest: `sha256:${sha256(SBOM)}` }).type).toBe(
          text === SBOM ? 'agrees' : 'refused',
        );
      }
    },
    LIMIT_MS,
  );
});

/** Names and digests that a statement lists, wherever it is a list; undefined when there is none. */
function filesIn(statement: unknown): unknown {
  const { resources } = (statement as { predicate?: { resources?: unknown } } | null)?.predicate ?? {};
  if (!Array.isArray(resources)) return undefined;
  return resources.map((row: { name?: unknown; digest?: unknown } | null) => [row?.name, row?.digest]);
}
