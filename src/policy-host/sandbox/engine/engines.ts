import { type EngineName } from './engine-name.js';
import { type Engine } from './engine.js';

let extism: Promise<Engine> | undefined;

/** Loads the engine: the library takes a while, and who does not run policies does not need it. */
export async function engineOf(name: EngineName): Promise<Engine> {
  if (name === 'extism') return (extism ??= extismEngine());
  const { PlainEngine } = await import('./plain-engine.js');
  return new PlainEngine();
}

/** Being imported, the library loads the WASI of Node, which warns that it is experimental. It is not used here. */
async function extismEngine(): Promise<Engine> {
  const warn: unknown = Reflect.get(process, 'emitWarning');
  Reflect.set(process, 'emitWarning', () => undefined);
  try {
    const { ExtismEngine } = await import('./extism-engine.js');
    return new ExtismEngine();
  } finally {
    Reflect.set(process, 'emitWarning', warn);
  }
}
