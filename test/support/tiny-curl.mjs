// As much of curl as the documents use, for machines that have none. An option that it does not know fails, and so does
// an answer of 400 or above.
import { parseArgs } from 'node:util';

const HTTP_ERROR = 22;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    'no-buffer': { type: 'boolean', short: 'N' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    request: { type: 'string', short: 'X' },
    data: { type: 'string', short: 'd' },
  },
});

// The reader of a pipe may leave before the end.
process.stdout.on('error', () => process.exit(0));

const response = await fetch(positionals[0], {
  method: values.request ?? (values.data === undefined ? 'GET' : 'POST'),
  headers: values.header.map((line) => line.split(/: */, 2)),
  body: values.data,
});
for await (const chunk of response.body ?? []) process.stdout.write(chunk);
if (!response.ok) process.exitCode = HTTP_ERROR;
