import { ApiError, TaskFailedError, UnreachableError } from '@llama-orch/client';
import { ConfigError } from '../config/index.js';
import { ERRORS } from '../kernel/errors.js';
import { exitCodeOf, type ExitCode } from './exit-codes.js';
import { type Shell } from './shell.js';
import { duration } from './text.js';

/** Tells what failed and what to do, and answers the exit code. */
export function reportFailure(shell: Shell, error: unknown): ExitCode {
  const exitCode = exitCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (shell.flags.json) shell.answer({ error: { message, exit_code: exitCode, ...membersOf(error) } }, '');
  shell.say(`error: ${message}`, 'red');
  for (const line of adviceFor(error, shell)) shell.say(`  ${line}`);
  return exitCode;
}

function membersOf(error: unknown): object {
  if (error instanceof ApiError) return error.problem;
  if (error instanceof TaskFailedError) return error.failure;
  if (error instanceof ConfigError) return { problems: error.problems };
  return {};
}

function adviceFor(error: unknown, shell: Shell): string[] {
  if (error instanceof ApiError) return [...violationsOf(error), ...refusalLines(error)];
  if (error instanceof TaskFailedError) return codeLines(error.code, error.failure.correlation_id);
  if (error instanceof UnreachableError)
    return [`Is the daemon running? Start it with: llama-orch serve`, urlHint(shell)];
  return [];
}

function violationsOf(error: ApiError): string[] {
  const violations = error.problem.errors ?? [];
  return violations.length < 2 ? [] : violations.map(({ pointer, message }) => `${pointer || '/'} ${message}`);
}

function refusalLines(error: ApiError): string[] {
  const wait =
    error.retriable && error.retryAfterMs !== undefined
      ? [`Try again in ${duration(error.retryAfterMs)}, or let --wait do it.`]
      : [];
  return [...wait, ...denialLines(error), ...codeLines(error.code, error.correlationId)];
}

/** Who denied, by which rule, what would pass, and where the operator finds it. */
function denialLines({ problem }: ApiError): string[] {
  const { policy, policy_code: rule, hint, decision_id: decision } = problem;
  return [
    ...(policy === undefined ? [] : [`denied by ${policy.id} ${policy.version}: ${policy.reason}`]),
    ...(rule === undefined ? [] : [`rule ${rule}`]),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(decision === undefined ? [] : [`decision ${decision}`]),
  ];
}

function codeLines(code: keyof typeof ERRORS, correlationId: string | undefined): string[] {
  const help = ERRORS[code]?.help;
  return [
    ...(help === undefined ? [] : [help]),
    `code ${code}${correlationId === undefined ? '' : `, correlation id ${correlationId}`}`,
  ];
}

function urlHint(shell: Shell): string {
  return `Asked ${shell.url}; choose another one with --url or LLORCH_URL.`;
}
