import { isSafePattern } from './safe-pattern.js';

describe('An expression of the configuration', () => {
  it.each([
    'ghp_[A-Za-z0-9]{36}',
    '(?:sk|pk)_(?:live|test)_\\w+',
    '-----BEGIN [A-Z ]+-----[^-]*',
    '[(+*|)]+\\(a+\\)',
    '(?<=key=)\\S+',
    'a{2,}b*',
    '(?:ab){3}',
    '\\d+(?:-\\d+){0,4}',
  ])('may be %s', (source) => expect(isSafePattern(source)).toBe(true));

  it.each(['(a+)+', '(?:a*b?)*c', '(a|aa)+$', '((a+)b){2,}', '(?:x(?:y+))*', '(.)\\1', '(?<n>a)\\k<n>', '['])(
    'may not be %s, which takes as long as a stranger likes or is none (L-04h)',
    (source) => expect(isSafePattern(source)).toBe(false),
  );
});
