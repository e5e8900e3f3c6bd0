import { readFileSync } from 'node:fs';
import { type EngineEvent } from '@llama-orch/plugin-sdk';
import { SseSplitter } from '@llama-orch/plugin-sdk/http';
import { CompletionReader } from '../../src/completion-reader.js';

/** Status and body of a recorded exchange. */
export function recording(name: string): { readonly status: number; readonly body: Buffer } {
  const text = readFileSync(new URL(`../recordings/${name}.txt`, import.meta.url), 'utf8').replace(/^(# .*\n)*/, '');
  const headEnd = text.indexOf('\n\n');
  const status = Number(text.split(' ')[1]);
  return { status, body: Buffer.from(text.slice(headEnd + 2, -1)) };
}

/** The events of the contract in a stream whose bytes come in the given pieces. */
export function eventsOf(...chunks: readonly Buffer[]): EngineEvent[] {
  const events: EngineEvent[] = [];
  const reader = new CompletionReader();
  const splitter = new SseSplitter((payload, field) => reader.read(payload, field, events));
  for (const chunk of chunks) splitter.push(chunk);
  return events;
}
