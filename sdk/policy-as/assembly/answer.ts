import { writeOutput } from './abi/blocks';
import { Decision } from './decision';
import { JsonWriter } from './json/json-writer';

/** Ends a hook: `return answer(allow())`. */
export function answer(decision: Decision): i32 {
  return answerJson(decision.toJson());
}

/** What is wrong with settings; none makes them good. */
export class ConfigErrors {
  private list: JsonWriter = new JsonWriter();
  private count: i32 = 0;

  /** Path: JSON Pointer into the settings. */
  add(path: string, message: string): ConfigErrors {
    this.list.beginObject().name('path').text(path).name('message').text(message).endObject();
    this.count++;
    return this;
  }

  /** Ends `validate_config`. */
  answer(): i32 {
    const json = new JsonWriter()
      .beginObject()
      .name('ok')
      .bool(this.count == 0);
    json
      .name('errors')
      .raw('[' + this.list.toString() + ']')
      .endObject();
    return answerJson(json.toString());
  }
}

function answerJson(json: string): i32 {
  const encoded = String.UTF8.encode(json);
  writeOutput(changetype<usize>(encoded), encoded.byteLength);
  return 0;
}
