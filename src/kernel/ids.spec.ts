import { type TaskId, newTaskId, parseTaskId, seedOf, taskKey } from './ids.js';

describe('task ids', () => {
  it('are UUIDs of version 7 that sort by their time (ORCH-3024)', () => {
    const times = [0, 1, 999, 1_700_000_000_000, 1_700_000_000_001, 2 ** 47];
    const ids = times.map(newTaskId);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([...ids].sort()).toEqual(ids);
    expect(ids.map((id) => parseInt(id.slice(0, 13).replace('-', ''), 16))).toEqual(times);
  });

  it('never repeat within one millisecond (ORCH-3024)', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newTaskId(5))).size).toBe(10_000);
  });

  it('are read in either case and kept in lower case', () => {
    expect(parseTaskId('01890A5D-AC96-774B-BCCE-B302099A8057')).toBe('01890a5d-ac96-774b-bcce-b302099a8057');
    for (const text of ['', 'x', '01890a5dac96774bbcceb302099a8057', '01890a5d-ac96-774b-bcce-b302099a8057\n']) {
      expect(parseTaskId(text)).toBeUndefined();
    }
  });

  it('give the seed of a task that names none: 53 bits of SHA-256 (OC-CORE-1030)', () => {
    expect(seedOf('01890a5d-ac96-774b-bcce-b302099a8057' as TaskId)).toBe(4_775_923_556_957_696n);
    expect(seedOf('00000000-0000-7000-8000-000000000000' as TaskId)).toBe(1_084_884_690_605_322n);
  });

  it('of two tenants do not collide (ORCH-3024)', () => {
    const id = newTaskId(1);
    expect(taskKey('a', id)).not.toBe(taskKey('b', id));
  });
});
