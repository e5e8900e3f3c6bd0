import { Fairness, jainIndex } from './fairness.js';

function share(fairness: Fairness, name: string) {
  const { served, entitled } = fairness.shares().find((one) => one.name === name)!;
  return { served, entitled };
}

describe('shares while flows compete', () => {
  it('are those of the weights when each got its own (ORCH-3075)', () => {
    const fairness = new Fairness((name) => (name === 'a' ? 3 : 1));
    for (const name of ['a', 'a', 'a', 'b', 'a', 'b']) fairness.waits(name);
    for (const name of ['a', 'a', 'a', 'b']) fairness.served(name, 100);
    expect(share(fairness, 'a').served).toBe(300);
    expect(share(fairness, 'b')).toEqual({ served: 100, entitled: 0 });
    fairness.served('b', 0);
    expect(share(fairness, 'b').entitled).toBeCloseTo(100);
  });

  it('do not count what a flow gets while nobody else waits (ORCH-3075)', () => {
    const fairness = new Fairness(() => 1);
    fairness.waits('a');
    fairness.served('a', 500);
    expect(share(fairness, 'a')).toEqual({ served: 0, entitled: 0 });
  });

  it('do not entitle a flow to anything from before its backlog or after it (ORCH-3075)', () => {
    const fairness = new Fairness(() => 1);
    for (const name of ['a', 'a', 'a', 'c', 'c', 'c']) fairness.waits(name);
    fairness.served('a', 100);
    fairness.waits('b');
    fairness.served('a', 90);
    fairness.leaves('b');
    fairness.served('c', 100);
    expect(share(fairness, 'b')).toEqual({ served: 0, entitled: 30 });
  });
});

it.each([
  [[1, 1, 1, 1], 1],
  [[1, 0, 0, 0], 0.25],
  [[], undefined],
  [[0, 0], undefined],
])('the index of %j is %p (ORCH-3076)', (values, index) => {
  expect(jainIndex(values)).toBe(index);
});
