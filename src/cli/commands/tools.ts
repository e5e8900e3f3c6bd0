import { Command } from 'commander';
import { type HttpToolAnswered, type HttpToolHead, type HttpToolEnd } from '@llama-orch/client';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { integer, json, repeated } from '../flags.js';
import { interruptible } from '../interrupts.js';
import { type SetExitCode, type Shell, type ShellOf } from '../shell.js';
import { type FetchFlags, toolCall } from '../tool-call.js';
import { counted } from '../text.js';

export function toolsCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('tools')
    .description('call the web through the daemon, as its agents do')
    .addCommand(fetchCommand(shellOf, setExitCode))
    .addCommand(searchCommand(shellOf, setExitCode));
}

function fetchCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('fetch')
    .description('make one HTTP call; the body goes to standard output, facts to standard error')
    .argument('<url>', 'http or https address')
    .option('-X, --method <method>', 'GET, HEAD, POST, PUT, PATCH or DELETE; POST with data, else GET')
    .option('-H, --header <line>', 'header as "Name: value"; repeat it', repeated)
    .option('-d, --data <text>', 'body; - reads it from stdin')
    .option('--data-json <json>', 'body, sent as application/json', json)
    .option('--secret <name>', 'secret that the daemon adds; repeat it', repeated)
    .option('--accept <type>', 'media type that the answer may have, such as text/*; repeat it', repeated)
    .option('--max-bytes <count>', 'bytes of the answer to read at most', integer)
    .option('--timeout-ms <ms>', 'time of the whole call', integer)
    .option('--session <id>', 'session that the call is made for')
    .option('--task <id>', 'task that the call is made for')
    .option('--stream', 'print the answer as it comes')
    .action(async (url: string, flags: FetchFlags & { readonly stream?: boolean }, command: Command) => {
      const shell = shellOf(command);
      if (flags.stream && shell.flags.json) throw new UsageError('--stream prints no JSON document; leave out --json');
      const call = await toolCall(shell.io, url, flags);
      const run = flags.stream ? streamed : fetched;
      setExitCode(
        await interruptible(
          shell.io,
          () => false,
          (signal) => run(shell, call, signal),
        ),
      );
    });
}

type Call = Awaited<ReturnType<typeof toolCall>>;

async function fetched(shell: Shell, call: Call, signal: AbortSignal): Promise<number> {
  const answer = await shell.client().callHttpTool(call, { signal });
  if (shell.flags.json) shell.answer(answer, '');
  if ('error' in answer) return failed(shell, answer.error);
  if (!shell.flags.json) printBody(shell, answer);
  sayHead(shell, answer);
  sayEnd(shell, answer, answer.cached ? ', from the cache' : '');
  return EXIT.ok;
}

async function streamed(shell: Shell, call: Call, signal: AbortSignal): Promise<number> {
  for await (const { event, data } of shell.client().streamHttpTool(call, { signal })) {
    if (event === 'head') sayHead(shell, data);
    else if (event === 'end') sayEnd(shell, data);
    else if (event === 'error') return failed(shell, data.error);
    else if (data.base64 === undefined) shell.output(data.text ?? '');
    else shell.outputBytes(Buffer.from(data.base64, 'base64'));
  }
  return EXIT.ok;
}

function printBody(shell: Shell, { body, body_base64: base64 }: HttpToolAnswered): void {
  if (base64 === undefined) shell.output(body ?? '');
  else shell.outputBytes(Buffer.from(base64, 'base64'));
}

function sayHead(shell: Shell, { status, headers, final_url: url, policy }: HttpToolHead): void {
  shell.say(`${status} ${headers['content-type'] ?? 'without a media type'}, ${url}`);
  if (policy !== null) shell.say(`${policy.decision} by ${policy.id} ${policy.version}`);
}

function sayEnd(shell: Shell, { bytes, truncated, audit_seq: row }: HttpToolEnd, more = ''): void {
  shell.say(`${counted(bytes, 'byte')}${truncated ? ', and there was more' : ''}${more}, audit row ${row}`);
}

function failed(shell: Shell, { kind, message }: { readonly kind: string; readonly message: string }): number {
  shell.say(`error: ${message} (${kind})`, 'red');
  return EXIT.unavailable;
}

function searchCommand(shellOf: ShellOf, setExitCode: SetExitCode): Command {
  return new Command('search')
    .description('search through the configured provider')
    .argument('<query>', 'what to look for')
    .option('--limit <count>', 'how many results, 1 to 50', integer)
    .option('--session <id>', 'session that the search is made for')
    .option('--task <id>', 'task that the search is made for')
    .action(async (query: string, flags: { limit?: number; session?: string; task?: string }, command: Command) => {
      const shell = shellOf(command);
      const answer = await shell.client().search({
        query,
        ...(flags.limit === undefined ? {} : { limit: flags.limit }),
        ...(flags.session === undefined ? {} : { session_id: flags.session }),
        ...(flags.task === undefined ? {} : { task_id: flags.task }),
      });
      if (shell.flags.json) shell.answer(answer, '');
      if ('error' in answer) return setExitCode(failed(shell, answer.error));
      if (shell.flags.json) return;
      for (const { title, url, snippet } of answer.results) shell.output(`${title}\n  ${url}\n  ${oneLine(snippet)}\n`);
      if (answer.results.length === 0) shell.say('nothing was found');
    });
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
