import { demand } from '../demand.js';
import { type Check, skip } from '../kit.js';
import { type EngineBench } from './engine-bench.js';
import { demandEngineError, type Transcript } from './transcript.js';

const BEST_EFFORT = 'the engine declares best_effort, so equal requests need not give equal answers';

/** What a request asks for and how the answer obeys. */
export const requestChecks: readonly Check<EngineBench>[] = [
  {
    name: 'EA-23 refuses a prompt beyond the context as invalid-input',
    async run(bench) {
      const { contextTokens } = bench.description;
      const text = 'word '.repeat(contextTokens + 8);
      const { error, text: answer } = await bench.run({ type: 'text', text }, { maxTokens: 1 });
      demandEngineError(
        error,
        `for a prompt of more than ${contextTokens} tokens (it was answered with "${answer.slice(0, 40)}")`,
      );
      const isRight = error.code === 'invalid-input' && error.reason === 'context_overflow';
      demand(isRight, 'A prompt beyond the context must be invalid-input with the reason context_overflow.', {
        actual: [error.code, error.reason],
        expected: ['invalid-input', 'context_overflow'],
      });
      demand(error.message.includes(String(contextTokens)), 'The message must name the context and the prompt length.');
    },
  },
  {
    name: 'EA-24 honours max_tokens exactly',
    async run(bench) {
      for (const maxTokens of [1, 2, 7]) {
        checkLimit(await bench.answer(bench.fixture.prompts.endless, { maxTokens }), maxTokens);
      }
    },
  },
  {
    name: 'EA-24b says stop when the answer ends by itself',
    async run(bench) {
      const { ends } = await bench.answer(bench.fixture.prompts.short, { maxTokens: 128 });
      demand(ends[0]?.finish === 'stop', 'The end of a short answer must be "stop".', {
        actual: ends[0]?.finish,
        expected: 'stop',
      });
      demand(ends[0]?.engineFinish !== '', 'engineFinish is empty; keep the word of the engine.');
    },
  },
  {
    name: 'EA-25 ends at a stop string, also across tokens, and does not show it',
    async run(bench) {
      if (!bench.description.features.params.includes('stop')) return skip('the engine declares no stop strings');
      if (!bench.isExact) return skip(BEST_EFFORT);
      const whole = await bench.answer(bench.fixture.prompts.endless, { maxTokens: 24 });
      for (const stop of stopsAcrossTokens(whole)) await checkStop(bench, whole.text, stop);
    },
  },
  {
    name: 'EA-26 is greedy at temperature 0',
    async run(bench) {
      if (!bench.isExact) return skip(BEST_EFFORT);
      const texts: string[] = [];
      for (const seed of [1, 1, 2]) {
        texts.push((await bench.answer(bench.fixture.prompts.endless, { seed, maxTokens: 24 })).text);
      }
      demand(new Set(texts).size === 1, 'At temperature 0 the answers differ; decode greedily, whatever the seed.', {
        actual: texts,
        expected: texts.map(() => texts[0]),
      });
    },
  },
  {
    name: 'EA-27 repeats an answer for the same seed',
    async run(bench) {
      if (!bench.isExact) return skip(BEST_EFFORT);
      for (const seed of edgeSeeds(bench.description.seedBits)) {
        const [first, second] = [await sample(bench, seed), await sample(bench, seed)];
        demand(first === second, `Two runs with seed ${seed} differ; pass the seed of the request to the engine.`, {
          actual: second,
          expected: first,
        });
      }
    },
  },
  {
    name: 'EA-27b uses the whole width of the seed that it declares',
    async run(bench) {
      if (!bench.fixture.prompts.varied) return skip('the fixture has no prompt whose answer depends on the seed');
      const { seedBits } = bench.description;
      const highest = 2 ** (seedBits - 1);
      const pairs = Array.from({ length: Math.min(8, highest) }, (_, seed) => [seed, seed + highest] as const);
      let differing = 0;
      for (const [low, high] of pairs) if ((await sample(bench, low)) !== (await sample(bench, high))) differing++;
      demand(
        differing > 0,
        `The highest of ${seedBits} seed bits changes nothing; declare the width that the engine uses.`,
      );
    },
  },
  {
    name: 'EA-29 answers other seeds with other texts',
    async run(bench) {
      if (!bench.fixture.prompts.varied) return skip('the fixture has no prompt whose answer depends on the seed');
      if (bench.description.seedBits < 3) return skip('the engine declares fewer than eight seeds');
      const texts = new Set<string>();
      for (let seed = 0; seed < 8; seed++) texts.add(await sample(bench, seed));
      demand(texts.size > 1, 'Eight seeds gave one text at temperature 1; pass seed and temperature to the engine.');
    },
  },
  {
    name: 'EA-30 refuses a schema that the engine cannot keep',
    async run(bench) {
      if (bench.description.features.jsonSchema) return skip('the engine declares jsonSchema');
      const { error } = await bench.run(bench.fixture.prompts.short, { jsonSchema: { type: 'object' } });
      demandEngineError(error, 'for a JSON schema that the engine does not offer');
      demand(error.code === 'invalid-input', 'A schema that is not offered must be invalid-input, never dropped.', {
        actual: error.code,
        expected: 'invalid-input',
      });
    },
  },
  {
    name: 'EA-47 counts the tokens of prompt and answer',
    async run(bench) {
      const { short, endless } = bench.fixture.prompts;
      for (const prompt of [short, endless]) {
        const transcript = await bench.answer(prompt, { maxTokens: 5 });
        const isOwnCount = bench.description.features.usage === 'none' && transcript.ends[0]?.usage.exact;
        demand(!isOwnCount, 'The engine is declared to count nothing, but usage says that its counts are exact.');
        const counted = await bench.connection.countTokens?.(prompt, new AbortController().signal);
        checkUsage(transcript, counted);
      }
    },
  },
];

async function sample(bench: EngineBench, seed: number): Promise<string> {
  const prompt = bench.fixture.prompts.varied ?? bench.fixture.prompts.endless;
  return (await bench.answer(prompt, { seed, maxTokens: 16, sampling: { temperature: 1 } })).text;
}

/** Edges of common seed widths, as far as the engine's own width reaches. */
function edgeSeeds(seedBits: number): number[] {
  const width = 2 ** seedBits;
  return [...new Set([0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53 - 1].map((seed) => seed % width))];
}

function checkLimit({ ends, tokens }: Transcript, maxTokens: number): void {
  const end = ends[0];
  const actual = { completionTokens: end?.usage.completionTokens, finish: end?.finish };
  const expected = { completionTokens: maxTokens, finish: 'length' };
  const isExact = actual.completionTokens === maxTokens && actual.finish === 'length';
  demand(isExact, `max_tokens ${maxTokens} was not honoured; always send the limit.`, { actual, expected });
  demand(delivered(tokens) <= maxTokens, `More than ${maxTokens} tokens were yielded.`);
}

function checkUsage({ ends, tokens, text }: Transcript, countedPrompt: number | undefined): void {
  const usage = ends[0]?.usage;
  demand(usage !== undefined, 'The end event has no usage.');
  const { promptTokens, completionTokens, exact } = usage;
  const areCounts = [promptTokens, completionTokens].every((count) => Number.isInteger(count) && count >= 0);
  demand(areCounts && typeof exact === 'boolean', 'usage must hold whole counts and say whether they are exact.', {
    actual: usage,
    expected: { promptTokens: 'a count', completionTokens: 'a count', exact: 'a boolean' },
  });
  demand(promptTokens > 0, 'promptTokens is 0 for a prompt with text; take it from the engine.');
  demand(completionTokens >= delivered(tokens), 'completionTokens is lower than the tokens that were yielded.');
  demand(text === '' || completionTokens > 0, 'completionTokens is 0 although there is text.');
  if (!exact || countedPrompt === undefined) return;
  demand(countedPrompt === promptTokens, 'countTokens and usage.promptTokens differ for one prompt.', {
    actual: countedPrompt,
    expected: promptTokens,
  });
}

function delivered(tokens: Transcript['tokens']): number {
  return tokens.reduce((sum, { tokens: count = 1 }) => sum + count, 0);
}

/** One stop string inside a token and one that begins in a token and ends in the next. */
function stopsAcrossTokens({ tokens }: Transcript): string[] {
  demand(tokens.length >= 4, 'The endless prompt of the fixture must be answered with at least four tokens.');
  const [, second, third, fourth] = tokens.map(({ text }) => Array.from(text));
  return [`${second!.at(-1)}${third![0]}`, third!.join('') + fourth![0]];
}

async function checkStop(bench: EngineBench, whole: string, stop: string): Promise<void> {
  const sampling = { stop: [stop] };
  const { text, ends } = await bench.answer(bench.fixture.prompts.endless, { maxTokens: 24, sampling });
  const expected = whole.slice(0, whole.indexOf(stop));
  demand(text === expected, `The answer must end right before the stop string ${JSON.stringify(stop)}.`, {
    actual: text,
    expected,
  });
  demand(ends[0]?.finish === 'stop', 'An answer that a stop string ended must say "stop".', {
    actual: ends[0]?.finish,
    expected: 'stop',
  });
}
