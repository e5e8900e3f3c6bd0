import { oneFleet, run } from '../../../test/support/simulator-rig.js';
import { generate } from './generators.js';
import { htmlReport } from './html-report.js';
import { comparisonOf } from './sections.js';
import { escape } from './svg.js';

const VOID = new Set(['meta', 'line', 'circle', 'polyline']);
const fleet = oneFleet({ slots: 2 }, { queue: { capacity: 8 } });
const workload = { ...generate('mixed', { tasks: 200, load: 1.2 }, fleet, 1), name: '<b>&"mixed"' };
const result = run(workload, fleet);
const html = htmlReport(result, [comparisonOf(['a', 'b'], [result.report, result.report])]);

/** Names of elements that are open at the end, or are closed out of turn. */
function misnested(text: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = '', rest = ''] of text
    .replace(/<style>.*?<\/style>/s, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
    if (slash === '/') {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (!VOID.has(name) && !rest.endsWith('/')) open.push(name);
  }
  return open;
}

it('is one well-formed page (ORCH-4955)', () => {
  expect(html.startsWith('<!doctype html>\n<html lang="en">')).toBe(true);
  expect(misnested(html)).toEqual([]);
  expect(misnested('<p><b></p></b>')).not.toEqual([]);
});

it('needs nothing from elsewhere: no script, no link, no address, no import (ORCH-4955)', () => {
  expect(html).not.toMatch(/<script|<link|<img|<iframe|https?:|\/\/|@import|url\(|\son\w+=/);
});

it('fits a phone and the dark (ORCH-4955)', () => {
  expect(html).toContain('name="viewport" content="width=device-width, initial-scale=1"');
  expect(html).toContain('@media (prefers-color-scheme: dark)');
});

it('draws load, first tokens and promises, with numbers that are numbers (ORCH-4955)', () => {
  const charts = html.match(/<svg .*?<\/svg>/gs) ?? [];
  expect(charts).toHaveLength(3);
  for (const chart of charts) {
    expect(chart).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(chart).toMatch(/<polyline|<circle/);
  }
});

it('shows names as text, never as markup (ORCH-4955)', () => {
  expect(html).not.toContain('<b>');
  expect(html).toContain(escape('<b>&"mixed"'));
});
