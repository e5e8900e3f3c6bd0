import { type GoldenTest } from '../abi.js';
import { type PolicyCase } from '../define-policy.js';
import { fillEvent } from './fill-event.js';

/** A case as a module carries it: with all of its event, so that hosts need not know how to fill it. */
export function goldenTest({ name, hook, event, config = {}, expect }: PolicyCase): GoldenTest {
  return { name, hook, event: fillEvent(hook, event).event, config, expect };
}
