import { isDeepStrictEqual } from 'node:util';
import { demand } from '../demand.js';
import { type Check, type Skip, skip } from '../kit.js';
import { type PlacementSubject } from './placement-kit.js';
import { type FitQuestion, fitQuestions } from './snapshots.js';

type FitCheck = Check<PlacementSubject>;
/** Devices as answered; undefined: none has room. */
type Answer = readonly number[] | undefined;

export const fitChecks: readonly FitCheck[] = [
  eachFit('PS-10 gives a new replica the same devices for the same question, and changes nothing', (given) => {
    const { question, answer, before, again } = given;
    const sentence = 'The same question was answered differently; use neither state, clock nor randomness.';
    demand(isDeepStrictEqual(answer, again), sentence, { actual: again, expected: answer });
    const untouched = 'fit changed its input; copy the list before sorting it.';
    demand(isDeepStrictEqual(before, question), untouched, { actual: question, expected: before });
  }),
  eachFit('PS-11 gives a new replica devices of the list only, each once', ({ question, answer = [] }) => {
    const foreign = answer.filter((index) => question.gpus.every((gpu) => gpu.index !== index));
    const sentence = 'A device was named that is not on the list; a replica may never leave the mask of its pool.';
    demand(foreign.length === 0, sentence, { actual: foreign, expected: [] });
    demand(new Set(answer).size === answer.length, 'A device was named twice; name each at most once.');
  }),
  eachFit('PS-12 takes one device, and all of them with a split', ({ question, answer }) => {
    const { footprint, gpus } = question;
    if (answer === undefined) return;
    const sentence =
      'A model is spread over several devices only by tensorSplit, and then over all of them in their order.';
    const all = gpus.map(({ index }) => index);
    if (footprint.tensorSplit === undefined) demand(answer.length === 1, sentence, { actual: answer, expected: 'one' });
    else demand(isDeepStrictEqual(answer, all), sentence, { actual: answer, expected: all });
  }),
  eachFit('PS-13 never takes more memory than is free', ({ question, answer = [] }) => {
    const { footprint, gpus } = question;
    const whole = footprint.weightsBytes + footprint.kvBytes;
    answer.forEach((index, place) => {
      const needed = whole * (footprint.tensorSplit?.[place] ?? 1);
      const free = gpus.find((gpu) => gpu.index === index)?.freeBytes ?? Infinity;
      const sentence = `Device ${index} has less memory free than the replica needs there; answer undefined when none fits.`;
      demand(free >= needed, sentence, { actual: free, expected: needed });
    });
  }),
];

interface Fit {
  readonly question: FitQuestion;
  /** The question as it was before it was asked. */
  readonly before: FitQuestion;
  readonly answer: Answer;
  readonly again: Answer;
}

function eachFit(name: string, examine: (fit: Fit) => void): FitCheck {
  return {
    name,
    run({ strategy }): Skip | void {
      if (strategy.fit === undefined) return skip('it has no fit, so the host chooses devices');
      const [untouched, others] = [fitQuestions(), fitQuestions()];
      for (const [at, question] of fitQuestions().entries()) {
        const answer = strategy.fit(question.footprint, question.gpus);
        const again = strategy.fit(others[at]!.footprint, others[at]!.gpus);
        examine({ question, before: untouched[at]!, answer, again });
      }
    },
  };
}
