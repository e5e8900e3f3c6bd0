/** One line or cloud of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  /** Text of a value on the axis. */
  readonly text: (value: number) => string;
}

export interface ChartSpec {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly kind: 'line' | 'points';
  /** Draws where x equals y. */
  readonly diagonal?: boolean;
}

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 64;
const RIGHT = 32;
const TOP = 12;
const BOTTOM = 44;
const TICKS = 5;

/** A chart as one inline `svg` element; colours come from the page's style sheet. */
export function chart(spec: ChartSpec): string {
  const points = spec.series.flatMap((series) => series.points);
  const mostX = niceTop(Math.max(0, ...points.map(([x]) => x)));
  const mostY = niceTop(Math.max(0, ...points.map(([, y]) => y)));
  const x = (value: number) => round(LEFT + (value / mostX) * (WIDTH - LEFT - RIGHT));
  const y = (value: number) => round(HEIGHT - BOTTOM - (value / mostY) * (HEIGHT - TOP - BOTTOM));
  const steps = Array.from({ length: TICKS + 1 }, (_, step) => step / TICKS);
  const grid = steps.flatMap((share) => [
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share * mostY)}" y2="${y(share * mostY)}"/>`,
    `<text class="tick" x="${LEFT - 6}" y="${y(share * mostY) + 4}" text-anchor="end">${escape(spec.y.text(share * mostY))}</text>`,
    `<text class="tick" x="${x(share * mostX)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${escape(spec.x.text(share * mostX))}</text>`,
  ]);
  const least = Math.min(mostX, mostY);
  const diagonal = spec.diagonal
    ? [`<line class="diagonal" x1="${x(0)}" y1="${y(0)}" x2="${x(least)}" y2="${y(least)}"/>`]
    : [];
  const drawn = spec.series.map((series, index) =>
    spec.kind === 'line' ? line(series, index, x, y) : cloud(series, index, x, y),
  );
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(spec.title)}">`,
    ...grid,
    `<text class="tick" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escape(spec.x.label)}</text>`,
    `<text class="tick" transform="translate(12 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escape(spec.y.label)}</text>`,
    ...diagonal,
    ...drawn,
    '</svg>',
    legend(spec.series),
  ].join('\n');
}

type Scale = (value: number) => number;

function line({ points }: Series, index: number, x: Scale, y: Scale): string {
  const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ');
  return `<polyline class="s${index}" points="${path}"/>`;
}

function cloud({ points }: Series, index: number, x: Scale, y: Scale): string {
  const dots = points.map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="2"/>`).join('');
  return `<g class="dots s${index}">${dots}</g>`;
}

function legend(series: readonly Series[]): string {
  if (series.length < 2) return '';
  const entries = series.map(({ name }, index) => `<span class="key s${index}">${escape(name)}</span>`);
  return `<p class="legend">${entries.join(' ')}</p>`;
}

/** The next round number at or above a value. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  let unit = 1;
  while (unit * 10 <= value) unit *= 10;
  while (unit > value) unit /= 10;
  for (const factor of [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]) if (unit * factor >= value) return unit * factor;
  return unit * 10;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Text as it may stand in HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
