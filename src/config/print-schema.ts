import { configJsonSchemaText } from './json-schema.js';

process.stdout.write(configJsonSchemaText());
