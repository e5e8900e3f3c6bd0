export interface Acknowledged {
  readonly seq: number;
  readonly call: number;
}
export function killOnce(folder: string, firstCall: number, liveMs: number): Promise<Acknowledged[]>;
export function damageAfter(folder: string, acknowledged: readonly Acknowledged[]): Promise<string | undefined>;
