import { QuietLogger } from '../test/support/quiet-logger.js';
import { parseConfig } from './config/index.js';
import { warnOfShortSecrets } from './secrets.js';

const pool = (apiKey: string) => ({
  ...{ id: 'far', engine: 'openai', endpoint: 'https://a.example', model: 'm', options: { api_key: apiKey } },
});
const env = { MINE: 'abc', HF_TOKEN: 'hf-1234', LLORCH_API_TOKEN: 'long-enough-token-4711' };

function warned(input: object): QuietLogger {
  const logger = new QuietLogger();
  warnOfShortSecrets(parseConfig(input), env, logger);
  return logger;
}

describe('configured secrets that redaction cannot find (OC-CTRL-2041)', () => {
  it('are told at the start by their place, and never by their value', () => {
    const { lines } = warned({
      pools: [pool('key-1'), { ...pool('a-key-of-its-own'), id: 'other' }],
      tools: { secrets: { mine: { env: 'MINE', hosts: ['a.example'] } } },
    });
    expect(lines.map(({ level, event, fields }) => [level, event, fields['path']])).toEqual([
      ['warn', 'config', 'HF_TOKEN'],
      ['warn', 'config', 'tools.secrets.mine'],
      ['warn', 'config', 'pools[0].options.api_key'],
    ]);
    expect(lines[2]?.message).toContain('pools[0].options.api_key has fewer than 8 characters');
    for (const value of ['abc', 'hf-1234', 'key-1']) expect(JSON.stringify(lines)).not.toContain(value);
  });

  it('are none where all are long enough', () => {
    const logger = new QuietLogger();
    warnOfShortSecrets(parseConfig({ pools: [pool('a-key-of-its-own')] }), { HF_TOKEN: '' }, logger);
    expect(logger.lines).toEqual([]);
  });
});
