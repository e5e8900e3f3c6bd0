import { test } from 'node:test';
import { forEveryRequest, mutate, policy, policyTests, readCases, request } from '@llama-orch/policy-sdk/test';

const tested = policy(new URL('../src/index.ts', import.meta.url));
const cases = readCases(new URL('../cases.json', import.meta.url));

// Each case is asked twice, as TypeScript and as WASM in the production host; a difference fails.
policyTests(tested, cases);

test('a call with a secret is denied', async () => {
  const call = request.post('https://example.com/').json({ note: 'x' }).findings('secret.bearer');
  await tested
    .on(call)
    .withConfig({ hosts: ['example.com'] })
    .denies('SECRET_FOUND');
});

test('no host gets through that is not listed', async () => {
  await forEveryRequest(tested, (decision, { host }) => decision?.decision === 'deny' || host === 'example.com', {
    config: { hosts: ['example.com'] },
  });
});

test('each small mistake in the policy fails a case', async () => {
  const { survived } = await mutate(tested, cases);
  if (survived.length > 0)
    throw new Error(survived.map(({ line, became }) => `${line}\n  became ${became}`).join('\n'));
});
