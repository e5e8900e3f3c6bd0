import fc from 'fast-check';
import { buildPolicy } from '../src/build/index.js';
import { type Json } from '../src/abi.js';
import { fillEvent } from '../src/events/fill-event.js';
import { type OpenPolicy, productionHost } from '../src/test/host.js';
import { policyFile, removePolicyFiles, requestPolicy } from './policy-file.js';

/** What is asked by text that no host writes like that. */
type AnsweringPolicy = OpenPolicy & { answer(name: string, input: string): Promise<string> };

const SEEN = `(c) => {
  const { event } = c;
  log(JSON.stringify([event.request.body?.value, event.task, event.usage.bytesOut, event.correlationId, event.traceparent]));
  log(String([Date.now() === event.now, event.request === event.request, event.task.labels === event.task.labels]));
  return deny('SEEN', String([c.method.text, c.body.isPresent, c.config.level, c.config.list?.length, event.hop]));
}`;
const CONFIG = `config: s.object({ level: s.integer().default(1), list: s.array(s.string()).optional() }),`;
let asked: AnsweringPolicy;

beforeAll(async () => {
  const { wasm } = await buildPolicy({ entry: policyFile(requestPolicy(SEEN, CONFIG)) });
  asked = (await (await productionHost()).openPolicy(wasm)) as AnsweringPolicy;
});
afterAll(async () => {
  await asked.close();
  removePolicyFiles();
});

function eventWith(value: Json, labels: Record<string, string>, bytesOut: number) {
  const { event } = fillEvent('on_request', { request: { body: { a: 1 } }, task: { labels }, usage: { bytesOut } });
  const { request } = event as never as { request: { body: object } };
  return {
    ...event,
    correlationId: String(Object.keys(labels)),
    request: { ...request, body: { ...request.body, value } },
  };
}

describe('what a policy sees of its event in WASM (OC-POLICY-SDK-4101)', () => {
  it('is what stands in it, whatever that is', async () => {
    const labels = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), {
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue(),
        labels,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        async (...parts) => {
          const event = eventWith(...(parts as [Json, Record<string, string>, number]));
          const { logs } = await asked.decide('on_request', event as never);
          const { request, task, usage, correlationId, traceparent } = JSON.parse(JSON.stringify(event)) as never;
          const { body } = request as { body: { value: Json } };
          const { bytesOut } = usage as { bytesOut: number };
          const { text } = logs[0]!;
          expect(JSON.parse(text)).toEqual([body.value, task, bytesOut, correlationId, traceparent]);
          expect(logs[1]?.text).toBe('true,true,true');
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  it.each([
    [
      'with spaces',
      '{ "now" : 5 , "request" : { "method" : "GET" , "body" : null } , "config" : { "level" : 3 } }',
      'GET,false,3,,',
    ],
    [
      'in another order',
      '{"config":{"list":["a","b"],"level":2},"request":{"body":{},"method":"P\\u0055T"}}',
      'PUT,true,2,2,',
    ],
    [
      'with two members of one name',
      '{"request":{"method":"GET","method":"PUT","body":null},"config":{}}',
      'PUT,false,1,,',
    ],
    ['with names inside of others', '{"tool":{"method":"GET","request":{"method":"X"}},"request":{"method":"{\\"}","body":null},"config":{}}', '{"},false,1,,'], // prettier-ignore
  ])('is found in JSON %s', async (_, text, expected) => {
    expect(JSON.parse(await asked.answer('on_request', text))).toMatchObject({ reason: expected });
  });

  it('ends in an error where the JSON is broken, and never outside of it', async () => {
    const whole = JSON.stringify(eventWith({ a: ['"\\'] }, { 'é"': '\\' }, 1));
    for (let length = 0; length < whole.length; length += 7) {
      const answer = await asked.answer('on_request', whole.slice(0, length)).catch((error: Error) => error.name);
      expect(typeof answer).toBe('string');
    }
  });
});
