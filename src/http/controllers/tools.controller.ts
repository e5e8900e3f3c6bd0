import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { type CallHttpTool, type SearchTool as SearchBody } from '@llama-orch/client';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CONFIG } from '../../config/config.module.js';
import { type Config } from '../../config/index.js';
import { Clock } from '../../kernel/clock.js';
import { invalidParams } from '../../kernel/errors.js';
import { Sessions } from '../../sessions/sessions.js';
import { TaskRegistry } from '../../tasks/task-registry.js';
import { HttpTool } from '../../tools/http-tool.js';
import { SearchTool } from '../../tools/search-tool.js';
import { type ToolCaller } from '../../tools/tool-caller.js';
import { BodyReader } from '../body-reader.js';
import { DataRules } from '../body-rules.js';
import { whilePresent } from '../while-present.js';
import { type CallFor, toolCaller } from '../tool-callers.js';
import { ToolReplays } from '../tool-replays.js';
import { sendFrames } from '../tool-stream.js';
import { idempotencyKeyOf } from './tasks.controller.js';

/** Tools of agents: their calls go out through egress, and nowhere else. */
@Controller('v1/tools')
export class ToolsController {
  constructor(
    private readonly http: HttpTool,
    private readonly searches: SearchTool,
    private readonly registry: TaskRegistry,
    private readonly sessions: Sessions,
    private readonly replays: ToolReplays,
    private readonly bodies: BodyReader,
    private readonly rules: DataRules,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post('http')
  async call(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { stream = false, ...body } = this.bodyOf<CallHttpTool>('CallHttpTool', request);
    const caller = this.callerOf(request, body);
    await whilePresent(reply, async (signal) => {
      if (stream) return this.stream(body, caller, signal, request, reply);
      await this.answer(request, reply, body, () => this.http.call(body, caller, signal));
    });
  }

  @Post('search')
  async search(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = this.bodyOf<SearchBody>('SearchTool', request);
    const caller = this.callerOf(request, body);
    await whilePresent(reply, (signal) =>
      this.answer(request, reply, body, () => this.searches.search(body, caller, signal)),
    );
  }

  private async stream(
    body: CallHttpTool,
    caller: ToolCaller,
    signal: AbortSignal,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    if (idempotencyKeyOf(request) !== undefined)
      throw invalidParams([
        { pointer: '/Idempotency-Key', message: 'does not go with stream; a stream is not repeated' },
      ]);
    const frames = await this.http.stream(body, caller, signal);
    reply.hijack();
    const patience = { clock: this.clock, patienceMs: this.config.tools.timeout_ms };
    await sendFrames(frames, reply.raw, { 'X-Correlation-Id': caller.correlationId }, patience);
  }

  /** Sends the answer; with an Idempotency-Key the recorded one, if there is one. */
  private async answer<Answer extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    body: object,
    effect: () => Promise<Answer>,
  ): Promise<void> {
    const key = idempotencyKeyOf(request);
    const { tenantId, keyId } = request.facts.caller;
    const name = `${tenantId}/${keyId ?? ''}/${request.routeOptions.url}/${key}`;
    const text = async () => JSON.stringify(await effect());
    const { answer, replayed } =
      key === undefined
        ? { answer: await text(), replayed: false }
        : await this.replays.once(name, body, text, (json) => json.length);
    if (replayed) void reply.header('Idempotency-Replayed', 'true');
    void reply.code(200).header('content-type', 'application/json; charset=utf-8').send(answer);
  }

  private bodyOf<Body>(schema: string, request: FastifyRequest): Body {
    return this.rules.parse<Body>(schema, this.bodies.read(request));
  }

  private callerOf(request: FastifyRequest, body: CallFor): ToolCaller {
    return toolCaller(request, body, this.registry, this.sessions);
  }
}
