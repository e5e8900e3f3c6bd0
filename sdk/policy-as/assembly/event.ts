import { readInput } from './abi/blocks';
import { Json } from './json/json';

/** The event of this call. Its large members are sought when they are asked for, and once. */
export class PolicyEvent {
  private configFound: Json | null = null;
  private messageFound: Json | null = null;
  private requestFound: Json | null = null;

  constructor(readonly json: Json) {}

  /** `http.request`, `http.response` or `task.admission`. */
  get kind(): string {
    return this.json.get('kind').text();
  }

  /** Settings: the defaults of the policy under those of the operator. */
  get config(): Json {
    const found = this.configFound;
    if (found !== null) return found;
    return (this.configFound = this.json.get('config'))!;
  }

  get request(): Json {
    const found = this.requestFound;
    if (found !== null) return found;
    return (this.requestFound = this.json.get('request'))!;
  }

  get response(): Json {
    return this.json.get('response');
  }

  get admission(): Json {
    return this.json.get('admission');
  }

  get method(): string {
    return this.request.get('method').text();
  }

  /** Lower case, punycode, no trailing dot. */
  get host(): string {
    return this.url.get('host').text();
  }

  get port(): i32 {
    return <i32>this.url.get('port').integer();
  }

  get path(): string {
    return this.url.get('path').text();
  }

  /** Parts of the URL as the host parsed it. */
  get url(): Json {
    return this.request.get('url');
  }

  /** Body of the response if there is one, else of the request. */
  get body(): Json {
    return this.message.get('body');
  }

  /** Value of the first header of this name, given in lower case; empty without one. */
  header(name: string): string {
    const headers = this.message.get('headers').items();
    for (let index = 0; index < headers.length; index++)
      if (headers[index].at(0).is(name)) return headers[index].at(1).text();
    return '';
  }

  /** What the hook is about: the response where there is one, else the request. */
  private get message(): Json {
    const found = this.messageFound;
    if (found !== null) return found;
    const isResponse = this.json.get('kind').is('http.response');
    return (this.messageFound = isResponse ? this.response : this.request)!;
  }
}

/** Reads the event that the host asks about. */
export function readEvent(): PolicyEvent {
  return new PolicyEvent(Json.ofBytes(readInput()));
}

/** Reads the settings that `validate_config` is asked about. */
export function readConfig(): Json {
  return Json.ofBytes(readInput());
}
