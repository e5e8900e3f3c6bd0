import { type CallHttpTool } from '@llama-orch/client';
import { UsageError } from './cli-errors.js';
import { type CliIo } from './io.js';

/** The flags that describe a tool call, as commander hands them over. */
export interface FetchFlags {
  readonly method?: string;
  readonly header?: readonly string[];
  readonly data?: string;
  readonly dataJson?: unknown;
  readonly secret?: readonly string[];
  readonly accept?: readonly string[];
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  readonly session?: string;
  readonly task?: string;
}

/** The call that flags describe. @throws UsageError for flags that make no sense together */
export async function toolCall(io: CliIo, url: string, flags: FetchFlags): Promise<CallHttpTool> {
  const body = await bodyOf(io, flags);
  const method = flags.method ?? (body === undefined ? undefined : 'POST');
  return defined({
    url,
    method: method?.toUpperCase() as CallHttpTool['method'],
    headers: headersOf(flags),
    body,
    secrets: flags.secret,
    allowed_mime_types: flags.accept,
    max_bytes: flags.maxBytes,
    timeout_ms: flags.timeoutMs,
    session_id: flags.session,
    task_id: flags.task,
  });
}

async function bodyOf(io: CliIo, { data, dataJson }: FetchFlags): Promise<string | undefined> {
  if (data !== undefined && dataJson !== undefined) throw new UsageError('give either --data or --data-json');
  if (dataJson !== undefined) return JSON.stringify(dataJson);
  return data === '-' ? io.readStdin() : data;
}

function headersOf({ header = [], dataJson }: FetchFlags): Record<string, string> | undefined {
  const given = header.map(pairOf);
  const type = dataJson === undefined ? [] : [['content-type', 'application/json'] as const];
  const all = given.some(([name]) => name.toLowerCase() === 'content-type') ? given : [...type, ...given];
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

function pairOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw new UsageError(`--header must be "Name: value"`);
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

/** Members without a value are left out, as the API takes no null. */
function defined<Members extends object>(
  members: Members,
): { [Name in keyof Members]: Exclude<Members[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
