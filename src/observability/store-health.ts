/** Whether what must be kept can be kept. A port: the probes ask, the store answers. */
export abstract class StoreHealth {
  /** False from a write that the disk refused, or the loss of the store, until a write succeeds. */
  abstract get isWritable(): boolean;
}
