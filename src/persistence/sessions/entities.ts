import { EntitySchema } from 'typeorm';

export const SESSION_ENTITIES = [
  new EntitySchema({
    name: 'Session',
    tableName: 'sessions',
    columns: {
      tenant_id: { type: 'text', primary: true },
      session_id: { type: 'text', primary: true },
      turns: { type: 'integer' },
      used_tokens: { type: 'integer' },
      used_time_ms: { type: 'integer' },
      used_cost: { type: 'integer' },
      last_replica: { type: 'text', nullable: true },
      open_tasks: { type: 'integer' },
      created_ms: { type: 'integer' },
      expires_ms: { type: 'integer' },
      correlation_id: { type: 'text' },
      client_id: { type: 'text', nullable: true },
      user_agent: { type: 'text', nullable: true },
      charges: { type: 'text', default: '[]' },
    },
  }),
];
