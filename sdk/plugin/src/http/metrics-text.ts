const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)/;

interface Sample {
  readonly labels: string;
  readonly value: number;
}

/**
 * The metrics of an engine in Prometheus' text form. Engines rename their series from release to release, so every
 * question takes several names and the first that is there answers; a series that is not there answers undefined.
 */
export class MetricsText {
  readonly #samples = new Map<string, Sample[]>();

  /** Lines that cannot be read are left out. */
  constructor(text: string) {
    for (const line of text.split('\n')) this.#take(line);
  }

  /** Added over all label sets, such as the ranks of one engine. `label`: only those that hold this text. */
  sum(names: readonly string[], label = ''): number | undefined {
    const values = this.#values(names, label);
    return values?.reduce((total, value) => total + value, 0);
  }

  /** The highest over all label sets. */
  max(names: readonly string[], label = ''): number | undefined {
    const values = this.#values(names, label);
    return values === undefined ? undefined : Math.max(...values);
  }

  #values(names: readonly string[], label: string): readonly number[] | undefined {
    for (const name of names) {
      const samples = this.#samples.get(name)?.filter(({ labels }) => labels.includes(label)) ?? [];
      if (samples.length > 0) return samples.map(({ value }) => value);
    }
    return undefined;
  }

  #take(line: string): void {
    if (line.startsWith('#')) return;
    const [, name, labels = '', written] = SAMPLE.exec(line) ?? [];
    const value = Number(written);
    if (name === undefined || !Number.isFinite(value)) return;
    const known = this.#samples.get(name);
    if (known === undefined) this.#samples.set(name, [{ labels, value }]);
    else known.push({ labels, value });
  }
}
