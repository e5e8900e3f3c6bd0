import { type Asking, type Handle } from './asking.js';
import { CODE, NvmlError } from './codes.js';
import { type Listed } from './listing.js';

const XID_CRITICAL_ERROR = 8n;
/** Xids by which the driver reports a fault of the program that ran, not of the device. */
const OF_PROGRAMS: readonly number[] = [13, 31, 43, 45, 68, 109];
const MOST_EVENTS = 64;
const EVENT_BYTES = 32;
const EVENT_TYPE_AT = 8;
const EVENT_DATA_AT = 16;

/** Counts how often the driver gave a device up, over any number of initialisations. */
export class ResetCounts {
  private readonly byId = new Map<string, number>();
  private eventSet: Handle | undefined;

  /** Undefined where the driver does not report such events for the device. */
  of(id: string): number | undefined {
    return this.byId.get(id);
  }

  /** Asks the driver to report events of these devices. Without that ability nothing is counted. */
  async watch(asking: Asking, listed: readonly Listed[]): Promise<void> {
    await this.stop(asking);
    if (!asking.library.has('nvmlEventSetWait_v2') || !asking.library.has('nvmlDeviceRegisterEvents')) return;
    const eventSet = await tolerantly(() => asking.handle('nvmlEventSetCreate'));
    if (eventSet === undefined) return;
    this.eventSet = eventSet;
    for (const { device, handle } of listed) {
      if (handle === undefined || device.parentId !== undefined) continue;
      const registration = [handle, XID_CRITICAL_ERROR, eventSet];
      const code = await asking.library.ask('nvmlDeviceRegisterEvents', registration, asking.signal);
      if (code === CODE.success) this.byId.set(device.id, this.byId.get(device.id) ?? 0);
    }
  }

  /** Frees the event set; the counts stay. */
  async stop(asking: Asking): Promise<void> {
    const eventSet = this.eventSet;
    this.eventSet = undefined;
    if (eventSet !== undefined) await asking.library.ask('nvmlEventSetFree', [eventSet], asking.signal);
  }

  /** Forgets the event set, which went with the session that made it. */
  forgetSession(): void {
    this.eventSet = undefined;
  }

  /** Takes in what happened since the last time. */
  async collect(asking: Asking): Promise<void> {
    if (this.eventSet === undefined) return;
    for (let events = 0; events < MOST_EVENTS; events++) {
      const event = new DataView(new ArrayBuffer(EVENT_BYTES));
      const code = await asking.library.ask('nvmlEventSetWait_v2', [this.eventSet, event, 0], asking.signal);
      if (code !== CODE.success) return;
      if (isOfDevice(event)) await this.count(asking, event.getBigUint64(0, true));
    }
  }

  private async count(asking: Asking, handle: Handle): Promise<void> {
    const id = await tolerantly(() => asking.text('nvmlDeviceGetUUID', handle));
    if (id !== undefined) this.byId.set(id, (this.byId.get(id) ?? 0) + 1);
  }
}

function isOfDevice(event: DataView): boolean {
  const isXid = event.getBigUint64(EVENT_TYPE_AT, true) === XID_CRITICAL_ERROR;
  return isXid && !OF_PROGRAMS.includes(Number(event.getBigUint64(EVENT_DATA_AT, true)));
}

/** Undefined for what the driver refuses; other failures pass. */
async function tolerantly<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NvmlError && !error.endsSession) return undefined;
    throw error;
  }
}
