import { type Json, type PolicyEvent, type PolicyHook } from './abi.js';
import { onDemand } from './on-demand.js';

/** Where a value of the event stands; numbered by the glue. */
type Place = number;

/** What reads the event out of the input of the call that goes on. */
export interface EventText {
  /** A new place: a member of another, 0 for the event itself. */
  name(parent: Place, member: string): Place;
  /** Undefined for what is not there. */
  value(place: Place): Json | undefined;
  /** Undefined when it is none. */
  isObject(place: Place): true | undefined;
}

/** `value`: read when it is asked for. An object of members: each read by itself. `nullable`: that, or null. */
type Shape = { readonly [member: string]: 'value' | Shape | { readonly nullable: Shape } };

const values = (...names: readonly string[]): Shape => Object.fromEntries(names.map((name) => [name, 'value']));

const URL = values('scheme', 'host', 'port', 'path', 'query', 'ipLiteral', 'hadUserinfo');
const BODY = values('handle', 'bytes', 'sha256', 'contentType', 'form', 'value', 'truncated');
const CONTENT: Shape = { headers: 'value', body: { nullable: BODY }, findings: 'value' };
const FRAME: Shape = {
  ...values('abi', 'kind', 'decisionId', 'correlationId', 'traceparent', 'now', 'mode', 'config'),
  agent: values('id'),
  session: values('id', 'tenant', 'labels'),
  task: values('id', 'attempt', 'labels'),
  usage: values('callsInTask', 'bytesOut'),
};
const TOOL = values('name', 'version');

const SHAPES: Readonly<Record<PolicyHook, Shape>> = {
  on_request: {
    ...FRAME,
    tool: TOOL,
    request: { ...values('method', 'addresses', 'hop', 'redirectedFrom'), url: URL, ...CONTENT },
  },
  on_response: {
    ...FRAME,
    tool: TOOL,
    request: { ...values('method', 'hop'), url: URL },
    response: { ...values('status', 'address', 'durationMs'), ...CONTENT },
  },
  on_admission: { ...FRAME, admission: 'value' },
};

/** Events as objects whose members are looked for in the input when they are asked for. */
export class GuestEvents {
  private readonly places = new Map<string, Place>();

  constructor(private readonly text: EventText) {
    // The glue takes the first that is named for the clock.
    this.place(0, 'now');
  }

  /** The event of each call of this hook. */
  of(hook: PolicyHook): PolicyEvent {
    return this.view(0, SHAPES[hook]) as unknown as PolicyEvent;
  }

  /** Reads settings by their names. */
  settings(names: readonly string[]): (name: string) => Json | undefined {
    const config = this.place(0, 'config');
    const places = new Map(names.map((name) => [name, this.place(config, name)]));
    return (name) => this.text.value(places.get(name) ?? 0);
  }

  private view(at: Place, shape: Shape): object {
    const view = {};
    for (const [name, member] of Object.entries(shape)) this.addMember(view, name, this.place(at, name), member);
    return view;
  }

  private addMember(view: object, name: string, place: Place, member: Shape[string]): void {
    if (member === 'value') return onDemand(view, name, () => this.text.value(place));
    const { nullable, ...members } = member as Shape & { readonly nullable?: Shape };
    if (nullable === undefined) return whole(view, name, this.view(place, members));
    const present = this.view(place, nullable);
    onDemand(view, name, () => (this.text.isObject(place) ? present : this.text.value(place)));
  }

  private place(parent: Place, member: string): Place {
    const key = `${parent}/${member}`;
    const place = this.places.get(key) ?? this.text.name(parent, member);
    this.places.set(key, place);
    return place;
  }
}

/** An object that is there in every event of its hook: its members say what is in it. */
function whole(object: object, name: string, value: object): void {
  Object.defineProperty(object, name, { enumerable: true, value });
}
