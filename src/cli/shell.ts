import { styleText } from 'node:util';
import { type Command } from 'commander';
import { Client } from '@llama-orch/client';
import { type CliIo, type Sink } from './io.js';
import { escapedJson, printable } from './text.js';

export const JSON_SCHEMA_VERSION = 1;
const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Options that every command takes. */
export interface GlobalFlags {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
  /** False with `--no-color`. */
  readonly color?: boolean;
}

/** Makes the shell of the command that runs. */
export type ShellOf = (command: Command) => Shell;
/** Sets the exit code of a command that did not fail and yet did not end well. */
export type SetExitCode = (code: number) => void;

type Style = Parameters<typeof styleText>[0];

/** What a command has at hand: the two outputs, the flags that all commands share, and the API. */
export class Shell {
  constructor(
    readonly io: CliIo,
    readonly flags: GlobalFlags,
  ) {}

  get url(): string {
    return this.flags.url ?? (this.io.env['LLORCH_URL'] || DEFAULT_URL);
  }

  client(): Client {
    const { url, token } = this.daemon();
    return new Client({ url, ...(token === undefined ? {} : { token }) });
  }

  /** The daemon that flags and environment name. */
  daemon(): { readonly url: string; readonly token: string | undefined } {
    return { url: this.url, token: this.flags.token ?? (this.io.env['LLORCH_API_TOKEN'] || undefined) };
  }

  /** Prints the answer of a command: one JSON document with `--json`, else the text for people. */
  answer(document: object, text: string): void {
    this.io.stdout.write(this.flags.json ? this.document(document) : text);
  }

  /** Tells people something; never part of the data. */
  say(line: string, style?: Style): void {
    this.io.stderr.write(`${this.styled(printable(line), style)}\n`);
  }

  /** Model output as it may be shown: a terminal gets no control bytes, a pipe gets every byte. */
  output(text: string): void {
    this.io.stdout.write(this.io.stdout.isTty ? printable(text) : text);
  }

  /** A binary body: a terminal is told about it and spared it. */
  outputBytes(bytes: Uint8Array): void {
    if (this.io.stdout.isTty)
      this.say(`${bytes.length} bytes that are no text; send them to a file or another program`);
    else this.io.stdout.write(bytes);
  }

  /** Text with a style, where the output that it goes to shows colours. */
  styled(text: string, style: Style | undefined, sink: Sink = this.io.stderr): string {
    const isPlain = style === undefined || !sink.isTty || this.flags.color === false || this.io.env['NO_COLOR'];
    return isPlain ? text : styleText(style, text, { validateStream: false });
  }

  private document(members: object): string {
    return `${escapedJson(JSON.stringify({ schema_version: JSON_SCHEMA_VERSION, ...members }, null, 2))}\n`;
  }
}
