import { defineQueueDiscipline } from '@llama-orch/plugin-sdk';
import { rulesOf, wfqOptions } from './options.js';
import { Wfq } from './wfq.js';

export { LinkedLane } from './linked-lane.js';
export { type FlowLane } from './flow-lane.js';
export { rulesOf, wfqOptions, type WfqOptions } from './options.js';
export { Wfq, type WfqRules } from './wfq.js';

/** Fair shares by weight, counted in tokens: class, then tenant, then session. */
export default defineQueueDiscipline({
  id: 'wfq',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: wfqOptions,
  create: (options) => ({ createQueue: (facts) => new Wfq(rulesOf(options, facts)) }),
});
