// A daemon under mixed load that is killed again and again. Everything that it acknowledged has to be there at the end.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createProbe } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@llama-orch/client';

const REPOSITORY = new URL('../../', import.meta.url);
const COMMAND = fileURLToPath(new URL('bin/llama-orch.mjs', REPOSITORY));
/** Of the servers: the first one batches, the others do not. */
const ENGINE_SLOTS = [16, 1, 1, 1];
const ENGINE = fileURLToPath(new URL('test/support/fake-engines/main.mjs', REPOSITORY));
const TERMINAL = ['completed', 'cancelled', 'expired', 'evicted', 'failed'];
const TOKEN_CAP = 1_000_000;
const JSON_TYPE = { 'content-type': 'application/json' };
const READY_MS = 30_000;
const END_MS = 60_000;

/** A small generator, so that a seed repeats its choices; what the machine makes of them differs all the same. */
function generator(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * @param {{ kills: number, seed: number, clients?: number, log?: (line: string) => void }} options
 * @returns what was acknowledged and done, and a sentence for everything that is wrong
 */
export async function crashLoop({ kills, seed, clients = 8, log = () => {} }) {
  const loop = await CrashLoop.start(seed, log);
  try {
    return await loop.run(kills, clients);
  } finally {
    await loop.stop();
  }
}

class CrashLoop {
  life = 0;
  stopped = false;
  wrong = [];
  readyMs = [];
  tasks = new Map();
  sessions = new Map();
  artifacts = [];
  decisions = [];
  engines = [];
  recorders = [];
  /** Runs that the engines were asked for: seed of the task → the daemon's life in which it was. */
  runs = new Map();

  static async start(seed, log) {
    const loop = new CrashLoop();
    loop.log = log;
    loop.random = generator(seed);
    loop.folder = mkdtempSync(join(tmpdir(), 'llama-orch-crashes-'));
    for (const slots of ENGINE_SLOTS) await loop.startEngine(slots);
    loop.upstream = createServer((_request, response) => response.end('old pond'));
    await listening(loop.upstream);
    loop.port = await freePort();
    loop.writeConfig();
    return loop;
  }

  async startEngine(slots) {
    const args = [ENGINE, 'llamacpp', '--slots', String(slots), '--tps', '150'];
    const engine = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.engines.push(engine);
    const { url } = JSON.parse(await firstLine(engine.stdout));
    this.recorders.push(await recorderBefore(url, (taskSeed) => this.noteRun(taskSeed)));
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  writeConfig() {
    const endpoints = this.recorders.map((recorder) => `http://127.0.0.1:${recorder.address().port}`);
    const pool = {
      engine: 'llamacpp',
      model: 'tiny.gguf',
      ctx: 512,
      backoff: { initial_ms: 20, max_ms: 50, jitter: 0 },
    };
    const config = {
      server: { bind: `127.0.0.1:${this.port}` },
      storage: { data_dir: join(this.folder, 'data') },
      sessions: { ttl_ms: 86_400_000, max_turns: 1_000 },
      budgets: { tokens: TOKEN_CAP },
      egress: { allow_private: true, ports: [this.upstream.address().port], rate_per_s: 1_000 },
      pools: [
        // Servers with one slot answer alike each time, so that their answers go on after a crash; the other does not.
        ...endpoints.slice(1).map((endpoint, at) => ({
          ...{ ...pool, id: `exact-${at}`, endpoint, labels: { answers: 'exact' } },
          ...{ slots: 1, queue: { capacity: 64 } },
        })),
        {
          ...{ ...pool, id: 'loose', endpoint: endpoints[0], labels: { answers: 'loose' } },
          ...{ slots: 4, determinism: 'best_effort', queue: { capacity: 64 } },
        },
      ],
    };
    this.config = join(this.folder, 'llama-orch.yaml');
    writeFileSync(this.config, JSON.stringify(config));
  }

  noteRun(taskSeed) {
    const lives = this.runs.get(taskSeed) ?? [];
    if (lives.includes(this.life)) this.wrong.push(`seed ${taskSeed}: two runs in life ${this.life}`);
    this.runs.set(taskSeed, [...lives, this.life]);
  }

  async run(kills, clients) {
    await this.boot();
    const working = Array.from({ length: clients }, (_, index) => this.submitForever(index));
    working.push(this.storeForever(), this.callForever());
    for (let kill = 1; kill <= kills; kill++) {
      // Now and then it dies before its engines are there.
      if (this.random() < 0.9) await this.untilServing();
      await delay(this.random() * 900);
      await this.kill();
      await this.boot();
      if (kill % 10 === 0) this.log(`${kill} kills, ${this.tasks.size} tasks, ${this.wrong.length} wrong`);
    }
    this.stopped = true;
    await Promise.all(working);
    await this.check();
    return this.report(kills);
  }

  async boot() {
    this.life++;
    const began = performance.now();
    const { PATH = '' } = process.env;
    this.daemon = spawn(process.execPath, [COMMAND, 'serve', '--config', this.config], {
      ...{ cwd: this.folder, env: { PATH, HOME: this.folder } },
      stdio: ['ignore', this.dailyLog(), 'pipe'],
    });
    let said = '';
    this.daemon.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    while (!(await this.isReady())) {
      if (this.daemon.exitCode !== null) throw new Error(`the daemon ended with ${this.daemon.exitCode}: ${said}`);
      if (performance.now() - began > READY_MS) throw new Error(`the daemon was not ready in ${READY_MS} ms: ${said}`);
      await delay(5);
    }
    this.readyMs.push(performance.now() - began);
  }

  async untilServing() {
    const ready = async () => JSON.parse((await this.until('/v1/pools', {})).text).items.every((pool) => pool.ready);
    while (!(await ready())) await delay(20);
  }

  /** What the daemon says, for whoever has to find out why something is wrong. */
  dailyLog() {
    this.logFile ??= openSync(join(this.folder, 'daemon.log'), 'a');
    return this.logFile;
  }

  async isReady() {
    return fetch(`${this.url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async kill() {
    const gone = new Promise((resolve) => this.daemon.once('exit', resolve));
    this.daemon.kill('SIGKILL');
    await gone;
  }

  async stop() {
    if (this.daemon?.exitCode === null && this.daemon.signalCode === null) await this.kill();
    for (const engine of this.engines) engine.kill('SIGKILL');
    for (const server of [...this.recorders, this.upstream]) {
      server.close();
      server.closeAllConnections();
    }
    closeSync(this.logFile);
    if (this.wrong.length === 0) rmSync(this.folder, { recursive: true, force: true });
    else this.log(`what is left is in ${this.folder}`);
  }

  /** A caller that does what callers do: the same call again until it is answered, and the stream from where it was. */
  async submitForever(client) {
    for (let number = 0; !this.stopped; number++) {
      const body = this.newTask(client, number);
      const headers = { ...JSON_TYPE, ...(body.task_id === undefined ? { 'idempotency-key': randomUUID() } : {}) };
      const answer = await this.until('/v1/tasks', { method: 'POST', headers, body: JSON.stringify(body) });
      if (answer === undefined) return;
      if (answer.status !== 202) {
        if (answer.status !== 429 && answer.status !== 503) this.wrong.push(`submit: ${answer.status} ${answer.text}`);
        await delay(20);
        continue;
      }
      const { task_id: id } = JSON.parse(answer.text);
      if (body.task_id !== undefined && id !== body.task_id) this.wrong.push(`${body.task_id} was answered with ${id}`);
      // One half reads as a program of its own would, the other half through the client library.
      const text = await (client % 2 === 0 ? this.follow(id) : this.followWithClient(id));
      this.tasks.set(id, { body, text });
    }
  }

  newTask(client, number) {
    const inSession = this.random() < 0.4;
    const key = `${client}/${Math.floor(number / 6)}`;
    if (inSession && !this.sessions.has(key)) this.sessions.set(key, randomUUID());
    return {
      workload: 'completion',
      model_ref: 'tiny.gguf',
      pool_labels: { answers: this.random() < 0.6 ? 'exact' : 'loose' },
      priority: this.random() < 0.7 ? 'interactive' : 'batch',
      prompt: 'count from one',
      max_tokens: 1 + Math.floor(this.random() * 80),
      seed: client * 1_000_000 + number + 1,
      ...(this.random() < 0.5 ? { task_id: randomUUID() } : {}),
      ...(inSession ? { session_id: this.sessions.get(key) } : {}),
    };
  }

  /** The answer of a call, however often the daemon dies meanwhile; undefined once the loop is over and nobody answers. */
  async until(path, init) {
    for (;;) {
      try {
        const response = await fetch(`${this.url}${path}`, init);
        return { status: response.status, text: await response.text() };
      } catch {
        await delay(10);
      }
    }
  }

  /** Text of an answer as a reader gets it who comes back after every loss. */
  async follow(id) {
    const seen = { text: '', last: 0, ended: false };
    while (!seen.ended) {
      try {
        await this.readOn(id, seen);
      } catch {
        await delay(10);
      }
    }
    return seen.text;
  }

  async followWithClient(id) {
    const client = new Client({ url: this.url });
    let text = '';
    for await (const frame of client.stream(id, { maxReconnects: 1_000 })) {
      if (frame.event === 'token') text += frame.data.t;
    }
    return text;
  }

  async readOn(id, seen) {
    const epoch = seen.epoch === undefined ? '' : `&epoch=${seen.epoch}`;
    const response = await fetch(`${this.url}/v1/tasks/${id}/stream?after=${seen.last}${epoch}`);
    if (response.status === 410) return this.takeSnapshot(id, await response.json(), seen);
    if (!response.ok) {
      this.wrong.push(`${id}: its stream answers ${response.status}`);
      seen.ended = true;
      return;
    }
    seen.epoch = response.headers.get('x-stream-epoch') ?? undefined;
    let rest = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      const frames = (rest + part).split('\n\n');
      rest = frames.pop();
      for (const frame of frames) this.takeFrame(id, frame, seen);
    }
  }

  takeSnapshot(id, { snapshot }, seen) {
    // What the reader has beyond what survived comes again.
    if (!snapshot.text.startsWith(seen.text) && !seen.text.startsWith(snapshot.text)) {
      this.wrong.push(`${id}: the snapshot is not what its reader has`);
    }
    seen.text = snapshot.text;
    seen.last = snapshot.next_seq - 1;
    seen.epoch = snapshot.epoch;
    seen.ended = TERMINAL.includes(snapshot.state);
  }

  takeFrame(id, frame, seen) {
    const [, number, event, json] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
    if (number === undefined) return;
    if (Number(number) !== seen.last + 1) this.wrong.push(`${id}: frame ${number} follows frame ${seen.last}`);
    if (seen.ended) this.wrong.push(`${id}: ${event} follows the terminal frame`);
    seen.last = Number(number);
    if (event === 'token') seen.text += JSON.parse(json).t;
    seen.ended = event === 'end' || event === 'error';
  }

  async storeForever() {
    for (let number = 0; !this.stopped; number++) {
      const body = {
        kind: 'other',
        content: { number, text: 'x'.repeat(1 + this.random() * 20_000) },
        tags: ['crash'],
      };
      const answer = await this.until('/v1/artifacts', {
        method: 'POST',
        headers: JSON_TYPE,
        body: JSON.stringify(body),
      });
      if (answer.status === 201) this.artifacts.push({ id: JSON.parse(answer.text).id, content: body.content });
      else this.wrong.push(`artifact: ${answer.status} ${answer.text.slice(0, 200)}`);
      await delay(5);
    }
  }

  async callForever() {
    const url = `http://127.0.0.1:${this.upstream.address().port}/pond`;
    while (!this.stopped) {
      const init = { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ url }) };
      const answer = await this.until('/v1/tools/http', init);
      if (answer.status === 200) this.decisions.push(JSON.parse(answer.text).decision_id);
      else this.wrong.push(`tool call: ${answer.status} ${answer.text.slice(0, 200)}`);
      await delay(20);
    }
  }

  async check() {
    await this.allEnded();
    for (const [id, { body, text }] of this.tasks) await this.checkTask(id, body, text);
    await this.checkSessions();
    for (const { id, content } of this.artifacts) await this.checkArtifact(id, content);
    this.checkAudit();
    await this.checkIds();
  }

  async allEnded() {
    const by = performance.now() + END_MS;
    for (;;) {
      const open = (await this.allTasks()).filter(({ state }) => !TERMINAL.includes(state));
      if (open.length === 0) return;
      if (performance.now() > by) {
        this.wrong.push(`${open.length} tasks have not ended, such as ${JSON.stringify(open[0])}`);
        return;
      }
      await delay(50);
    }
  }

  async checkTask(id, body, readText) {
    const { text: whole } = await this.until(`/v1/tasks/${id}/stream?after=0`, {});
    const seen = { text: '', last: 0, ended: false };
    for (const frame of whole.split('\n\n')) this.takeFrame(id, frame, seen);
    if (!seen.ended) this.wrong.push(`${id}: its stream has no terminal frame: ${whole.slice(-300)}`);
    const {
      state,
      tokens_out: tokensOut,
      prompt_tokens: promptTokens,
      error,
    } = JSON.parse((await this.until(`/v1/tasks/${id}`, {})).text);
    if (state === 'completed' && tokensOut !== body.max_tokens) {
      this.wrong.push(`${id}: completed with ${tokensOut} of ${body.max_tokens} tokens`);
    }
    if (state === 'failed' && error?.code !== 'WORKER_RESET') this.wrong.push(`${id}: failed with ${error?.code}`);
    // An answer that a crash ended was read as far as it came; the log may have lost the last of it.
    const isRead = state === 'completed' ? readText === seen.text : readText.startsWith(seen.text);
    if (!isRead)
      this.wrong.push(`${id} (${state}): its reader has ${readText.length} characters of ${seen.text.length}`);
    if (body.session_id !== undefined) this.debit(body, promptTokens, tokensOut, whole);
    this.states ??= {};
    this.states[state] = (this.states[state] ?? 0) + 1;
  }

  /** What the end of a task says that it used; of one that a crash ended, at least what is left of its answer. */
  debit({ session_id: session, max_tokens: most }, promptTokens, tokensOut, whole) {
    const usage = /"usage":\{"prompt_tokens":(\d+).*?"completion_tokens":(\d+)\}/.exec(whole);
    const used = usage === null ? promptTokens + tokensOut : Number(usage[1]) + Number(usage[2]);
    this.debits ??= new Map();
    const before = this.debits.get(session) ?? { least: 0, most: 0 };
    this.debits.set(session, {
      least: before.least + (usage === null && tokensOut === 0 ? 0 : used),
      most: before.most + (usage === null ? promptTokens + most : used),
    });
  }

  async checkSessions() {
    for (const [id, { least, most }] of this.debits ?? []) {
      const { status, text } = await this.until(`/v1/sessions/${id}`, {});
      const used = TOKEN_CAP - JSON.parse(text).tokens_budget_remaining;
      if (status !== 200) this.wrong.push(`session ${id}: ${status}`);
      else if (used < least || used > most)
        this.wrong.push(`session ${id}: ${used} tokens used, not ${least} to ${most}`);
    }
  }

  async checkArtifact(id, content) {
    const { status, text } = await this.until(`/v1/artifacts/${encodeURIComponent(id)}`, {});
    if (status !== 200) this.wrong.push(`artifact ${id}: ${status}`);
    else if (JSON.stringify(JSON.parse(text).content) !== JSON.stringify(content))
      this.wrong.push(`artifact ${id}: changed`);
  }

  checkAudit() {
    const audit = join(this.folder, 'data', 'audit');
    const rows = readdirSync(audit, { recursive: true })
      .filter((name) => String(name).endsWith('.jsonl'))
      .map((name) => readFileSync(join(audit, String(name)), 'utf8'))
      .join('\n');
    for (const id of this.decisions) if (!rows.includes(id)) this.wrong.push(`audit: decision ${id} is lost`);
  }

  /** A call that was repeated after a crash made no second task. */
  async checkIds() {
    const bySeed = new Map();
    for (const { task_id: id, seed } of await this.allTasks()) bySeed.set(seed, [...(bySeed.get(seed) ?? []), id]);
    for (const [taskSeed, ids] of bySeed)
      if (ids.length > 1) this.wrong.push(`seed ${taskSeed}: tasks ${ids.join(', ')}`);
  }

  async allTasks() {
    const tasks = [];
    let cursor = '';
    do {
      const { text } = await this.until(`/v1/tasks?limit=200${cursor}`, {});
      const page = JSON.parse(text);
      tasks.push(...page.items);
      cursor = page.next_cursor === null ? undefined : `&cursor=${page.next_cursor}`;
    } while (cursor !== undefined);
    return tasks;
  }

  report(kills) {
    const ready = this.readyMs.toSorted((a, b) => a - b);
    const again = [...this.runs.values()].filter((lives) => lives.length > 1).length;
    return {
      ...{ kills, wrong: this.wrong, states: this.states ?? {} },
      ...{ tasks: this.tasks.size, sessions: this.debits?.size ?? 0 },
      ...{ artifacts: this.artifacts.length, decisions: this.decisions.length },
      runAgain: again,
      readyMs: { median: Math.round(ready[ready.length >> 1]), worst: Math.round(ready.at(-1)) },
    };
  }
}

/** Passes everything on, and tells which tasks the engine was asked to run. */
async function recorderBefore(url, onRun) {
  const { hostname, port } = new URL(url);
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      if (request.url === '/completion') {
        const { seed, n_predict: predict } = JSON.parse(body.toString());
        // Self-tests and canaries ask for a token of their own.
        if (seed > 0 && predict > 0) onRun(seed);
      }
      passOn({ hostname, port, body }, request, response);
    });
  });
  await listening(server);
  return server;
}

function passOn({ hostname, port, body }, { method, url: path, headers }, response) {
  const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  onward.end(body);
}

async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

async function freePort() {
  const probe = createProbe();
  await listening(probe);
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function firstLine(stream) {
  let text = '';
  for await (const part of stream.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += part;
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  throw new Error('the engine said nothing');
}
