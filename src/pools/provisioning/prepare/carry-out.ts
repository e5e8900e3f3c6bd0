import { type Plan, type Step } from '../plan/step.js';
import { buildProgram, cloneSource, configureBuild, isCloned, isConfigured } from './build-steps.js';
import {
  installPackage,
  isImageThere,
  isPackageThere,
  pullImage,
  requireTools,
  toolsMissing,
} from './machine-steps.js';
import { fetchProgram, fetchWeights, isThere } from './download-steps.js';
import { isExecutable } from '../find-program.js';
import { ProvisioningError } from './provisioning-error.js';
import { type EquippedWorkshop, log, type Workshop } from './run-command.js';

/** Whether there is anything left to do for a step. `at-start`: the daemon does it. */
export type StepState = 'done' | 'missing' | 'refused' | 'at-start';

export async function stepState(step: Step, shop: Workshop): Promise<StepState> {
  if (step.kind === 'run') return step.refused === undefined ? 'at-start' : 'refused';
  if (await isDone(step, shop)) return 'done';
  return step.refused === undefined ? 'missing' : 'refused';
}

/**
 * Does what is left of a plan, but for starting the engine.
 * @throws ProvisioningError at the first step that is refused or fails
 */
export async function carryOut({ steps, pool_id }: Plan, shop: EquippedWorkshop): Promise<void> {
  for (const step of steps) {
    const state = await stepState(step, shop);
    tell(shop, `${step.kind}: ${step.detail}${state === 'done' ? ' (done)' : ''}`);
    if (state === 'refused') throw new ProvisioningError(`${step.kind} of pool ${pool_id} is refused: ${step.refused}`);
    if (state === 'missing') await perform(step, shop);
  }
}

function tell({ say, logPath }: Workshop, line: string): void {
  log(logPath, line);
  say(line);
}

async function isDone(step: Step, shop: Workshop): Promise<boolean> {
  switch (step.kind) {
    case 'preflight-tools':
      return toolsMissing(step, shop).length === 0;
    case 'git-clone':
      return isCloned(step);
    case 'cmake-configure':
      return isConfigured(step);
    case 'cmake-build':
    case 'binary-fetch':
      return isExecutable(step.program);
    case 'image-pull':
      return isImageThere(step, shop);
    case 'package-install':
      return isPackageThere(step, shop);
    case 'model-fetch':
      return isThere(step);
    case 'run':
      return false;
  }
}

async function perform(step: Step, shop: EquippedWorkshop): Promise<void> {
  switch (step.kind) {
    case 'preflight-tools':
      return requireTools(step, shop);
    case 'git-clone':
      return cloneSource(step, shop);
    case 'cmake-configure':
      return configureBuild(step, shop);
    case 'cmake-build':
      return buildProgram(step, shop);
    case 'image-pull':
      return pullImage(step, shop);
    case 'package-install':
      return installPackage(step, shop);
    case 'binary-fetch':
      return fetchProgram(step, shop);
    case 'model-fetch':
      return fetchWeights(step, shop);
    case 'run':
      return;
  }
}
