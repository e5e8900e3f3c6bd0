import { CardProbe } from '../../../test/support/fake-cards.js';
import { QuietLogger } from '../../../test/support/quiet-logger.js';
import { parseConfig } from '../../config/index.js';
import { type PluginHost } from '../../plugin-host/plugin-host.js';
import { ProbeChoice, wantsProbe } from './probe-choice.js';

/** Plugins by id: those that work on this machine, and those that throw. */
function choosing(gpu: object, works: Readonly<Record<string, boolean>>) {
  const logger = new QuietLogger();
  const tried: string[] = [];
  const create = (_kind: string, id: string) => {
    tried.push(id);
    if (!works[id]) throw new Error(`${id} finds no driver`);
    return Promise.resolve(new CardProbe([]));
  };
  const checked = (_kind: string, id: string) => {
    if (!(id in works)) throw new Error(`no gpu-probe has the id "${id}"`);
  };
  const plugins = { ids: () => Object.keys(works), create, checked } as unknown as PluginHost;
  const choice = new ProbeChoice(parseConfig({ gpu }).gpu, plugins, logger);
  return { choice, logger, tried };
}

describe('The probe of GPUs', () => {
  it.each([
    ['NVML', { nvml: true, 'nvidia-smi': true }, ['nvml']],
    ['nvidia-smi where NVML is not', { nvml: false, 'nvidia-smi': true }, ['nvml', 'nvidia-smi']],
    ['nvidia-smi where its plugin is all there is', { 'nvidia-smi': true, static: true }, ['nvidia-smi']],
  ])('is %s, when nobody names one (ORCH-1101)', async (_what, works, expected) => {
    const { choice, logger, tried } = choosing({}, works);
    expect(await choice.open()).toBeInstanceOf(CardProbe);
    expect([tried, logger.lines]).toEqual([expected, []]);
  });

  it('is none without a driver, which is said once and no error (ORCH-1101-v31)', async () => {
    const { choice, logger, tried } = choosing({}, { nvml: false, 'nvidia-smi': false, static: true });
    expect([await choice.open(), await choice.open()]).toEqual([undefined, undefined]);
    expect(tried).toEqual(['nvml', 'nvidia-smi', 'nvml', 'nvidia-smi']);
    expect(logger.lines.map(({ level, fields }) => [level, fields])).toEqual([
      ['warn', { reason: 'no_probe', tried: ['nvml finds no driver', 'nvidia-smi finds no driver'] }],
    ]);
  });

  it('is the named one alone, and a driver that is not there now is no wrong configuration', async () => {
    const { choice, tried } = choosing({ probe: 'nvidia-smi' }, { nvml: true, 'nvidia-smi': false });
    choice.check();
    expect([await choice.open(), tried]).toEqual([undefined, ['nvidia-smi']]);
    expect(() => choosing({ probe: 'rocm' }, {}).choice.check()).toThrow('no gpu-probe has the id "rocm"');
  });

  it('is none where none is wanted', async () => {
    const { choice, logger } = choosing({ probe: 'none' }, { nvml: true });
    choice.check();
    expect([await choice.open(), logger.lines]).toEqual([undefined, []]);
  });

  it.each([
    ['no pool is on a GPU', {}, false],
    ['one is', { pools: [{ id: 'p', engine: 'acme', model: 'm' }] }, true],
    ['the operator names a probe', { gpu: { probe: 'nvml' } }, true],
    ['the operator wants none', { gpu: { probe: 'none' }, pools: [{ id: 'p', engine: 'acme', model: 'm' }] }, false],
  ])('is looked for or not, when %s', (_when, config, expected) => {
    expect(wantsProbe(parseConfig(config))).toBe(expected);
  });
});
