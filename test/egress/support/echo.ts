import { type PolicyEvent } from '@llama-orch/policy-sdk/abi';
import { AttackPolicies, type Verdict } from '../../../src/egress/attack/attack-policies.js';
import { type AttackRig, type RigOptions } from '../../../src/egress/attack/attack-rig.js';
import { type Stage } from '../../../src/egress/attack/scenario.js';
import { type OutboundAnswer, type OutboundCall } from '../../../src/egress/egress.js';

export const START = 'http://start.test/';

/** The answer to a call that has to be answered. */
export async function answerOf(rig: AttackRig, members: Partial<OutboundCall> = {}): Promise<OutboundAnswer> {
  const outcome = await rig.call({ url: START, ...members });
  if (outcome.type !== 'answered') throw outcome.error;
  return outcome.answer;
}

/** A server that repeats what it was sent, what policies were asked, and the bodies that they were handed. */
export async function echo(
  stage: Stage,
  verdict: (event: PolicyEvent) => Verdict = () => undefined,
  options: RigOptions = {},
) {
  const events: PolicyEvent[] = [];
  const handed: string[] = [];
  const policies = new AttackPolicies((event, call) => {
    events.push(event);
    for (const body of call.bodies.values()) handed.push(Buffer.from(body).toString());
    return verdict(event);
  });
  const { rig, server } = await stage.web(
    (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(server.seen.at(-1))),
    { ...options, policies },
  );
  return { rig, server, events, handed };
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
