import { allow, definePolicy, deny, type Infer, redact, s } from '@llama-orch/policy-sdk';

const settings = s.object({
  classes: s
    .array(s.string({ minLength: 1 }), { minItems: 1 })
    .default(['email', 'phone', 'card'])
    .describe('Classes of findings that are about people.'),
  pointers: s
    .array(s.string({ pattern: '^/' }))
    .default([])
    .describe('Places of an answer that are hidden whatever they hold, as JSON Pointers.'),
  how: s
    .enum('mask', 'hash', 'drop', 'tokenise')
    .default('mask')
    .describe(
      'mask keeps the last four characters, hash is the same for the same text, drop removes, tokenise replaces.',
    ),
  trusted_hosts: s
    .array(s.host())
    .default([])
    .describe('Hosts whose answers come through as they are, and that may be sent such data.'),
  outgoing: s
    .enum('allow', 'deny')
    .default('allow')
    .describe(
      'deny: a call whose URL, headers or body hold such data, or whose body the host could not search, is refused.',
    ),
});

/** Hides what is about people in answers and in records. The host does it; the policy says what. */
export default definePolicy<Infer<typeof settings>>({
  name: 'pii-mask',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: settings,
  request: ({ url, findings, config }) => {
    const { classes, how, outgoing, trusted_hosts: trusted } = config;
    const mayCarry = outgoing === 'allow' || url.host.isOneOf(trusted);
    if (!mayCarry && findings.any('unscanned')) {
      return deny('NOT_SEARCHED', 'the body is too large to be searched for such data, or is no text', {
        hint: 'send text of up to 64 KiB',
      });
    }
    const [found] = classes.flatMap((name) => findings.of(name));
    if (!mayCarry && found !== undefined) {
      return deny(
        'PII_IN_REQUEST',
        `the call would send data of the class ${found.class}, at ${found.at}, to ${url.host.text}`,
      );
    }
    return classes
      .map((name) => redact.class(name, { how, target: 'audit' }))
      .reduce((all, rule) => all.and(rule), allow());
  },
  response: ({ url, config }) => {
    const { classes, pointers, how, trusted_hosts: trusted } = config;
    const inRecords = classes.map((name) => redact.class(name, { how, target: 'audit' }));
    const inAnswer = [
      ...classes.map((name) => redact.class(name, { how })),
      ...pointers.map((pointer) => redact.pointer(pointer, { how })),
    ];
    const rules = url.host.isOneOf(trusted) ? inRecords : [...inAnswer, ...inRecords];
    return rules.reduce((all, rule) => all.and(rule), allow());
  },
});
