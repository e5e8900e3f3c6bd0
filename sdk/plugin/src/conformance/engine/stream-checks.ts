import { type EnginePrompt } from '../../contracts/engine.js';
import { demand } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { type EngineBench } from './engine-bench.js';
import { type Transcript } from './transcript.js';

const MOST_STREAMS = 16;
const BROKEN_CHARACTER = /[\p{Surrogate}\uFFFD]/u;

/** The shape of an answer. */
export const streamChecks: readonly Check<EngineBench>[] = [
  eachAnswer('EA-02 ends with exactly one end, and nothing follows', ({ ends, events }) => {
    demand(ends.length === 1, `An answer had ${ends.length} end events; yield exactly one.`);
    demand(events.at(-1)?.type === 'end', 'Something was yielded after the end event; the end must be the last event.');
  }),
  eachAnswer('EA-03 yields whole characters only', ({ tokens }) => {
    const broken = tokens.filter(({ text }) => BROKEN_CHARACTER.test(text));
    demand(broken.length === 0, 'A token holds half a character; hold bytes back until the character is whole.', {
      actual: broken,
      expected: [],
    });
  }),
  eachAnswer('EA-06 yields no empty token', ({ tokens }) => {
    demand(!tokens.some(({ text }) => text === ''), 'A token without text was yielded; leave it out.');
  }),
  {
    name: 'EA-11 keeps parallel answers apart',
    async run(bench) {
      if (!bench.isExact) return skip('the engine declares best_effort, so answers may differ anyway');
      const seeds = Array.from({ length: Math.min(MOST_STREAMS, bench.description.slots) }, (_, index) => index);
      const prompt = bench.fixture.prompts.varied ?? bench.fixture.prompts.endless;
      const answer = async (seed: number): Promise<string> =>
        (await bench.answer(prompt, { seed, maxTokens: 12, sampling: { temperature: 1 } })).text;
      const alone: string[] = [];
      for (const seed of seeds) alone.push(await answer(seed));
      const together = await Promise.all(seeds.map(answer));
      const isEqual = together.every((text, index) => text === alone[index]);
      demand(isEqual, 'Answers beside each other differ from answers alone; share no state between two tasks.', {
        actual: together,
        expected: alone,
      });
    },
  },
];

function eachAnswer(name: string, examine: (transcript: Transcript) => void): Check<EngineBench> {
  return {
    name,
    async run(bench) {
      for (const prompt of promptsOf(bench)) examine(await bench.answer(prompt, { maxTokens: 64 }));
    },
  };
}

function promptsOf({ fixture: { prompts } }: EngineBench): EnginePrompt[] {
  return [prompts.short, prompts.endless, prompts.emoji, prompts.varied].filter((prompt) => prompt !== undefined);
}
