import { Overload } from './overload.js';

describe('overload', () => {
  it('lasts once the queue has been nearly full for ten seconds (ORCH-3080-v31)', () => {
    const overload = new Overload();
    overload.observe(9, 10, 0);
    overload.observe(10, 10, 5000);
    expect([overload.lasts(9999), overload.lasts(10_000)]).toEqual([false, true]);
  });

  it('begins anew when the queue was emptier in between (ORCH-3080-v31)', () => {
    const overload = new Overload();
    overload.observe(9, 10, 0);
    overload.observe(8, 10, 9000);
    overload.observe(9, 10, 9500);
    expect([overload.lasts(10_000), overload.lasts(19_500)]).toEqual([false, true]);
  });
});
