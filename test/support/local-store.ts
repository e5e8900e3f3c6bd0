import { type Connection, openConnection } from '../../src/persistence/store/connection.js';
import { type ToThread } from '../../src/persistence/store/protocol.js';
import { failureOf } from '../../src/persistence/store/sqlite-error.js';
import { type Named, StoreDesk } from '../../src/persistence/store/store-desk.js';
import { StoreFailure } from '../../src/persistence/store/store-failure.js';
import { type Durability, type SqlValues, Store, type Write } from '../../src/persistence/store/store.js';
import { type Committed } from '../../src/persistence/store/protocol.js';

/** The real store of a folder without its thread: each request is served where it is made. */
export class LocalStore extends Store {
  private closed = false;

  private constructor(
    readonly connection: Connection,
    private readonly desk: StoreDesk,
  ) {
    super();
  }

  static async open(folder: string, named?: Named): Promise<LocalStore> {
    const connection = await openConnection(folder, 0);
    return new LocalStore(connection, new StoreDesk(connection, named));
  }

  override async write(unit: readonly Write[], durability: Durability = 'relaxed'): Promise<void> {
    const { failures } = (await this.serve({ type: 'commit', id: 0, units: [unit], durability })) as Committed;
    if (failures[0] !== undefined) throw new StoreFailure(failures[0]);
  }

  override async read<Row>(query: string, values?: SqlValues): Promise<readonly Row[]> {
    return (await this.serve({ type: 'read', id: 0, query, values })) as readonly Row[];
  }

  override async ask<Answer>(question: string, given: unknown): Promise<Answer> {
    return (await this.serve({ type: 'ask', id: 0, question, given })) as Answer;
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.desk.serve({ type: 'close', id: 0 });
  }

  /** Values are copied, as on the way to the thread: nobody may count on changing them afterwards. */
  private async serve(request: ToThread): Promise<unknown> {
    if (this.closed) throw new StoreFailure({ reason: 'closed', detail: 'the store is closed' });
    try {
      return await this.desk.serve(structuredClone(request));
    } catch (error) {
      throw new StoreFailure(failureOf(error));
    }
  }
}
