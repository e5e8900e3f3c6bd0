import { Global, Module } from '@nestjs/common';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { type Config, dataFolder } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { SessionStore } from '../sessions/session-store.js';
import { prepareFolder } from './data-folder.js';
import { openDatabase } from './database.js';
import { SqliteSessionStore } from './sqlite-session-store.js';

/** Puts the stores behind the ports of the rooms below; nobody else knows this room. */
@Global()
@Module({
  providers: [
    {
      provide: SessionStore,
      inject: [CONFIG, BASE_FOLDER, Clock],
      useFactory: ({ storage }: Config, baseFolder: string, clock: Clock) => {
        const folder = dataFolder(storage.data_dir, baseFolder, process.env);
        prepareFolder(folder);
        return new SqliteSessionStore(openDatabase(folder, clock.epochMs()));
      },
    },
  ],
  exports: [SessionStore],
})
export class PersistenceModule {}
