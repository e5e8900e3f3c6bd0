import { AttackPolicies } from './attack/attack-policies.js';
import { Stage } from './attack/scenario.js';
import { policyFacts } from './policy-facts.js';

describe('what the loaded policies mean for calls', () => {
  it('is made anew only after a swap, however many calls there are (ORCH-4702)', async () => {
    const stage = new Stage();
    const policies = new AttackPolicies();
    let asked = 0;
    const list = policies.list.bind(policies);
    policies.list = () => {
      asked += 1;
      return list();
    };
    const { rig } = await stage.web((_request, response) => response.end(), { policies });
    for (let call = 0; call < 5; call++) await rig.call({ url: 'http://start.test/' });
    expect(asked).toBe(1);
    const before = policyFacts(policies).generation;
    policies.swap();
    expect(policyFacts(policies).generation).not.toBe(before);
    await stage.close();
  });

  it('tells whether secrets are shown, at the hooks of whoever may see them (OC-CTRL-2041)', () => {
    const policies = new AttackPolicies(undefined, ['on_response']);
    expect([...policyFacts(policies).rawAt]).toEqual([]);
    policies.manifestOf = () => ({ capabilities: ['raw-secrets'] }) as never;
    policies.swap();
    expect([...policyFacts(policies).rawAt]).toEqual(['on_response']);
  });

  it('tells whether somebody decides about answers, which allow-all does not (OC-POLICY-4031)', () => {
    const judged = (hooks: ConstructorParameters<typeof AttackPolicies>[1], source?: string) => {
      const policies = new AttackPolicies(undefined, hooks);
      const [status] = policies.list();
      if (source !== undefined) policies.list = () => [{ ...status!, source }];
      return policyFacts(policies).judgesAnswers;
    };
    expect([judged(['on_response']), judged(['on_request'])]).toEqual([true, false]);
    expect(judged(['on_request', 'on_response'], 'builtin:allow-all')).toBe(false);
  });
});
