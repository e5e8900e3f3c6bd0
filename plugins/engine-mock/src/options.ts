import { z, type EngineErrorCode } from '@llama-orch/plugin-sdk';

const ERROR_CODES = [
  'deadline-unmet',
  'unavailable',
  'timeout',
  'reset',
  'invalid-input',
  'out-of-memory',
  'adapter',
  'internal',
] as const satisfies readonly EngineErrorCode[];

/** Tokens that were delivered before the fault strikes; beyond the answer's length it never does. */
const atToken = z.int().min(0).default(0);
/** How often the fault strikes; absent: always. */
const times = z.int().min(1).optional();

/** A fault of one run. */
export const runFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('stall'), at_token: atToken, times }),
  z.strictObject({ kind: z.enum(['reset', 'out-of-memory', 'die']), at_token: atToken, times }),
  z.strictObject({ kind: z.literal('error'), at_token: atToken, times, code: z.enum(ERROR_CODES).default('internal') }),
]);

/** A fault of a whole replica: it loads for ever. */
const neverReadySchema = z.strictObject({ kind: z.literal('never-ready'), times });

const milliseconds = z.number().min(0).max(86_400_000);

export const optionsSchema = z.strictObject({
  /** Length of an answer in tokens, unless `max_tokens` or a stop string ends it before. */
  tokens: z.int().min(0).default(16),
  /** Tokens that one read brings. */
  batch_tokens: z.int().min(1).default(1),
  first_token_ms: milliseconds.default(0),
  /** Between two reads. */
  token_ms: milliseconds.default(0),
  load_ms: milliseconds.default(0),
  /** Absent: as many as the pool asks for; never more. */
  slots: z.int().min(1).optional(),
  /** Absent: what the pool asks for, else 8192; never more. */
  context_tokens: z.int().min(1).optional(),
  /** Mixes emoji into the answer. */
  emoji: z.boolean().default(false),
  fail: z.array(z.union([runFaultSchema, neverReadySchema])).default([]),
  engine_version: z
    .string()
    .regex(/^mock-/, 'must begin with mock-, so that nobody takes it for a real engine')
    .default('mock-1'),
  seed_bits: z.int().min(1).max(53).default(32),
  determinism: z.enum(['exact', 'best_effort']).default('exact'),
  /** Width of an embedding. */
  embedding_size: z.int().min(1).max(4096).default(8),
});

export type MockOptions = z.infer<typeof optionsSchema>;
export type RunFault = z.infer<typeof runFaultSchema>;
export type Fault = MockOptions['fail'][number];
