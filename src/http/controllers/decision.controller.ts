import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { type Decision, type DecisionQuery, type Receipt } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.js';
import { poolId, taskKey } from '../../kernel/ids.js';
import { Redactor } from '../../observability/redactor.js';
import { whatIf } from '../../scheduling/receipts/counterfactual.js';
import { Receipts } from '../../scheduling/receipts/receipts.js';
import { replay } from '../../scheduling/receipts/replay.js';
import { Scheduler } from '../../scheduling/scheduler.js';
import { TaskRegistry } from '../../tasks/task-registry.js';
import { taskIdOf, unknownTask } from '../task-lookup.js';
import { parseWhatIf } from '../what-if.js';

/** Why a task went the way it went. */
@Controller('v1/tasks')
export class DecisionController {
  constructor(
    private readonly receipts: Receipts,
    private readonly registry: TaskRegistry,
    private readonly scheduler: Scheduler,
    private readonly redactor: Redactor,
  ) {}

  @Get(':id/decision')
  read(
    @Req() request: FastifyRequest,
    @Param('id') text: string,
    @Query() query: DecisionQuery,
    @Res() reply: FastifyReply,
  ): void {
    const asked = parseWhatIf(query.counterfactual);
    const { tenantId } = request.facts.caller;
    const id = taskIdOf(text);
    const receipts = this.receipts.of(taskKey(tenantId, id));
    if (receipts.length === 0) {
      throw this.registry.find(tenantId, id) === undefined ? unknownTask() : this.forgotten();
    }
    const differences = receipts.flatMap((receipt, index) =>
      replay(receipt, this.strategyOf(receipt)).map((difference) => ({ receipt: index, ...difference })),
    );
    const body: Decision = {
      task_id: id,
      complete: receipts[0]?.kind === 'admission',
      replayed: differences.length === 0,
      differences,
      receipts,
      counterfactual: asked === undefined ? null : (whatIf(asked, receipts, this.strategyOf(receipts[0]!)) ?? null),
    };
    // Labels and names are what callers wrote.
    const shown = JSON.stringify(this.redactor.value(body));
    void reply.code(200).header('content-type', 'application/json; charset=utf-8').send(shown);
  }

  private strategyOf({ pool_id }: Receipt) {
    return this.scheduler.outlook(poolId(pool_id)).pool.strategy;
  }

  private forgotten(): AppError {
    const { kept } = this.receipts;
    const why =
      kept === 0
        ? 'no receipts are kept here; set scheduler.receipts_kept'
        : `the newest ${kept} are kept; set scheduler.receipts_kept higher to keep more`;
    return new AppError('NOT_FOUND', `the task is known, its receipts are forgotten: ${why}`, {
      members: { engine: null },
    });
  }
}
