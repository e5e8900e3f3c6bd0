import { type AuditLog } from '../audit/audit-log.js';
import { normalise } from '../egress/guard/normalise.js';
import { AppError } from '../kernel/errors.js';
import { SOFTWARE_VERSION } from '../kernel/version.js';
import { type Secret } from './secrets.js';
import { type ToolCaller } from './tool-caller.js';

const CODE = 'SECRET_HOST';
const POLICY = { id: 'tool-secrets', version: SOFTWARE_VERSION } as const;

/** Lets secrets go to the hosts alone that the operator listed for them; a refusal is audited. */
export class SecretHosts {
  constructor(
    private readonly audit: Pick<AuditLog, 'append'>,
    private readonly newDecisionId: () => string,
  ) {}

  /** @throws AppError 403 that names the secret; an address that is none is left to the guard, which refuses it */
  async check(secrets: readonly Secret[], url: string, caller: ToolCaller): Promise<void> {
    if (secrets.length === 0) return;
    const host = hostOf(url);
    const kept = host === undefined ? undefined : secrets.find((secret) => !secret.mayGoTo(host));
    if (kept !== undefined) throw await this.refusal(kept.name, host!, caller);
  }

  private async refusal(name: string, host: string, caller: ToolCaller): Promise<AppError> {
    const decisionId = this.newDecisionId();
    const reason = `the secret ${name} may not be sent to ${host}`;
    const { actor, tenant, correlationId, sessionId, taskId } = caller;
    await this.audit.append({
      ...{ actor, tenant, action: 'tool.request', target: host, decision: 'deny', plugin: POLICY.id },
      ...{ version: POLICY.version, code: CODE, reason, session_id: sessionId, task_id: taskId },
      ...{ correlation_id: correlationId, decision_id: decisionId },
    });
    return new AppError('POLICY_DENIED', `${reason}; call a host that tools.secrets lists for it, or leave it out`, {
      members: {
        policy: { ...POLICY, reason },
        policy_code: CODE,
        hint: `leave ${name} out, or ask the operator to list the host`,
        decision_id: decisionId,
      },
    });
  }
}

function hostOf(url: string): string | undefined {
  try {
    return normalise(url).parts.host;
  } catch {
    return undefined;
  }
}
