import { EngineError } from '@llama-orch/plugin-sdk';

/** What may follow a pin: `b6900` pins `b6900-1a2b3c`, but not `b69001`. */
const BORDER = /^[-+. (]/;

/** True when the version is the pinned one, or begins with it and goes on behind a border. */
export function isPinned(pin: string, version: string): boolean {
  return version === pin || (version.startsWith(pin) && BORDER.test(version.slice(pin.length)));
}

/** @throws EngineError when the engine is not the one that the configuration names */
export function requirePinned(pin: string | undefined, version: string): void {
  if (pin === undefined || isPinned(pin, version)) return;
  const message = `the engine is of version ${version}, provisioning.engine_version says ${pin}; change one of them`;
  throw new EngineError('unavailable', message, { reason: 'mixed_versions' });
}
