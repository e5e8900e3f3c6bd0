import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type Session } from '@llama-orch/client';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { completion, mockPool } from '../support/start-app.js';

const CONFIG = { pools: [mockPool({}, { slots: 2 })], budgets: { tokens: 2_000 }, sessions: { max_turns: 20 } };
/** Goes no further than 200 of its tokens. */
const LONG = '[[mock:tokens=1500]][[mock:stall@200]] tell';

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(data: string): Promise<{ daemon: Daemon; client: Client }> {
  const daemon = await Daemon.start(CONFIG, { LLORCH_DATA_DIR: join(folder, data) });
  const client = new Client({ url: daemon.url });
  await eventually(async () => expect((await client.poolHealth('mock')).ready).toBe(true));
  return { daemon, client };
}

/** A task as the contract has it; `completion` leaves the types of its members open. */
const task = (session_id: string, prompt: string, max_tokens = 1500) =>
  completion(prompt, { session_id, max_tokens }) as unknown as Parameters<Client['submit']>[0];

async function killed(daemon: Daemon): Promise<void> {
  daemon.signal('SIGKILL');
  await daemon.exit();
}

it('keeps turns and balance when the daemon is killed, and gives back what the lost task had reserved (ORCH-4604, ORCH-4407)', async () => {
  const [calm, busy] = [randomUUID(), randomUUID()];
  const first = await start('killed');
  await first.client.complete(task(calm, 'a frog'));
  await first.client.submit(task(busy, LONG));
  await eventually(async () => expect(spent(await first.client.session(busy))).toBeGreaterThan(200));
  const before = await first.client.session(busy);
  // What the session has spent is on the disk with its next turn.
  await first.client.submit(task(busy, 'a frog', 16));
  await killed(first.daemon);

  const second = await start('killed');
  const found = await second.client.session(calm);
  expect(found).toMatchObject({ turns: 1, tokens_budget_remaining: 2_000 - 2 - 16, kv_warmth: false });
  const lost = await second.client.session(busy);
  expect(lost.turns).toBe(2);
  expect(spent(lost)).toBeGreaterThanOrEqual(spent(before));
  expect(spent(lost)).toBeLessThan(1_000);
  // The lost task had reserved all but a part; now there is room for another one of its size.
  await expect(second.client.submit(task(busy, LONG))).resolves.toHaveProperty('task_id');
  expect(second.daemon.lines).toContainEqual(
    expect.objectContaining({ event: 'sessions', sessions: 2, interrupted: 1 }) as object,
  );
  await second.daemon.kill();
});

it('has every accepted turn on the disk before its 202 is sent (ORCH-4604)', async () => {
  const id = randomUUID();
  const first = await start('accepted');
  for (let turn = 0; turn < 5; turn++) await first.client.submit(task(id, 'a frog'));
  await killed(first.daemon);
  const second = await start('accepted');
  expect((await second.client.session(id)).turns).toBe(5);
  await second.daemon.kill();
});

it('does not start on a data folder in use, nor on a damaged store (ORCH-4808)', async () => {
  const { daemon } = await start('shared');
  await expect(exitOf('shared')).resolves.toBe(73);
  await killed(daemon);
  const file = join(folder, 'shared', 'store.db');
  const garbage = Buffer.from('this was a store '.repeat(300));
  // What was written last stands in the log beside the file, and would mend it.
  rmSync(`${file}-wal`);
  writeFileSync(file, garbage);
  await expect(exitOf('shared')).resolves.toBe(65);
  expect(readFileSync(file).equals(garbage)).toBe(true);
});

function exitOf(data: string): Promise<number | null> {
  return Daemon.spawn(CONFIG, { LLORCH_DATA_DIR: join(folder, data) }).exit();
}

function spent({ tokens_budget_remaining = 0 }: Session): number {
  return 2_000 - tokens_budget_remaining;
}
