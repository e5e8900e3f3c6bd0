import { readFileSync, writeFileSync } from 'node:fs';
import { type Plugin, type PluginKind } from '../contracts/plugin.js';
import { demand } from './demand.js';
import { type Reporter } from './kit.js';
import { KIT_VERSION, type Report, reportRun, type ReportPlace, type ReportRun, toMarkdown } from './report.js';

const BEGIN = '<!-- conformance: written by the kit -->';
const END = '<!-- conformance: end -->';
const SECTION = new RegExp(`${BEGIN}.*${END}`, 's');
/** `write` keeps what a run finds instead of comparing with it. */
const MODE_VARIABLE = 'LLORCH_CONFORMANCE';

/** Compares a run with the published report, or writes it when `LLORCH_CONFORMANCE=write`. */
export function reportOf({ id, version }: Plugin<PluginKind>, { folder, engine }: ReportPlace): Reporter {
  return {
    title: 'is reported as published',
    accept(results) {
      const failed = results.filter(({ type }) => type === 'failed').length;
      demand(failed === 0, `${failed} checks failed: a report is published when an adapter keeps its contract.`);
      const published = read(folder);
      const run = reportRun(engine, results);
      const runs = withRun(published?.runs ?? [], run);
      const report = { kit_version: KIT_VERSION, plugin: id, version, runs };
      if (process.env[MODE_VARIABLE] === 'write') write(folder, report);
      else demandPublished(folder, published, report);
    },
  };
}

function demandPublished(folder: URL, published: Report | undefined, report: Report): void {
  const isSame = JSON.stringify(published) === JSON.stringify(report);
  const hint = `run the kit with ${MODE_VARIABLE}=write and keep the result`;
  demand(isSame, `CONFORMANCE.json is not what this run found; ${hint}.`, { actual: report.runs, expected: published });
  const isShown = readText(folder, 'README.md') === withSection(readText(folder, 'README.md'), report);
  demand(isShown, `README.md does not show what CONFORMANCE.json says; ${hint}.`);
}

function withRun(runs: readonly ReportRun[], run: ReportRun): readonly ReportRun[] {
  const at = runs.findIndex(({ engine }) => engine === run.engine);
  return at === -1 ? [...runs, run] : runs.with(at, run);
}

function write(folder: URL, report: Report): void {
  writeFileSync(new URL('CONFORMANCE.json', folder), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(new URL('README.md', folder), withSection(readText(folder, 'README.md'), report));
}

function withSection(readme: string, report: Report): string {
  const section = `${BEGIN}\n\n${toMarkdown(report)}\n\n${END}`;
  return SECTION.test(readme) ? readme.replace(SECTION, () => section) : `${readme}\n## Conformance\n\n${section}\n`;
}

function read(folder: URL): Report | undefined {
  const text = readText(folder, 'CONFORMANCE.json');
  return text === '' ? undefined : (JSON.parse(text) as Report);
}

function readText(folder: URL, name: string): string {
  try {
    return readFileSync(new URL(name, folder), 'utf8');
  } catch {
    return '';
  }
}
