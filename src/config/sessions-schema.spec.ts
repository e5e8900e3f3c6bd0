import { ConfigError, loadConfig, parseConfig } from './index.js';

const problemsOf = (config: object): string[] => {
  try {
    parseConfig(config);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
};

describe('sessions, budgets and storage', () => {
  it('have the documented defaults; no budget is set (ORCH-3021, ORCH-3099)', () => {
    const { sessions, budgets, storage } = parseConfig({});
    expect(sessions).toEqual({ ttl_ms: 600_000, max_turns: 8 });
    expect(budgets).toEqual({ mode: 'enforce', price_input: 0.000002, price_output: 0.000002 });
    expect(storage).toEqual({});
  });

  it.each([
    ['a budget of nothing', { budgets: { tokens: 0 } }, 'budgets.tokens'],
    ['a cost of nothing', { budgets: { cost: 0 } }, 'budgets.cost'],
    ['a price that cannot be summed exactly', { budgets: { price_input: 0.00000000012 } }, 'budgets.price_input'],
    ['a mode that is none', { budgets: { mode: 'off' } }, 'budgets.mode'],
    ['a session without a turn', { sessions: { max_turns: 0 } }, 'sessions.max_turns'],
    ['a session without time', { sessions: { ttl_ms: 0 } }, 'sessions.ttl_ms'],
    ['a folder without a name', { storage: { data_dir: '' } }, 'storage.data_dir'],
  ])('refuse %s (OC-CONFIG-6001)', (_what, config, path) => expect(problemsOf(config)).toEqual([path]));

  it('take the folder from LLORCH_DATA_DIR before the file (ORCH-4801)', () => {
    const { config, origins } = loadConfig({ env: { LLORCH_DATA_DIR: '/srv/llama', HOME: '/nowhere' }, cwd: '/' });
    expect(config.storage.data_dir).toBe('/srv/llama');
    expect(origins['storage.data_dir']).toEqual({ type: 'env', name: 'LLORCH_DATA_DIR' });
  });
});
