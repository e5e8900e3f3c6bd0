import { because, TRUST_REASONS } from './reasons.js';
import { type SignatureCheck } from './signature/signature-check.js';
import { stricterOf } from './trust-policy.js';
import { judgeTrust, type TrustFacts } from './verdict.js';

const GOOD: SignatureCheck = {
  verified: true,
  method: 'key',
  signer: 'sha256:00',
  algo: 'ecdsa-p256-sha256',
  timestampMs: undefined,
};
const BAD: SignatureCheck = { verified: false, reason: because('wrong-key', 'it is signed by another key') };

const PROVEN: TrustFacts = {
  policy: stricterOf({ mode: 'strict' }),
  registry: 'huggingface.co/org/repo',
  suppliedDigest: 'sha256:aa',
  model: { type: 'read', digest: 'sha256:aa' },
  isDeclaredUnsigned: false,
  signatures: [GOOD],
  sbom: { type: 'agrees' },
};

const strict = (facts: Partial<TrustFacts>) => judgeTrust({ ...PROVEN, ...facts });
const permissive = (facts: Partial<TrustFacts>) => strict({ policy: stricterOf(), ...facts });
const codes = ({ reasons }: ReturnType<typeof judgeTrust>) => reasons.map(({ code }) => code);

const only = (mode: 'strict' | 'permissive', ...allowedRegistries: string[]) => stricterOf({ mode, allowedRegistries });

describe('the verdict on a model', () => {
  it('is pass when everything is proven, in both modes (ORCH-3061)', () => {
    expect(strict({})).toEqual({ verdict: 'pass', reasons: [], warnings: [] });
    expect(permissive({})).toEqual({ verdict: 'pass', reasons: [], warnings: [] });
  });

  it.each([
    ['has no signature', { signatures: [] }, 'unsigned'],
    ['is declared unsigned', { signatures: [], isDeclaredUnsigned: true }, 'declared-unsigned'],
    ['is declared unsigned in spite of a signature', { isDeclaredUnsigned: true }, 'declared-unsigned'],
    ['has a signature that does not hold', { signatures: [BAD] }, 'wrong-key'],
    ['has no SBOM', { sbom: { type: 'missing' } }, 'missing-sbom'],
    ['has the SBOM of another', { sbom: { type: 'refused', reason: because('sbom-mismatch', 'x') } }, 'sbom-mismatch'],
  ] as const)(
    'is fail under strict and a warning under permissive when it %s (ORCH-3061, ORCH-3037)',
    (_, facts, code) => {
      expect(strict(facts)).toMatchObject({ verdict: 'fail', warnings: [] });
      expect(codes(strict(facts))).toEqual([code]);
      expect(permissive(facts)).toMatchObject({ verdict: 'warn', reasons: [{ code }] });
      expect(permissive(facts).warnings).toEqual(permissive(facts).reasons.map(({ message }) => message));
    },
  );

  it('is fail in both modes when the bytes have another digest than was supplied (ORCH-3037)', () => {
    const facts = { model: { type: 'read', digest: 'sha256:bb' } } as const;
    for (const judged of [strict(facts), permissive(facts)]) {
      expect(judged.verdict).toBe('fail');
      expect(codes(judged)[0]).toBe('digest-mismatch');
    }
  });

  it('is fail in both modes when the SBOM has another digest than was supplied, or the files are unsafe', () => {
    const sbom = { type: 'refused', reason: because('sbom-digest-mismatch', 'x') } as const;
    const model = { type: 'unsafe', message: '"link" is a link' } as const;
    for (const judge of [strict, permissive]) {
      expect(codes(judge({ sbom }))).toEqual(['sbom-digest-mismatch']);
      expect(codes(judge({ model }))).toEqual(['unsafe-model']);
      expect(judge({ sbom }).verdict).toBe('fail');
      expect(judge({ model }).verdict).toBe('fail');
    }
  });

  it('says nothing about bytes that are not here, or whose digest nobody supplied', () => {
    expect(strict({ model: { type: 'absent' } }).verdict).toBe('pass');
    expect(strict({ suppliedDigest: undefined }).verdict).toBe('pass');
  });

  it('asks every list of registries, and is fail under strict where one does not hold the source (ORCH-3063)', () => {
    expect(strict({ policy: only('strict', 'huggingface.co/org') }).verdict).toBe('pass');
    expect(codes(strict({ policy: only('strict', 'example.org') }))).toEqual(['source-not-allowed']);
    expect(strict({ policy: only('permissive', 'example.org') })).toMatchObject({ verdict: 'warn' });
    const both = stricterOf({ mode: 'strict', allowedRegistries: ['huggingface.co'] }, { allowedRegistries: ['file'] });
    expect(strict({ policy: both }).verdict).toBe('fail');
    expect(strict({ policy: only('strict', 'example.org'), registry: undefined }).verdict).toBe('fail');
    expect(strict({ registry: undefined }).verdict).toBe('pass');
  });

  it('requires what the policy requires, whatever its mode', () => {
    const needsSbom = stricterOf({ requireSbom: true });
    expect(strict({ policy: needsSbom, sbom: { type: 'missing' } }).verdict).toBe('fail');
    expect(strict({ policy: needsSbom, signatures: [] }).verdict).toBe('warn');
    const noSbom = stricterOf({ mode: 'strict', requireSbom: false });
    expect(strict({ policy: noSbom, sbom: { type: 'missing' } }).verdict).toBe('warn');
  });

  it('needs one signature that holds, and warns of the others', () => {
    expect(strict({ signatures: [BAD, GOOD] })).toEqual({
      verdict: 'warn',
      reasons: [{ code: 'wrong-key', message: 'it is signed by another key' }],
      warnings: ['it is signed by another key'],
    });
  });

  it('names first what made it fail', () => {
    const judged = permissive({
      signatures: [],
      model: { type: 'read', digest: 'sha256:bb' },
      sbom: { type: 'missing' },
    });
    expect(codes(judged)).toEqual(['digest-mismatch', 'unsigned', 'missing-sbom']);
    expect(judged.warnings).toHaveLength(2);
  });

  it('has one code for each reason', () => expect(new Set(TRUST_REASONS).size).toBe(TRUST_REASONS.length));
});
