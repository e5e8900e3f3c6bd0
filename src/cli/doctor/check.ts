/** One thing that the doctor looked at. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** What to do about it; present unless all is well. */
  readonly fix?: string;
}

export function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail };
}

export function warning(check: string, detail: string, fix: string): Finding {
  return { check, state: 'warning', detail, fix };
}

export function failed(check: string, detail: string, fix: string): Finding {
  return { check, state: 'failed', detail, fix };
}
