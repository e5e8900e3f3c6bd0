import { parseRecording, type EngineFixture, type EngineWire, type Recording } from '../../src/conformance/index.js';
import {
  defineEngineAdapter,
  type EngineAdapterPlugin,
  type EngineEndpoint,
  type PluginContext,
} from '../../src/index.js';
import { type SoundWire, soundOptions, type SoundFacts, type SoundOptions } from './sound-wire.js';

const FACTS: SoundFacts = { model: 'small', slots: 8, contextTokens: 512, totalTokens: 4_096 };

function event(payload: object): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}

/** An engine that has everything the kit can ask for. */
export const soundWire: EngineWire = {
  route: 'POST /answer',
  endpoint: { slots: 8 },
  contextTokens: FACTS.contextTokens,
  reply: ({ path }) => (path === '/health' ? { body: {} } : path === '/facts' ? { body: FACTS } : undefined),
  token: (t) => event({ t }),
  end: ({ finish, usage }) => [
    event({
      end: finish,
      ms: 3,
      ...(usage && {
        usage: { prompt: usage.promptTokens, answer: usage.completionTokens, cached: usage.cachedTokens },
      }),
    }),
  ],
  trailer: 'data: [DONE]\n\n',
  error: (message) => event({ error: { message } }),
  oldError: (message) => `error: ${JSON.stringify({ message })}\n\n`,
  finishes: { eos: 'stop', limit: 'length' },
  tellsCached: true,
  special: (special) => event({ special }),
  echo: (echo) => event({ echo }),
  cumulative: (all) => event({ all }),
  tooLong: (asked, most) => ({ status: 400, body: { error: { message: 'too long', asked, most } } }),
  states: {
    loading: () => ({ status: 503, body: 'loading' }),
    sleeping: ({ path }) => (path === '/facts' ? { body: { ...FACTS, sleeping: true } } : undefined),
    otherModel: ({ path }) => (path === '/facts' ? { body: { ...FACTS, model: 'other' } } : undefined),
  },
  limits: { first_byte_ms: 250, idle_ms: 250 },
  key: (variable) => ({ key_env: variable }),
  metrics: {
    route: 'GET /metrics',
    samples: [
      {
        name: 'today',
        text: '# HELP x\nsound_running{model="a"} 2\nsound_running{model="b"} 1e0\nsound_kv 0.5\n',
        gauges: { running: 3, kvShare: 0.5 },
      },
      { name: 'names of older releases', text: 'sound_active 4\n', gauges: { running: 4 } },
    ],
  },
  recordings: recordings(),
};

function recordings(): readonly Recording[] {
  const tokens = ['Grüße', ' an', ' die', ' 🦙🦙', ' und', ' "alle"', ' anderen'].map((t) => event({ t }));
  const end = event({ end: 'eos', usage: { prompt: 4, answer: 9 } });
  const answer = `# an answer\nHTTP/1.1 200 OK\nContent-Type: text/event-stream\n\n${tokens.join('')}${end}\n`;
  const refusal = 'HTTP/1.1 400 Bad Request\nContent-Type: application/json\n\n{"error":{"message":"no"}}\n';
  return [parseRecording('answer', answer), parseRecording('refusal', refusal)];
}

export const wireFixture: EngineFixture = {
  prompts: { short: { type: 'text', text: 'hello' }, endless: { type: 'text', text: 'on' } },
  wire: soundWire,
};

export type SoundWireClass = new (endpoint: EngineEndpoint, options: SoundOptions, context: PluginContext) => SoundWire;

/** A plugin that connects with the given class. */
export function wirePlugin(Connection: SoundWireClass): EngineAdapterPlugin<SoundOptions> {
  return defineEngineAdapter({
    id: 'sound-wire',
    version: '1.0.0',
    apiVersion: '^1.0.0',
    options: soundOptions,
    create: (options, context) => ({
      async connect(endpoint) {
        const connection = new Connection(endpoint, options, context);
        try {
          await connection.reach();
          return connection;
        } catch (error) {
          await connection.close();
          throw error;
        }
      },
    }),
  });
}
