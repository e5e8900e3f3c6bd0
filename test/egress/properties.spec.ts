import fc from 'fast-check';
import { type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { AttackRig } from '../../src/egress/attack/attack-rig.js';
import { URL_VECTORS } from '../../src/egress/attack/run-attacks.js';
import { classOf } from '../../src/egress/guard/address-class.js';
import { Resolver } from '../../src/egress/guard/resolver.js';

const ADDRESSES = [
  '8.8.8.8',
  '127.0.77.1',
  '2606:4700::1111',
  '127.0.0.1',
  '10.0.0.1',
  '::1',
  '::ffff:169.254.169.254',
  '100.64.0.1',
];

/** Any name leads anywhere. */
class Anywhere extends Resolver {
  constructor(private readonly answers: readonly string[]) {
    super();
  }

  override async resolve(): Promise<readonly string[]> {
    return this.answers;
  }
}

const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6().map((ip) => `[${ip}]`),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const url = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.constantFrom(...URL_VECTORS.map((vector) => vector.url)),
  fc
    .tuple(
      fc.constantFrom('http://', 'https://', 'http:', 'HTTP:\\\\', 'http://x@'),
      host,
      fc.constantFrom('', '/', ':80', ':0', '.', '\\@example.com/', '#@example.com/', '%2eexample.com'),
    )
    .map((parts) => parts.join('')),
);

describe('any text', () => {
  it('is refused, or leads to the address that was judged public and written down (ORCH-4703)', async () => {
    await fc.assert(
      fc.asyncProperty(url, fc.array(fc.constantFrom(...ADDRESSES), { maxLength: 3 }), async (text, answers) => {
        const rig = new AttackRig({ parts: { resolver: new Anywhere(answers) } });
        const outcome = await rig.call({ url: text });
        await rig.close();
        const decided = rig.audit.records.flatMap((record) =>
          record === undefined ? [] : [record.event as unknown as RequestEvent],
        );
        const recorded = decided.flatMap(({ kind, request }) =>
          kind === 'http.request' ? [request.addresses[0]!] : [],
        );
        expect(rig.network.dialled.map((address) => address.replace(/:\d+$/, ''))).toEqual(
          recorded.map(({ ip }) => ip),
        );
        for (const { ip, class: kind } of recorded) {
          expect(kind).toBe('public');
          expect(classOf(ip) === 'public' || ip.startsWith('127.0.77.')).toBe(true);
        }
        expect(outcome.type === 'refused' || recorded.length > 0 || outcome.type === 'failed').toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
