import { type ConfigCheck, type Json } from '@llama-orch/policy-sdk/abi';
import { type OpenedPolicy, openPolicy } from '../policy-host/in-process.js';
import { settingsOf, settingsProblems } from '../policy-host/loading/settings.js';
import { readBytes } from './files.js';
import { UserInputError } from './user-input-error.js';

type Settings = { readonly [member: string]: Json };

/**
 * A module from a file, to be closed by the caller. Settings that the policy would refuse are refused here.
 * @throws UserInputError, Error that names the file when it is no policy
 */
export async function openModule(path: string, config: Settings | undefined, cwd: string): Promise<OpenedPolicy> {
  const policy = await opened(path, config, cwd);
  const problems = config === undefined ? [] : await problemsOf(policy, config);
  if (problems.length === 0) return policy;
  await policy.close();
  throw new UserInputError(`${policy.manifest.name} does not take these settings: ${problems.join('; ')}`);
}

async function opened(path: string, config: Settings | undefined, cwd: string): Promise<OpenedPolicy> {
  const bytes = readBytes(path, cwd);
  try {
    return await openPolicy(bytes, { config });
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function problemsOf(policy: OpenedPolicy, given: Settings): Promise<readonly string[]> {
  const { manifest, prepared } = policy;
  const settings = settingsOf(manifest, given);
  const problems = settingsProblems(manifest, settings);
  if (problems.length > 0 || !prepared.exports.includes('validate_config')) return problems;
  const { errors } = JSON.parse(await policy.answer('validate_config', JSON.stringify(settings))) as ConfigCheck;
  return errors.map(({ path, message }) => `settings${path} ${message}`);
}
