import { Controller, Post, Res } from '@nestjs/common';
import { type StoreSnapshot as SnapshotView } from '@llama-orch/client';
import { type FastifyReply } from 'fastify';
import { StoreSnapshots } from '../../observability/store-snapshots.js';

/** Copies of the database, for backups. They stay in the data folder: nothing of them goes over the wire. */
@Controller('v1')
export class SnapshotsController {
  constructor(private readonly snapshots: StoreSnapshots) {}

  @Post('snapshots')
  async take(@Res() reply: FastifyReply): Promise<void> {
    const { name, sizeBytes, createdMs } = await this.snapshots.take();
    const view: SnapshotView = { name, size_bytes: sizeBytes, created_ms: createdMs };
    void reply.code(201).header('content-type', 'application/json').send(JSON.stringify(view));
  }
}
