import staticProbe from '../src/index.js';

const { signal } = new AbortController();
const reading = (devices: unknown) => staticProbe.options.safeParse({ devices });

async function inventoryOf(devices: unknown) {
  const probe = await staticProbe.create(staticProbe.options.parse({ devices }), { log: () => undefined });
  return probe.inventory(signal);
}

describe('static', () => {
  it('lists declared devices by index, with ids made from it (ORCH-1103)', async () => {
    const declared = [
      { name: 'RTX 3060', vram_bytes: 12_884_901_888, index: 1 },
      { name: ' RTX 3090 ', vram_gib: 24, index: 0 },
    ];
    expect(await inventoryOf(declared)).toEqual([
      { id: 'static-0', index: 0, name: 'RTX 3090', vramTotalBytes: 24 * 2 ** 30 },
      { id: 'static-1', index: 1, name: 'RTX 3060', vramTotalBytes: 12 * 2 ** 30 },
    ]);
  });

  it('numbers devices by their place when no index is given, and rounds odd GiB to bytes (ORCH-1103)', async () => {
    expect(
      await inventoryOf([
        { name: 'a', vram_gib: 0.1 },
        { name: 'b', vram_gib: 8 },
      ]),
    ).toEqual([
      { id: 'static-0', index: 0, name: 'a', vramTotalBytes: 107_374_182 },
      { id: 'static-1', index: 1, name: 'b', vramTotalBytes: 8 * 2 ** 30 },
    ]);
  });

  it('has no samples: nobody measures a declared device (ORCH-4506)', async () => {
    const devices = [{ name: 'a', vram_gib: 8 }];
    const probe = await staticProbe.create(staticProbe.options.parse({ devices }), { log: () => undefined });
    expect(await probe.sample(signal)).toEqual([]);
  });

  it.each([
    ['no device', [], 'declare at least one device'],
    ['no memory', [{ name: 'a' }], 'either vram_gib or vram_bytes'],
    ['memory twice', [{ name: 'a', vram_gib: 8, vram_bytes: 1 }], 'either vram_gib or vram_bytes'],
    ['negative memory', [{ name: 'a', vram_gib: -8 }], '>0'],
    ['half a byte', [{ name: 'a', vram_bytes: 1.5 }], 'expected int'],
    ['no name', [{ name: ' ', vram_gib: 8 }], 'string'],
    ['an unknown member', [{ name: 'a', vram_gib: 8, vram: 8 }], 'vram'],
    [
      'an index twice',
      [
        { name: 'a', vram_gib: 8, index: 1 },
        { name: 'b', vram_gib: 8 },
      ],
      'the indexes must be 0 to 1, each once; they are 1, 1',
    ],
    ['a gap', [{ name: 'a', vram_gib: 8, index: 3 }], 'the indexes must be 0 to 0, each once; they are 3'],
  ])('refuses %s and says what is wrong (ORCH-4701)', (_what, devices, words) => {
    const { success, error } = reading(devices);
    expect(success).toBe(false);
    expect(error?.message).toContain(words);
  });
});
