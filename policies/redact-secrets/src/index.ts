import {
  allow,
  type Answer,
  definePolicy,
  deny,
  type FindingsView,
  type Infer,
  redact,
  s,
} from '@llama-orch/policy-sdk';

const settings = s.object({
  classes: s
    .array(s.string({ minLength: 1 }), { minItems: 1 })
    .default(['secret.*'])
    .describe('Classes of findings that are secrets.'),
  pointers: s
    .array(s.string({ pattern: '^/' }))
    .default([])
    .describe('Places of an answer that are hidden whatever they hold, as JSON Pointers.'),
  how: s.enum('mask', 'hash', 'drop', 'tokenise').default('drop').describe('What becomes of a secret.'),
  outgoing: s
    .enum('allow', 'deny')
    .default('allow')
    .describe(
      'deny: a call whose URL or body holds a secret, or whose body the host could not search, is refused. Headers, where keys belong, do not count.',
    ),
});

type Settings = Infer<typeof settings>;

/** Keeps secrets out of answers and records. The host hides them; the policy says which. */
export default definePolicy<Settings>({
  name: 'redact-secrets',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: settings,
  request: ({ findings, config }) => {
    if (config.outgoing !== 'deny') return hidden(['audit'], config);
    if (findings.any('unscanned')) {
      return deny('NOT_SEARCHED', 'the body is too large to be searched for secrets, or is no text', {
        hint: 'send text of up to 64 KiB',
      });
    }
    const [secret] = outside(findings, config);
    if (secret === undefined) return hidden(['audit'], config);
    return deny('SECRET_IN_REQUEST', `the call would carry a ${secret.class} out, at ${secret.at}`, {
      hint: 'name a secret of the host instead of sending its value',
    });
  },
  // Whether or not something was found: a body that is cut short was searched in part only.
  response: ({ config }) => hidden(['response', 'audit'], config),
});

function outside(findings: FindingsView, { classes }: Settings): FindingsView['list'] {
  return classes.flatMap((name) => findings.of(name)).filter(({ at }) => !at.startsWith('/headers/'));
}

function hidden(targets: readonly ('response' | 'audit')[], { classes, pointers, how }: Settings): Answer {
  const rules = targets.flatMap((target) => [
    ...classes.map((name) => redact.class(name, { how, target })),
    ...(target === 'response' ? pointers.map((pointer) => redact.pointer(pointer, { how, target })) : []),
  ]);
  return rules.reduce((all, rule) => all.and(rule), allow());
}
