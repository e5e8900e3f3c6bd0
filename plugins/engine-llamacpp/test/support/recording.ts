import { readFileSync } from 'node:fs';
import { isEngineError, type EngineEvent } from '@llama-orch/plugin-sdk';
import { parseRecording, type Recording } from '@llama-orch/plugin-sdk/conformance';
import { SseSplitter } from '@llama-orch/plugin-sdk/http';
import { CompletionReader } from '../../src/completion-reader.js';

/** A recorded exchange. */
export function recording(name: string): Recording {
  return parseRecording(name, readFileSync(new URL(`../recordings/${name}.txt`, import.meta.url), 'utf8'));
}

/** The events of the contract in a stream whose bytes come in the given pieces. */
export function eventsOf(...chunks: readonly Buffer[]): EngineEvent[] {
  const events: EngineEvent[] = [];
  readInto(events, chunks);
  return events;
}

/** Text and failure of a stream that has no end event; code `none` where it only stops. */
export function outcomeOf(...chunks: readonly Buffer[]): object {
  const events: EngineEvent[] = [];
  let [code, reason]: [string, string | undefined] = ['none', ''];
  try {
    readInto(events, chunks);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    ({ code, reason } = error);
  }
  return { text: events.map((event) => (event.type === 'token' ? event.text : '<end>')).join(''), code, reason };
}

function readInto(events: EngineEvent[], chunks: readonly Buffer[]): void {
  const reader = new CompletionReader();
  const splitter = new SseSplitter((payload, field) => reader.read(payload, field, events));
  for (const chunk of chunks) splitter.push(chunk);
}
