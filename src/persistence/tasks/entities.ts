import { EntitySchema } from 'typeorm';

export const TASK_ENTITIES = [
  new EntitySchema({
    name: 'Task',
    tableName: 'tasks',
    columns: {
      number: { type: 'integer', primary: true, generated: 'increment' },
      task_key: { type: 'text' },
      ended_ms: { type: 'integer', nullable: true },
      record: { type: 'text', nullable: true },
      progress: { type: 'text', nullable: true },
      ended: { type: 'text', nullable: true },
      answer_text: { type: 'text', nullable: true },
      transcript: { type: 'text', nullable: true },
    },
    indices: [
      { name: 'tasks_key', columns: ['task_key'], unique: true },
      { name: 'tasks_ended', columns: ['ended_ms'] },
    ],
  }),
  new EntitySchema({
    name: 'TaskFrames',
    tableName: 'task_frames',
    columns: {
      task_number: { type: 'integer', primary: true, primaryKeyConstraintName: 'task_frames_key' },
      first_seq: { type: 'integer', primary: true, primaryKeyConstraintName: 'task_frames_key' },
      frame_count: { type: 'integer' },
      tokens_out: { type: 'integer' },
      decode_ms: { type: 'integer' },
      bytes: { type: 'blob' },
    },
    foreignKeys: [
      {
        target: 'Task',
        columnNames: ['task_number'],
        referencedColumnNames: ['number'],
        name: 'task_frames_task',
        onDelete: 'CASCADE',
      },
    ],
  }),
  new EntitySchema({
    name: 'RememberedAnswer',
    tableName: 'remembered_answers',
    columns: {
      name: { type: 'text', primary: true },
      digest: { type: 'text' },
      answer: { type: 'text' },
      expires_ms: { type: 'integer' },
    },
    indices: [{ name: 'remembered_answers_expiry', columns: ['expires_ms'] }],
  }),
];
