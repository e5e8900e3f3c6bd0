import { type HttpFailure } from '../../src/http/index.js';
import { SoundAnswer } from './sound-wire.js';
import { answers, holdLoop, type WireMutant } from './wire-mutant.js';

class WorksBeforeItReports extends SoundAnswer {
  override onFailure(failure: HttpFailure): void {
    holdLoop(600);
    super.onFailure(failure);
  }
}
class WorksBeforeItCloses extends SoundAnswer {
  protected override leave(): void {
    holdLoop(400);
    super.leave();
  }
}

/** Adapters that hold the event loop: whoever counts turns of the loop does not see them. */
export const blockingMutants: readonly WireMutant[] = [
  answers('holds the loop before it reports a reset', 'EA-20c', WorksBeforeItReports),
  answers('holds the loop before it closes the connection', 'EA-35d', WorksBeforeItCloses),
];
