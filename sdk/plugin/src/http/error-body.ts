/** What an engine said about a failure, whichever of the known shapes it used. */
export interface EngineErrorBody {
  /** Empty when the engine said nothing readable. */
  readonly message: string;
  readonly type?: string;
  /** Numbers as text. */
  readonly code?: string;
  /** All members of the failure, for facts that one engine alone tells. */
  readonly members: Readonly<Record<string, unknown>>;
}

const MAX_MESSAGE_CHARS = 2_000;
const NOTHING: EngineErrorBody = { message: '', members: {} };

/** Reads the body of a refusal; a body that is no JSON (HTML, empty) gives an empty message. */
export function readErrorBody(text: string): EngineErrorBody {
  try {
    return errorBodyOf(JSON.parse(text));
  } catch {
    return NOTHING;
  }
}

/** Reads a parsed failure: nested `{error:{…}}`, flat `{object:"error",…}`, `{error:"text"}` with or without `error_type`. */
export function errorBodyOf(value: unknown): EngineErrorBody {
  if (!isRecord(value)) return NOTHING;
  const inner = isRecord(value.error) ? value.error : value;
  const message = typeof value.error === 'string' ? value.error : textOf(inner.message ?? inner.detail);
  const type = textOf(inner.type ?? inner.error_type);
  const code = textOf(inner.code ?? inner.http_status_code);
  return {
    message: message.slice(0, MAX_MESSAGE_CHARS),
    ...(type === '' ? {} : { type }),
    ...(code === '' ? {} : { code }),
    members: inner,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
