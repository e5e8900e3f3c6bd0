import { clampRetryMs } from './retry-wait.js';

it('keeps waits within what the wire allows (ORCH-4304)', () => {
  expect([-5, 0, 0.2, 1.5, 59_999.6, 70_000].map(clampRetryMs)).toEqual([1, 1, 1, 2, 60_000, 60_000]);
});
