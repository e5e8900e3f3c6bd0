import { MetricsText } from './metrics-text.js';

const TEXT = `# HELP a:running Running.
# TYPE a:running gauge
a:running{engine="0",model="m"} 2.0
a:running{engine="1",model="m"} 3
a:waiting 1e3
a:odd NaN
a:late{engine="0"} 7 1760000000000
broken line {
`;

describe('MetricsText', () => {
  const metrics = new MetricsText(TEXT);

  it('adds the ranks of one series, and takes the first name that is there (OC-ADAPT-5011)', () => {
    expect(metrics.sum(['a:gone', 'a:running', 'a:waiting'])).toBe(5);
    expect(metrics.max(['a:running'])).toBe(3);
    expect(metrics.sum(['a:running'], 'engine="1"')).toBe(3);
    expect(metrics.sum(['a:waiting'])).toBe(1_000);
    expect(metrics.sum(['a:late'])).toBe(7);
  });

  it('makes nothing up (OC-ADAPT-5011)', () => {
    expect(metrics.sum(['a:odd'])).toBeUndefined();
    expect(metrics.sum(['a:none'])).toBeUndefined();
    expect(metrics.max(['a:running'], 'engine="9"')).toBeUndefined();
    expect(new MetricsText('<html>\n').sum(['html'])).toBeUndefined();
  });
});
