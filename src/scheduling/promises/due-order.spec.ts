import fc from 'fast-check';
import { DueOrder } from './due-order.js';

const step = fc.record({ type: fc.constantFrom('add', 'remove', 'take'), at: fc.nat(30) });

it('counts, removes and takes as a sorted list would (ORCH-4304)', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const order = new DueOrder<{ dueAt: number }>();
      let model: { dueAt: number }[] = [];
      for (const { type, at } of steps) {
        if (type === 'add') {
          const item = { dueAt: at };
          model.push(item);
          order.add(item);
        } else if (type === 'remove') {
          const [item = { dueAt: at }] = model.filter(({ dueAt }) => dueAt <= at);
          model = model.filter((one) => one !== item);
          order.remove(item);
        } else {
          const taken = model.filter(({ dueAt }) => dueAt < at).sort((a, b) => a.dueAt - b.dueAt);
          model = model.filter(({ dueAt }) => dueAt >= at);
          expect(order.takeBefore(at)).toEqual(taken);
        }
        expect([order.size, order.countBefore(at)]).toEqual([
          model.length,
          model.filter(({ dueAt }) => dueAt < at).length,
        ]);
      }
    }),
  );
});
