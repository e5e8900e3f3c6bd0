import { type Outcomes } from './outcomes.js';
import { type Section, sectionsOf, time } from './sections.js';
import { type SimulationResult } from './simulate.js';
import { type Axis, type Series, chart, escape } from './svg.js';

const MOST_DOTS = 1_500;
const CURVE_POINTS = 120;
const MS: Axis['text'] = (value) => (value === 0 ? '0' : time(value));
const COUNT: Axis['text'] = (value) => String(Math.round(value * 10) / 10);

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --paper: #ffffff; --faint: #d9dde2; --soft: #5d6670;
  --c0: #2563c9; --c1: #c2571a; --c2: #2b8a3e; --c3: #8e3fb0; --c4: #b3233c; --c5: #00798c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #14171a; --faint: #343a40; --soft: #9aa4ae;
  --c0: #6ea8fe; --c1: #ff9a5c; --c2: #69db7c; --c3: #d0a2f7; --c4: #ff8787; --c5: #4cc9e0; } }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid var(--faint); }
th:first-child, td:first-child { text-align: left; padding-left: 0; } th { color: var(--soft); font-weight: 600; font-size: .8rem; }
svg { width: 100%; height: auto; } .grid { stroke: var(--faint); } .tick { fill: var(--soft); font-size: 11px; }
polyline { fill: none; stroke-width: 2; } .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; } .dots { opacity: .45; }
.legend { margin: 0; } .key { margin-right: 1rem; font-size: .85rem; }
${[0, 1, 2, 3, 4, 5].map((at) => `polyline.s${at} { stroke: var(--c${at}); } .dots.s${at} { fill: var(--c${at}); } .key.s${at} { color: var(--c${at}); }`).join('\n')}
`;

/** The report as one HTML page that needs nothing from elsewhere: tables, and charts as inline SVG. */
export function htmlReport({ report, observer }: SimulationResult, further: readonly Section[] = []): string {
  const [summary, ...sections] = sectionsOf(report);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escape(`Simulation: ${report.workload.name}`)}</title>`,
    `<style>${STYLE}</style></head><body>`,
    `<h1>${escape(summary!.title)}</h1>`,
    tableOf(summary!),
    ...further.flatMap(headed),
    ...charts(report.timeline, observer.outcomes),
    ...sections.flatMap(headed),
    `<p class="tick">Decisions ${report.decisions_sha256}</p>`,
    '</body></html>\n',
  ].join('\n');
}

function charts(timeline: SimulationResult['report']['timeline'], outcomes: Outcomes): string[] {
  const load: Series[] = [
    { name: 'waiting tasks', points: timeline.map(({ atMs, waiting }) => [atMs, waiting]) },
    { name: 'busy slots', points: timeline.map(({ atMs, busySlots }) => [atMs, busySlots]) },
  ];
  const kinds = outcomes.classes.all.map((name, index) => ({ name, index }));
  const ofClass = (index: number) => (number: number) => outcomes.priority[number] === index;
  const ttft = kinds.map(({ name, index }) => ({ name, points: distribution(ttftOf(outcomes, ofClass(index))) }));
  const waits = kinds.map(({ name, index }) => ({ name, points: promises(outcomes, ofClass(index)) }));
  return [
    '<h2>Load over time</h2>',
    chart({
      title: 'Load over time',
      kind: 'line',
      x: { label: 'time', text: MS },
      y: { label: 'tasks', text: COUNT },
      series: load,
    }),
    '<h2>Share of tasks with their first token by then</h2>',
    chart({
      title: 'Time to first token',
      kind: 'line',
      x: { label: 'first arrival to first token', text: MS },
      y: { label: 'percent of tasks', text: COUNT },
      series: ttft,
    }),
    '<h2>Promised and real start</h2>',
    chart({
      title: 'Promised and real start',
      kind: 'points',
      diagonal: true,
      x: { label: 'promised median', text: MS },
      y: { label: 'real wait', text: MS },
      series: waits,
    }),
  ];
}

function ttftOf({ count, firstTokenAt, arrivedAt }: Outcomes, isOf: (number: number) => boolean): Float64Array {
  const values: number[] = [];
  for (let number = 0; number < count; number++) {
    if (isOf(number) && !Number.isNaN(firstTokenAt[number])) values.push(firstTokenAt[number]! - arrivedAt[number]!);
  }
  return Float64Array.from(values).sort();
}

/** Up to the 99th percentile: the last percent would press all others to the left edge. */
function distribution(sorted: Float64Array): [number, number][] {
  if (sorted.length === 0) return [];
  return Array.from({ length: CURVE_POINTS }, (_, step) => {
    const share = (0.99 * step) / (CURVE_POINTS - 1);
    return [sorted[Math.floor(share * (sorted.length - 1))]!, share * 100];
  });
}

/** Promise and outcome of the tasks that waited, evenly thinned out. */
function promises(outcomes: Outcomes, isOf: (number: number) => boolean): [number, number][] {
  const { count, startedAt, admittedAt, promisedP50 } = outcomes;
  const points: [number, number][] = [];
  for (let number = 0; number < count; number++) {
    const wait = startedAt[number]! - admittedAt[number]!;
    if (isOf(number) && wait > 0) points.push([promisedP50[number]!, wait]);
  }
  const every = Math.max(1, Math.ceil(points.length / MOST_DOTS));
  return points.filter((_, index) => index % every === 0);
}

function headed(section: Section): string[] {
  return [`<h2>${escape(section.title)}</h2>`, tableOf(section)];
}

function tableOf({ head, rows }: Section): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<div class="scroll"><table><thead>${row(head, 'th')}</thead><tbody>\n${body}\n</tbody></table></div>`;
}
